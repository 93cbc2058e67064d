"""ACML from Python: load a model, search a library, get a table.

    model = acml_core.load("runs/nmr")          # or modality="nmr": the published weights
    library = model.library("candidates.smi")
    answers = model.search(["170.1 128.4 21.0", "a.jdx"], library, formula="C9H10O2")
    answers.to_pandas()

Several measurements of one sample::

    answer = acml_core.search_sample(
        {"nmr": "a.jdx", "ir": "b.jdx"}, "candidates.smi", models={"nmr": "runs/nmr", "ir": "runs/ir"}
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from acml_core.artefact import Artefact
from acml_core.config import parse
from acml_core.errors import BadInput
from acml_core.hub import pretrained
from acml_core.library.filters import Filters
from acml_core.library.fusion import Fusion
from acml_core.library.library import Library
from acml_core.library.opening import open_any
from acml_core.library.search import Answer, Hit, Measurement
from acml_core.library.search import search as rank
from acml_core.library.search import search_sample as rank_sample
from acml_core.modality import Modality, Signal
from acml_core.reading import read

Source = str | Path | Signal
"""A file, a folder, literal text, or a signal of the plugin."""

Report = Callable[[str], None]


class Answers(list[Answer]):
    """One answer for each measurement, in their order."""

    def to_pandas(self) -> Any:
        """A pandas table with one row a hit: the query's number and origin, and what a ``Hit`` says.

        Raises:
            BadInput: pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError:
            raise BadInput("pandas is not installed", remedy="Run: pip install pandas") from None
        rows = [
            {"query": number, "origin": answer.query.get("origin", ""), **vars(hit)}
            for number, answer in enumerate(self)
            for hit in answer.hits
        ]
        columns = ["query", "origin", *(one.name for one in fields(Hit))]
        return pandas.DataFrame(rows, columns=columns)


@dataclass
class Searcher(Artefact):
    """A trained model that searches. ``modality`` is meant where none is named."""

    modality: str = ""

    def library(
        self,
        source: str | Path,
        *,
        modality: str | None = None,
        progress: bool = False,
        report: Report = lambda _: None,
    ) -> Library:
        """A library's folder, or a file of molecules, whose vectors are then cached for next time.

        Raises:
            BadInput, ArtefactError: no such file, or a library of another model.
        """
        return open_any(source, self, modality or self.modality, progress=progress, report=report)

    def read(
        self,
        source: Source | Sequence[Source],
        *,
        modality: str | None = None,
        report: Report = lambda _: None,
    ) -> list[Signal]:
        """The measurements of one or more sources; what is left out goes to ``report``.

        Raises:
            BadInput: a source without any measurement.
        """
        plugin = self.model.modalities[modality or self.modality]
        several = isinstance(source, Sequence) and not isinstance(source, str)
        sources: Sequence[Source] = source if several else [source]  # type: ignore[assignment,list-item]
        return [signal for one in sources for signal in read_signals(plugin, one, report=report)]

    def search(
        self,
        source: Source | Sequence[Source],
        library: Library | str | Path,
        *,
        modality: str | None = None,
        top: int = 10,
        rerank: int | None = None,
        report: Report = lambda _: None,
        **filters: Any,
    ) -> Answers:
        """Rank a library's molecules for each measurement.

        Args:
            source: files, folders, literal text or signals.
            library: from ``library``, or what that takes.
            rerank: ask the plugin's second opinion of this many of the best candidates, 0 for none;
                by default of as many as its weight was fitted with, where it was.
            filters: fields of ``acml_core.library.filters.Filters``, such as ``formula="C9H10O2"``.

        Raises:
            BadInput: nothing was measured, no candidate is left by the filters, or no such filter.
        """
        name = modality or self.modality
        if not isinstance(library, Library):
            library = self.library(library, modality=name, report=report)
        signals = self.read(source, modality=name, report=report)
        chosen = parse(Filters, filters)
        return Answers(rank(self, name, signals, library, top=top, filters=chosen, rerank=rerank))


def load(
    model: str | Path | None = None,
    *,
    modality: str | None = None,
    report: Report = lambda _: None,
) -> Searcher:
    """A trained model.

    Args:
        model: a folder, a name of a registry, or OWNER/NAME of the Hub; None for the published
            weights of ``modality``.
        modality: which of its modalities is meant where none is named; the first by default.
        report: told of downloads.

    Raises:
        BadInput: neither was named, or a modality that the model lacks.
        AcmlError: the model cannot be found, fetched or loaded.
    """
    name = None if model is None else str(model)
    found, chosen = pretrained.choose(name, modality, several=True, report=report)
    return Searcher(found.model, found.info, found.seen, found.path, chosen)


def search_sample(
    sources: Mapping[str, Source | Sequence[Source]],
    library: str | Path | Mapping[str, str | Path],
    *,
    models: Mapping[str, str | Path | Searcher] | str | Path | Searcher | None = None,
    weights: Fusion | Mapping[str, float] | str | Path | None = None,
    top: int = 10,
    rerank: int = 0,
    report: Report = lambda _: None,
    **filters: Any,
) -> Answer:
    """One ranking from several measurements of one sample.

    Args:
        sources: by modality.
        library: candidates; by modality where the libraries differ.
        models: by modality, or one for all; the published weights where none is given.
        weights: by modality, 1 where none is given; or what ``acml eval fusion`` wrote.
        rerank: ask the plugins' second opinions of this many of the best candidates.

    Raises:
        BadInput: as ``Searcher.search``; or libraries without a molecule in common.
    """
    found = []
    known = Fusion.of(weights)
    for name, source in sources.items():
        given = models.get(name) if isinstance(models, Mapping) else models
        model = given if isinstance(given, Searcher) else load(given, modality=name, report=report)
        place = library[name] if isinstance(library, Mapping) else library
        found.append(
            Measurement(
                name,
                model.read(source, modality=name, report=report),
                model,
                model.library(place, modality=name, report=report),
                known.weight(name),
            )
        )
    narrowed = parse(Filters, filters)
    return rank_sample(found, top=top, filters=narrowed, rerank=rerank, sure=known.sure_of(sources))


def read_signals(
    plugin: Modality, source: Source, *, report: Report = lambda _: None
) -> list[Signal]:
    """The measurements of one source, without empty ones.

    Raises:
        BadInput: there is none.
    """
    if isinstance(source, Signal):
        return [source]
    rejects: list[BadInput] = []
    signals = list(read(plugin, source, on_reject=rejects.append))
    for reject in rejects:
        report(f"left out: {reject}")
    signals = [signal for signal in signals if not signal.missing]
    if not signals:
        raise BadInput("no measurement could be read", source=str(source))
    return signals
