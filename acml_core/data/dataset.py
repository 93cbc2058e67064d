"""The data set that training and evaluation read: molecules once, measurements by modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from acml_core.data import table as tables
from acml_core.data.simulating import needs_drawing, simulate_all
from acml_core.data.split import SPLITS, SplitConfig, SplitName, assign
from acml_core.errors import BadInput
from acml_core.files import sha256
from acml_core.graphs.build import cached
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Modality, Signal
from acml_core.rejects import Reject


@dataclass
class Measured:
    """One modality's measurements.

    Attributes:
        signals: M signals.
        molecule: (M,) int64, number of each signal's molecule in the data set.
    """

    signals: list[Signal]
    molecule: np.ndarray

    def of(self, molecules: np.ndarray) -> np.ndarray:
        """Numbers of the signals whose molecule is among ``molecules``, in order."""
        return np.flatnonzero(np.isin(self.molecule, molecules))


@dataclass
class Dataset:
    """Molecules (each InChIKey-14 once) and what was measured of them.

    Attributes:
        graphs: N packed molecules.
        split: (N,) int8, index into ``SPLITS``.
        measured: by modality name.
        rejects: rows left out, with reasons.
        sources: sha256 by path.
        metadata: what the tables say of themselves (source, licence, ...).
    """

    graphs: PackedGraphs
    split: np.ndarray
    measured: dict[str, Measured]
    rejects: list[Reject] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def molecules(self, name: SplitName) -> np.ndarray:
        """Numbers of the molecules of one side of the split."""
        return np.flatnonzero(self.split == SPLITS.index(name))


def load(
    paths: Sequence[str | Path],
    modalities: Sequence[Modality],
    split: SplitConfig,
    *,
    only: Sequence[str] | None = None,
    training: bool = False,
    seed: int = 0,
    progress: bool = True,
) -> Dataset:
    """Read tables into one data set. A modality takes rows from every table that has its columns.

    A derived modality also takes every other table: what it lacks is simulated from the structures.

    Args:
        only: measured columns to use; for one modality.
        training: simulate as many signals a molecule as the modality asks for in training.
        seed: of what is simulated.

    Raises:
        BadInput: a table that cannot be read, or a modality that no table measures.
    """
    smiles: list[str] = []
    signals: dict[str, list[Signal]] = {modality.name: [] for modality in modalities}
    rows: dict[str, list[int]] = {modality.name: [] for modality in modalities}
    rejects: list[Reject] = []
    row_of: list[int] = []
    sources: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for path in paths:
        have = set(tables.column_names(path))
        for modality in modalities:
            if needs_drawing(modality, have):
                drawings = modality.drawings if training else 1
                table = _drawn(path, modality, drawings, seed, progress)
            elif have & set(modality.signal.columns()) or len(modalities) == 1:
                table = tables.read(path, modality.signal, only=only)
            else:
                continue
            rows[modality.name] += range(len(smiles), len(smiles) + len(table.signals))
            smiles += [one.smiles for one in table.signals] + table.bare
            row_of += table.signal_rows + table.bare_rows
            signals[modality.name] += table.signals
            rejects += table.rejects
            sources[str(path)] = table.sha256
            for key, value in table.metadata.items():  # two tables that differ are both named
                known = metadata.setdefault(key, value)
                if value not in known.split(" + "):
                    metadata[key] = f"{known} + {value}"
    graphs, molecule_of, unreadable = cached(smiles, progress=progress)
    rejects += [replace(reject, row=row_of[reject.row - 1]) for reject in unreadable]
    rejects = sorted(dict.fromkeys(rejects), key=lambda reject: reject.row)
    measured = {}
    for name, found in signals.items():
        molecule = molecule_of[np.array(rows[name], dtype=np.int64)]
        keep = np.flatnonzero(molecule >= 0)
        measured[name] = Measured([found[i] for i in keep], molecule[keep])
        if not len(keep):
            raise BadInput(
                f"no table has a usable measurement for {name!r}",
                source=", ".join(str(path) for path in paths),
                remedy=rejects[0].reason if rejects else "",
            )
    return Dataset(
        graphs=graphs,
        split=assign(list(graphs.keys), split),
        measured=measured,
        rejects=rejects,
        sources=sources,
        metadata=metadata,
    )


def _drawn(
    path: str | Path, modality: Modality, drawings: int, seed: int, progress: bool
) -> tables.Table:
    """A table of structures alone, with what a derived modality draws of each of them."""
    smiles = tables.smiles_column(path)
    table = tables.Table(
        source=Path(path),
        signals=[],
        sha256=sha256(path),
        metadata={
            **tables.metadata_of(path),
            "source": f"{modality.name} simulated from structures",
        },
    )
    first = {text: row for row, text in reversed(list(enumerate(smiles, start=1)))}
    distinct = sorted(first, key=first.__getitem__)
    made = simulate_all(modality, distinct, drawings=drawings, seed=seed, progress=progress)
    for text, result in zip(distinct, made, strict=True):
        row = first[text]
        if isinstance(result, str):
            table.rejects.append(Reject(row, text, result))
            continue
        for signal in result:
            table.signals.append(signal.model_copy(update={"origin": f"{Path(path).name}:{row}"}))
            table.signal_rows.append(row)
    if not table.signals:
        first_reason = table.rejects[0].reason if table.rejects else "it has no rows"
        raise BadInput(
            "no row of the table could be read", source=path, remedy=f"First: {first_reason}."
        )
    return table
