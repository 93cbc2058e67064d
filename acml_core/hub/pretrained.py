"""A model by any of its names: a folder, a registry's row, a repository of the Hub."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acml_core import catalog, plugins
from acml_core.catalog import Entry
from acml_core.errors import ArtefactError, BadInput, did_you_mean
from acml_core.files import sha256
from acml_core.hub.locate import locate
from acml_core.hub.names import PREFIX, Repository, like_a_path, repository
from acml_core.hub.pull import Options, Report, pull
from acml_core.hub.registries import entries
from acml_core.published import non_commercial

if TYPE_CHECKING:
    from acml_core.artefact import Artefact
    from acml_core.model import AcmlModel


@dataclass(frozen=True)
class Found:
    """A model's files on this machine.

    Attributes:
        folder: holds them.
        entry: its row, where a registry names it.
        repository: the repository and full commit, where it came from the Hub by its own name.
    """

    folder: Path
    entry: Entry | None = None
    repository: Repository | None = None

    def sha256(self, name: str) -> str:
        """Hash of one of the files; not computed again where a registry's row stated it, to which
        ``find`` compared the file."""
        known = self.entry.row.files.get(name) if self.entry is not None else None
        return known.sha256 if known is not None else sha256(self.folder / name)


def find(
    name: str | Path,
    *,
    revision: str | None = None,
    options: Options | None = None,
    report: Report = lambda _: None,
) -> Found:
    """The folder of a model, fetched from the Hub where need be.

    A folder that exists comes first, then a registry's row, then a repository of the Hub.

    Args:
        name: a folder, ``modality/arch.tag``, or ``owner/name[@revision]``.
        revision: of a repository; the same as after "@".
        options: how to reach the Hub.
        report: told of waits and of cached copies.

    Raises:
        ArtefactError: nothing of that name.
        AcmlError: it cannot be fetched, or is not what was published.
    """
    options = options or Options()
    text = str(name)
    if isinstance(name, Path) or Path(text).expanduser().is_dir():
        if revision is not None:
            raise BadInput("a folder has no revision", source=text, remedy="Leave it out.")
        return Found(Path(text).expanduser())
    where = repository(text)
    if text.startswith(PREFIX) and where is None:
        raise BadInput(f"{text!r} is no repository of the Hub", remedy="Write hf:OWNER/NAME.")
    if where is None:
        raise _unknown(text, [])
    if not text.startswith(PREFIX):
        known = entries(report)
        if text in known:
            if revision is not None:
                raise BadInput("a registry's row states its revision", source=text)
            return Found(locate(known[text], options, report), entry=known[text])
        if text.partition("/")[0] in _namespaces(known):
            raise _unknown(text, list(known))
        if like_a_path(text):
            raise _unknown(text, [])
    if revision is not None:
        where = Repository(where.repo, revision)
    pulled = pull(where, options=options, report=report)
    return Found(pulled.folder, repository=Repository(where.repo, pulled.commit))


def default(modality: str, report: Report = lambda _: None) -> Entry | None:
    """The row that a modality means without ``--model``, or None.

    Raises:
        ConfigError: two of the user's registries give one.
    """
    return catalog.default(entries(report).values(), modality)


def load(
    name: str | Path,
    *,
    revision: str | None = None,
    report: Report = warnings.warn,
    **options: Any,
) -> Artefact:
    """Find a model, check it against its golden example, and load it.

    Args:
        name, revision, report: as ``find``; ``report`` is told of non-commercial licences too, and
            by default is a warning.
        options: fields of ``Options``.
    """
    from acml_core import artefact

    found = find(name, revision=revision, options=Options(**options), report=report)
    if found.entry is not None and found.entry.row.kind == "encoder":
        raise BadInput(
            "it is an encoder alone, which finds nothing without a graph encoder",
            source=name,
            remedy="Train with it as the locked tower.",
        )
    loaded = artefact.load(found.folder)
    terms = [loaded.info.licence, loaded.info.data_licence]
    if found.entry is not None:
        row = found.entry.row
        terms = [row.licence, *(one.licence for one in row.data), *terms]
    forbids = next(filter(non_commercial, terms), None)
    if forbids is not None:
        report(f"{name}: for non-commercial use only ({forbids})")
    return loaded


def choose(
    model: str | None,
    modality: str | None,
    *,
    several: bool = False,
    report: Report = lambda _: None,
) -> tuple[Artefact, str]:
    """The model, and the modality to use with it.

    Args:
        model: a folder, a name from 'acml models list', or OWNER/NAME of the Hub; None for the
            modality's default published weights.
        several: the caller uses all of the model's modalities, so that none need be named; the
            first is returned then.

    Raises:
        BadInput: neither was named, or a modality that the model lacks.
        AcmlError: the model cannot be found, fetched or loaded.
    """
    if model is None:
        if modality is None:
            raise BadInput("no model was named", remedy="Give --model DIR.")
        plugins.get(modality)
        entry = default(modality, report)
        if entry is None:
            raise BadInput(
                f"there are no published weights for {modality!r} yet",
                remedy=f"Train some: acml train --modality {modality} --out DIR; then --model DIR.",
            )
        model = entry.name
        report(f"model: {model} (the default of {modality})")
    loaded = load(model, report=report)
    names = list(loaded.model.heads)
    if modality is None:
        if len(names) > 1 and not several:
            raise BadInput(
                f"the model has several modalities: {', '.join(names)}", remedy="Give --modality."
            )
        modality = names[0]
    loaded.model.head(modality)
    return loaded, modality


def save(model: AcmlModel, folder: Path) -> None:
    """``AcmlModel.save_pretrained``."""
    from acml_core.rewrite import rewrite

    rewrite(_artefact(model), folder)


def push(
    model: AcmlModel,
    repo_id: str,
    *,
    licence: str | None = None,
    private: bool | None = None,
    token: str | None = None,
    datasets: Sequence[str] = (),
    commit_message: str | None = None,
    branch: str | None = None,
) -> str:
    """``AcmlModel.push_to_hub``: the address of the commit."""
    from acml_core.hub.push import push as upload

    with tempfile.TemporaryDirectory() as folder:
        save(model, Path(folder))
        return upload(
            Path(folder),
            repo_id,
            licence=licence,
            private=private,
            token=token,
            datasets=datasets,
            message=commit_message,
            branch=branch,
        ).url


def _artefact(model: AcmlModel) -> Artefact:
    if model.artefact is None:
        raise BadInput(
            "the model was neither trained nor loaded, so that nothing is known of its data",
            remedy="Train it with 'acml train', or load it with AcmlModel.from_pretrained.",
        )
    return model.artefact


def _namespaces(known: dict[str, Entry]) -> set[str]:
    """First parts of names that are ours, and so never an owner on the Hub."""
    return {name.partition("/")[0] for name in known} | set(catalog.plugins())


def _unknown(name: str, known: list[str]) -> ArtefactError:
    hint = did_you_mean(name, known) if known else "Give a folder that 'acml train' made,"
    if not known:
        hint += " a name from 'acml models list', or hf:OWNER/NAME of the Hub."
    return ArtefactError("no such model", source=name, remedy=hint)
