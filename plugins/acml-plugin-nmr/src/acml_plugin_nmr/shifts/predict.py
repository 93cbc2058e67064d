"""Predicted shifts of molecules, from the network that the plugin brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem

from acml_core.bundled import BundledTower
from acml_core.graphs.featurize import featurize
from acml_core.graphs.packed import PackedGraphs
from acml_core.molecule import Molecule
from acml_core.threads import Threads
from acml_plugin_nmr.shifts.network import ShiftNetwork

WEIGHTS = BundledTower(Path(__file__).parents[1] / "data" / "shifts.safetensors", "acml-plugin-nmr")
"""Made by ``scripts/train_shifts.py``."""

BATCH = 256
"""Molecules a forward pass."""


@dataclass(frozen=True)
class Shifts:
    """What a molecule's atoms are expected to show. Rows are the atoms of the RDKit molecule.

    Attributes:
        centre: (V, 2) float32 expected shift [ppm], columns 13C and 1H. 13C means something at
            carbons, 1H at atoms that bear hydrogen.
        scale: (V, 2) float32 width of the expected error [ppm] (Laplace).
    """

    centre: np.ndarray
    scale: np.ndarray


@lru_cache(maxsize=1)
def network() -> ShiftNetwork:
    """The bundled network, in eval mode.

    Raises:
        ArtefactError: its file is missing or damaged.
    """
    made = ShiftNetwork()
    WEIGHTS.load(made)
    return made.eval()


def predict(mols: Sequence[Chem.Mol]) -> list[Shifts]:
    """Expected shifts of every atom, for sanitised molecules without explicit hydrogens."""
    model = network()
    starts = list(range(0, len(mols), BATCH))
    found: dict[int, list[Shifts]] = {}

    def work(share: Sequence[int]) -> None:
        for start in share:
            found[start] = _predict(model, mols[start : start + BATCH])

    with Threads(torch.get_num_threads()) as threads:
        threads.run(work, starts)
    return [one for start in starts for one in found[start]]


@torch.inference_mode()
def _predict(model: ShiftNetwork, mols: Sequence[Chem.Mol]) -> list[Shifts]:
    """``predict`` of one batch."""
    # The names do not matter here, and an InChIKey takes longer than the prediction.
    graphs = PackedGraphs.from_molecules(
        [(Molecule("", "", "", 0.0), featurize(mol)) for mol in mols]
    )
    centre, scale = (t.numpy() for t in model(graphs.batch(np.arange(len(mols)))))
    cuts = graphs.atom_offsets.numpy()[1:-1]
    return [
        Shifts(*both) for both in zip(np.split(centre, cuts), np.split(scale, cuts), strict=True)
    ]
