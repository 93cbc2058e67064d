"""Sessions: quickstart, tests, lint, types, wheels, docs, bench. ``nox -l`` lists them.

One environment is built in ``.nox/acml`` and serves every session, since torch is large. It is
built when a session first asks for it, and again only when constraints.txt or a pyproject.toml
changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nox

ROOT = Path(__file__).parent
WORK = ROOT / ".nox"
VENV = WORK / "acml"
CONSTRAINTS = ROOT / "constraints.txt"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/acml-plugin-*/pyproject.toml"))
PROJECTS = [ROOT, *PLUGINS]
CHECKED = ["acml_core", *(str((p / "src").relative_to(ROOT)) for p in PLUGINS)]

BUILD = ["hatchling", "editables"]
DEV = [
    *("pytest", "hypothesis", "ruff", "mypy", "import-linter", "build", "pandas", "scikit-learn"),
    *("mkdocs-material", "mkdocstrings[python]"),
]

RUN = "runs/quickstart"
LINE = "13C NMR (101 MHz, CDCl3) δ 155.4, 151.7, 148.7, 141.4, 107.6, 33.6, 29.7, 27.9"
"""Caffeine, as papers print it. The starter table leaves caffeine out: no model has seen it."""
CANDIDATES = "examples/candidates.smi"

QUICKSTART = [
    ["acml", "search", "--modality", "nmr", LINE, "--library", CANDIDATES],
    ["acml", "train", "--modality", "nmr", "--out", RUN],
    ["acml", "eval", "retrieval", "--model", RUN],
    ["acml", "search", "--modality", "nmr", LINE, "--model", RUN, "--library", CANDIDATES],
]
"""What a newcomer types, in order."""

nox.options.sessions = ["tests", "lint", "types"]
nox.options.default_venv_backend = "none"


# ---- sessions -----------------------------------------------------------------------------------


@nox.session
def quickstart(session: nox.Session) -> None:
    """Search with the weights that come along; then train on the starter data, evaluate, search."""
    environment(session, dev=False)
    shutil.rmtree(ROOT / RUN, ignore_errors=True)  # the same answer however often it is run
    for command in QUICKSTART:
        run(session, *command)


@nox.session
def tests(session: nox.Session) -> None:
    """pytest, slow tests included; arguments after ``--`` are pytest's."""
    environment(session)
    run(session, "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, and import-linter's layers."""
    environment(session)
    run(session, "ruff", "check", ".")
    run(session, "ruff", "format", "--check", ".")
    run(session, "lint-imports", "--no-cache", "--no-logo")


@nox.session
def types(session: nox.Session) -> None:
    """mypy on the core and every plugin."""
    environment(session)
    run(session, "mypy", *CHECKED)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every wheel, and run each plugin's tests with its wheel, the core's, and no other."""
    environment(session)
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    for project in PROJECTS:
        run(session, "python", "-m", "build", "--wheel", "--no-isolation", "-o", dist, project)
    third_party = link_third_party()
    for plugin in PLUGINS:
        test_wheel(session, plugin, dist, third_party)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, with every broken link an error; into ``site/``."""
    environment(session)
    session.env["NO_MKDOCS_2_WARNING"] = "1"
    run(session, "mkdocs", "build", "--strict", "--quiet", "--config-file", "mkdocs.yml")


@nox.session
def bench(session: nox.Session) -> None:
    """Each script in benchmarks/; arguments after ``--`` choose some by name."""
    environment(session)
    scripts = sorted((ROOT / "benchmarks").glob("[!_]*.py"))
    for script in scripts:
        if not session.posargs or script.stem in session.posargs:
            run(session, "python", script)


# ---- the one environment ------------------------------------------------------------------------


def environment(session: nox.Session, *, dev: bool = True) -> None:
    """Build ``.nox/acml`` where it is absent or out of date; otherwise install nothing.

    Args:
        dev: with the plugins' extras and the tools that the other sessions need.
    """
    stamp, wanted = VENV / "acml-stamp.json", fingerprint()
    have = json.loads(stamp.read_text()) if stamp.exists() else {}
    if have.get("fingerprint") == wanted and (have.get("dev") or not dev):
        return
    session.log(f"building {VENV.relative_to(ROOT)}: minutes the first time")
    stamp.unlink(missing_ok=True)
    if not (VENV / "pyvenv.cfg").exists():
        session.run(sys.executable, "-m", "venv", str(VENV), external=True)
    dev = dev or bool(have.get("dev"))
    install(session, "torch")  # first and alone: nothing later may choose another build of it
    install(session, *BUILD)
    editable = [f"--editable={target(project, extras=dev)}" for project in PROJECTS]
    install(session, "--no-build-isolation", *editable, *(DEV if dev else []))
    stamp.write_text(json.dumps({"fingerprint": wanted, "dev": dev}))


def fingerprint() -> str:
    """Hash of everything that says what to install."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {BUILD} {DEV}".encode())
    for path in [CONSTRAINTS, *(project / "pyproject.toml" for project in PROJECTS)]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def target(project: Path, *, extras: bool) -> str:
    """A project as pip takes it, with all its extras where asked."""
    meta = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = ",".join(meta.get("optional-dependencies", {})) if extras else ""
    return f"{project}[{names}]" if names else str(project)


def install(session: nox.Session, *arguments: str) -> None:
    """pip into the environment, within the constraints; silent but for errors."""
    quiet = ["-qq", "--disable-pip-version-check", "--no-input"]
    run(session, "python", "-m", "pip", "install", *quiet, "-c", CONSTRAINTS, *arguments)


def run(session: nox.Session, program: str, *arguments: str | Path) -> None:
    """One of the environment's programs; those that it starts by name are the environment's too."""
    found = executable(VENV, program)
    path = os.pathsep.join([str(found.parent), os.environ.get("PATH", "")])
    session.run(str(found), *map(str, arguments), env={"PATH": path}, external=True)


def executable(venv: Path, program: str) -> Path:
    """Path of a program in a virtual environment."""
    windows = sys.platform == "win32"
    return venv / ("Scripts" if windows else "bin") / (f"{program}.exe" if windows else program)


# ---- wheels -------------------------------------------------------------------------------------

ALONE = """
import pathlib, sys
import acml_core
from acml_core import plugins
venv = pathlib.Path(sys.prefix)
assert venv in pathlib.Path(acml_core.__file__).parents, acml_core.__file__
found = plugins.installed()
assert {info.distribution for info in found} == {sys.argv[1]}, found
states = [plugins.check(info.name) for info in found]
assert all(state.status in plugins.HEALTHY for state in states), states
print(f"{sys.argv[1]} {found[0].version}: installed from its wheel, alone with the core")
"""
"""Run in the wheel's environment: the installed core is imported, and one healthy plugin found."""


def site_packages(venv: Path) -> Path:
    """A virtual environment's folder of packages."""
    if sys.platform == "win32":
        return venv / "Lib" / "site-packages"
    return venv / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def link_third_party() -> Path:
    """A folder of links to everything in the shared environment that is not ours.

    The folder itself would bring our distributions' metadata along, and every plugin would look
    installed beside the one under test.
    """
    folder = WORK / "third-party"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for item in third_party_items():
        (folder / item.name).symlink_to(item, target_is_directory=item.is_dir())
    return folder


def third_party_items() -> Iterator[Path]:
    """What ``link_third_party`` links."""
    for item in site_packages(VENV).iterdir():
        ours = item.name.startswith(("acml_", "_editable_impl_acml_"))
        if not ours and item.suffix != ".pth" and item.name != "__pycache__":
            yield item


def test_wheel(session: nox.Session, plugin: Path, dist: Path, third_party: Path) -> None:
    """A plugin's tests in an environment of its own, run from outside the source tree."""
    venv = WORK / f"wheel-{plugin.name}"
    shutil.rmtree(venv, ignore_errors=True)
    session.run(sys.executable, "-m", "venv", "--without-pip", str(venv), external=True)
    python = executable(venv, "python")
    wheels = [*dist.glob("acml_core-*.whl"), *dist.glob(f"{plugin.name.replace('-', '_')}-*.whl")]
    pip = ["-m", "pip", "-qq", "--disable-pip-version-check", "--python", str(python)]
    run(session, "python", *pip, "install", "--no-deps", "--no-index", *wheels)
    # A path in a .pth file is appended, so that the wheels come first.
    (site_packages(venv) / "third-party.pth").write_text(f"{third_party}\n", encoding="utf-8")

    outside = Path(session.create_tmp()).resolve() / plugin.name
    shutil.rmtree(outside, ignore_errors=True)
    shutil.copytree(plugin / "tests", outside / "tests")
    shutil.copy(ROOT / "conftest.py", outside)
    (outside / "alone.py").write_text(ALONE, encoding="utf-8")
    with session.chdir(outside):
        session.run(str(python), "alone.py", plugin.name, external=True)
        options = ["--rootdir", str(outside), "-c", str(ROOT / "pyproject.toml")]
        pytest = ["-m", "pytest", *options, "-p", "no:cacheprovider", *session.posargs, "tests"]
        session.run(str(python), *pytest, external=True)
