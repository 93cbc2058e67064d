"""A virtual environment to install generated plugins into, on top of this one's packages."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

PROGRAMS = {
    "acml": ("{inside}", "-c", "'from acml_core.cli import main; main()'"),
    "pytest": ("{inside}", "-m", "pytest", "-p", "no:cacheprovider"),
    "pip": ("{outside}", "-m", "pip", "--python", "{inside}"),
}
"""Commands of the environment: what stands in each one's place."""


class Sandbox:
    """A folder with a virtual environment that sees this environment's packages.

    What is installed goes into the sandbox alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        environment = folder / "venv"
        venv.create(environment, with_pip=False, symlinks=True)
        scripts = environment / "bin"
        packages = environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
        # addsitedir follows the .pth files in it, as those of packages installed editable.
        outer = sorted({*site.getsitepackages(), sysconfig.get_path("purelib")})
        lines = [f"import site; site.addsitedir({path!r})\n" for path in outer]
        (packages / "outer.pth").write_text("".join(lines), encoding="utf-8")
        inside = scripts / "python"
        for name, words in PROGRAMS.items():
            line = " ".join(words).format(inside=inside, outside=sys.executable)
            (scripts / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
            (scripts / name).chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
            "ACML_CACHE": str(folder / "cache"),
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as --no-build-isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, command: str, *, code: int = 0) -> str:
        """Standard output of a shell command; fails unless it exits with ``code``."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    if sys.platform == "win32":
        pytest.skip("the sandbox's programs are shell scripts")
    return Sandbox(tmp_path)
