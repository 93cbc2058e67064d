"""Commands in processes of their own, which know of the Hub by environment variables alone."""

from __future__ import annotations

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from server import HubServer

from acml_core.layout import FILES

MINE = "alice/nmr-small"
Outside = Callable[..., subprocess.CompletedProcess[str]]


def test_in_processes_of_their_own(
    outside: Outside, hub: HubServer, plain: dict[str, bytes], tmp_path: Path
) -> None:
    commit = hub.add(MINE, plain)
    terminal, inside = os.openpty()  # the progress bar is for people alone
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    done = outside("models", "pull", MINE, "--out", tmp_path / "copy", "--json", stderr=inside)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    os.close(inside)
    assert done.returncode == 0, shown
    assert "acml.json" in shown
    assert "100%" in shown
    told = json.loads(done.stdout)
    assert (told["commit"], told["folder"]) == (commit, str(tmp_path / "copy"))
    assert {path.name for path in (tmp_path / "copy").iterdir()} == set(FILES)
    assert not any(path.is_symlink() for path in (tmp_path / "copy").iterdir())
    hub.seen.clear()
    done = outside("models", "pull", MINE, HF_HUB_OFFLINE="1")
    assert (done.returncode, hub.seen) == (0, [])
    assert Path(done.stdout.strip()).name == commit


@pytest.mark.slow
def test_push_in_a_process_of_its_own(outside: Outside, hub: HubServer, tiny: Path) -> None:
    done = outside("models", "push", tiny, MINE, "--private", "--json", HF_TOKEN="hf_alice")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["commit"] == hub.repos[MINE].branches["main"]
    assert hub.repos[MINE].private


def test_importing_acml_imports_no_client() -> None:
    script = "import sys, acml_core.cli.app, acml_core.hub.pretrained, acml_core.hub.registries\n"
    script += "print([m for m in ('torch', 'huggingface_hub') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


NEEDLESS = (
    *("torch_geometric", "scipy", "matplotlib", "huggingface_hub", "transformers", "sklearn"),
    *("pandas", "acml_plugin_nmr.readers.jcamp"),
)
"""Modules of which each would cost a search a tenth of a second, or seconds."""


def test_a_search_imports_nothing_needless(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "m.smi").write_text("CCO\nc1ccccc1\n")
    line = "13C NMR (101 MHz, CDCl3) d 57.8, 18.1"
    script = f"""
import sys
from acml_core.cli import main
sys.argv = ["acml", "search", {line!r}, "--modality", "nmr", "--model", {str(tiny)!r},
            "--library", {str(tmp_path / "m.smi")!r}, "--json"]
try:
    main()
finally:
    print([m for m in {NEEDLESS!r} if m in sys.modules], file=sys.stderr)
"""
    env = {**os.environ, "ACML_CACHE": str(tmp_path / "cache")}
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["candidates"] == 2
    assert done.stderr.strip().splitlines()[-1] == "[]"
