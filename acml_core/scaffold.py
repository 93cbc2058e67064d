"""A new plugin, copied from the template: what ``acml plugins new`` does."""

from __future__ import annotations

import keyword
import re
import shutil
from pathlib import Path

from acml_core import catalog, plugins
from acml_core.errors import BadInput, PluginError

NAME, TITLE = "NAME", "Title"
"""What stands for the modality's name, and for the start of its classes' names, in the template."""

DISTRIBUTION = "acml-plugin-"
MAX_NAME = 40
"""Longest name of a modality [characters]."""

REMEDY = "Use lower-case letters, digits and underscores, a letter first, e.g. 'uvvis'."


def template() -> Path:
    """The template's folder: inside the installed package, or in the root of a source checkout.

    Raises:
        PluginError: it is in neither.
    """
    package = Path(__file__).parent
    for folder in (package / "template", package.parent / "template"):
        if (folder / "pyproject.toml").is_file():
            return folder
    raise PluginError(
        "the template of plugins is missing from this installation",
        remedy="Run: pip install --force-reinstall acml-core",
    )


def new_plugin(name: str, out: Path) -> Path:
    """Make a plugin package ``acml-plugin-NAME`` in the folder ``out``, whole or not at all.

    Args:
        name: of the modality, as in ``--modality NAME``.
        out: folder to make it in; made if it does not exist.

    Returns:
        the package's folder.

    Raises:
        BadInput: a name that cannot be one, or is taken; or the folder exists.
    """
    check_name(name)
    distribution = DISTRIBUTION + name.replace("_", "-")
    folder = out / distribution
    if folder.exists():
        raise BadInput("the folder exists already", source=folder, remedy="Give another --out.")
    title = "".join(part.capitalize() for part in name.split("_"))
    source = template()
    part = out / f"{distribution}.part"
    shutil.rmtree(part, ignore_errors=True)
    for file in sorted(source.rglob("*")):
        inside = file.relative_to(source)
        if file.is_dir() or "__pycache__" in inside.parts:
            continue
        target = part / inside.as_posix().replace(NAME, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8").replace(DISTRIBUTION + NAME, distribution)
        target.write_text(text.replace(NAME, name).replace(TITLE, title), encoding="utf-8")
    part.rename(folder)
    return folder


def check_name(name: str) -> None:
    """Refuse what cannot name a modality.

    Raises:
        BadInput: not an identifier in lower case, or a name that something else has.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > MAX_NAME:
        raise BadInput(f"{name!r} cannot name a modality", remedy=REMEDY)
    if keyword.iskeyword(name) or _is_module_attribute(name):
        raise BadInput(f"{name!r} means something in Python or torch", remedy="Choose another.")
    owners = {known: plugin.distribution for known, plugin in catalog.plugins().items()}
    owners |= {info.name: info.distribution for info in plugins.installed()}
    if name in owners:
        raise BadInput(
            f"a modality called {name!r} exists: {owners[name]}", remedy="Choose another name."
        )


def _is_module_attribute(name: str) -> bool:
    """Whether torch refuses it as a submodule's name, which a model's heads have."""
    from torch import nn

    return hasattr(nn.ModuleDict(), name)
