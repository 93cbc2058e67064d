"""Nothing that a stranger publishes runs, leads out of its folder, or fills the memory."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from server import HubServer

from acml_core import layout
from acml_core.errors import ArtefactError
from acml_core.hub.names import Repository
from acml_core.hub.pretrained import find, load
from acml_core.hub.pull import Options, pull
from acml_core.layout import FILES, INFO, WEIGHTS, escapes

MINE = "alice/m"


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('a pickle was executed')",))


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "C:\\x", "..\\x", "a//b", "./x", ""]
)
def test_names_that_lead_out(name: str) -> None:
    assert escapes(name)


@pytest.mark.parametrize("name", ["x", "a/b.json", "..x", "a..b", "x."])
def test_names_that_stay_inside(name: str) -> None:
    assert not escapes(name)


@pytest.mark.parametrize("name", ["../../escaped", "/tmp/escaped", "..\\escaped"])
def test_a_listing_that_leads_out_is_refused_whole(
    name: str, hub: HubServer, plain: dict[str, bytes], tmp_path: Path
) -> None:
    hub.add(MINE, {**plain, "extra": b"x"})
    hub.rename["extra"] = name
    with pytest.raises(ArtefactError, match="leads out of its folder") as caught:
        pull(Repository(MINE))
    assert "Nothing was fetched" in caught.value.remedy
    assert hub.requests("/resolve/") == []
    assert not (tmp_path / "hf").exists()


def test_only_a_models_files_are_fetched(hub: HubServer, plain: dict[str, bytes]) -> None:
    hub.add(MINE, {**plain, "modeling.py": b"raise SystemExit", "a/b.txt": b"x"})
    folder = pull(Repository(MINE)).folder
    assert {path.name for path in folder.iterdir()} == set(FILES)
    assert hub.requests("modeling.py") == []


def test_a_pickle_needs_leave_and_is_told_why(hub: HubServer, plain: dict[str, bytes]) -> None:
    bomb = pickle.dumps(Bomb())
    rest = {name: plain[name] for name in FILES if name != WEIGHTS}
    hub.add(MINE, {**rest, "pytorch_model.bin": bomb})
    with pytest.raises(
        ArtefactError, match=r"pytorch_model\.bin is a pickle.*any program"
    ) as caught:
        pull(Repository(MINE))
    assert "--allow-pickle" in caught.value.remedy
    assert hub.requests("/resolve/") == []

    found = find(MINE, options=Options(allow_pickle=True))
    assert (found.folder / "pytorch_model.bin").read_bytes() == bomb  # fetched, and never opened
    with pytest.raises(ArtefactError):
        load(MINE, allow_pickle=True)


def test_a_model_with_a_pickle_for_weights_says_why_it_is_refused(
    tiny: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    (folder / WEIGHTS).rename(folder / "model.bin")
    (folder / "model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ArtefactError, match=r"model\.bin is a pickle"):
        load(folder)


def test_sizes_are_looked_at_before_anything_is_fetched(
    hub: HubServer, plain: dict[str, bytes]
) -> None:
    hub.add(MINE, plain)
    hub.sizes[WEIGHTS] = layout.MAX_TENSORS_BYTES + 1
    with pytest.raises(ArtefactError, match="at most 8,589,934,592 are read"):
        pull(Repository(MINE))
    hub.sizes = {INFO: layout.MAX_TEXT_BYTES + 1}
    with pytest.raises(ArtefactError, match=r"acml\.json has"):
        pull(Repository(MINE))
    assert hub.requests("/resolve/") == []


@pytest.mark.parametrize("name", [WEIGHTS, "seen.safetensors", INFO])
def test_sizes_are_looked_at_before_anything_is_opened(
    name: str, tiny: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    with (folder / name).open("r+b") as file:  # sparse: takes no space
        file.truncate(layout.max_bytes(name) + 1)
    with pytest.raises(ArtefactError, match="at most"):
        load(folder)


def test_a_schema_from_the_future_names_the_version_to_install(
    hub: HubServer, files: dict[str, bytes]
) -> None:
    info = json.loads(files[INFO]) | {"schema": 7, "core": "2.1.0", "novelty": [1]}
    hub.add(MINE, {**files, INFO: json.dumps(info).encode()})
    with pytest.raises(ArtefactError, match="schema 7") as caught:
        load(MINE)
    assert "pip install --upgrade 'acml-core>=2.1.0'" in caught.value.remedy
