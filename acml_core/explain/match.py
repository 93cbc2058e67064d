"""``explain``: one molecule, one measurement, and what carries their match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acml_core.errors import BadInput
from acml_core.explain.atoms import Method, method_of
from acml_core.explain.checks import Deletion, deletions, random_weights
from acml_core.explain.occlusion import Occlusion, occlude
from acml_core.graphs.featurize import featurize
from acml_core.graphs.packed import PackedGraphs
from acml_core.modality import Modality, Part, Signal
from acml_core.model import AcmlModel
from acml_core.molecule import canonicalise, parse_smiles

if TYPE_CHECKING:
    from rdkit.Chem import Mol

CLEARLY_OTHER = 0.5
"""Mean rank correlation with random weights below which they give another answer."""


@dataclass(frozen=True)
class Explanation:
    """What carries one match.

    Attributes:
        modality: of the measurement.
        plugin: that reads and draws it.
        mol: the molecule; atoms are numbered as in the SMILES given.
        smiles: as given.
        signal: the measurement.
        method: how atoms were left out.
        found: the losses.
        parts: of the measurement, in the order of ``found.parts``.
        deletion: curves of atoms and of parts.
        random: rank correlations with random weights, of atoms and of parts.
    """

    modality: str
    plugin: Modality
    mol: Mol
    smiles: str
    signal: Signal
    method: Method
    found: Occlusion
    parts: Sequence[Part]
    deletion: dict[str, Deletion | None]
    random: dict[str, list[float] | None]

    @property
    def splits(self) -> bool:
        """Whether the plugin splits its measurements into parts."""
        return self.plugin.supports("parts")

    def as_dict(self) -> dict[str, Any]:
        """Plain data: losses by atom and part, each part's atom, and the checks."""
        atoms = [
            {"atom": i, "element": atom.GetSymbol(), "loss": _number(self.found.atoms[i])}
            for i, atom in enumerate(self.mol.GetAtoms())
        ]
        parts = [
            {
                "part": part.label,
                "low": part.low,
                "high": part.high,
                "loss": _number(self.found.parts[number]),
                "atom": int(self.found.together[number].argmax()),
                "together": [_number(one) for one in self.found.together[number]],
            }
            for number, part in enumerate(self.parts)
        ]
        return {
            "modality": self.modality,
            "smiles": self.smiles,
            "origin": self.signal.origin,
            "method": self.method,
            "score": _number(self.found.score),
            "atoms": atoms,
            "parts": parts if self.splits else None,
            "random_weights": {
                name: None
                if rows is None
                else {
                    "rank_correlations": rows,
                    "mean": round(float(np.mean(rows)), 4),
                    "another_answer": bool(np.mean(rows) < CLEARLY_OTHER),
                }
                for name, rows in self.random.items()
            },
            "deletion": {
                name: None if curve is None else curve.as_dict()
                for name, curve in self.deletion.items()
            },
        }

    def write(self, path: str | Path) -> None:
        """Draw molecule, spectrum and checks into one .svg or .png file.

        Raises:
            BadInput: another suffix.
        """
        from acml_core.explain.picture import write

        write(self, Path(path))


def explain(
    model: AcmlModel,
    modality: str,
    signal: Signal,
    smiles: str,
    *,
    method: str | None = None,
    seed: int = 0,
) -> Explanation:
    """Which atoms and which parts of the measurement carry the match of the two.

    Args:
        method: ``pooled`` or ``removed``, see ``acml_core.explain.atoms``; by default the first
            where the model's encoder allows it.
        seed: of the random weights and the random orders.

    Raises:
        BadInput: nothing was measured, no such modality or method, or a SMILES that cannot be read.
    """
    model.head(modality)
    if signal.missing:
        raise BadInput("nothing was measured", source=signal.origin or None)
    mol = parse_smiles(smiles)
    graph = PackedGraphs.from_molecules([(canonicalise(mol), featurize(mol))])
    how = method_of(model, method)
    plugin = model.modalities[modality]
    found = occlude(model, modality, graph, signal, how)
    return Explanation(
        modality=modality,
        plugin=plugin,
        mol=mol,
        smiles=smiles,
        signal=signal,
        method=how,
        found=found,
        parts=list(plugin.parts(signal)) if len(found.parts) else [],
        deletion=deletions(model, modality, graph, signal, found, how, seed=seed),
        random=random_weights(model, modality, graph, signal, found, how, seed=seed),
    )


def _number(value: float) -> float:
    return round(float(value), 5)
