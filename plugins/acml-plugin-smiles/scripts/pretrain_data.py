"""Batches for ``pretrain.py``: random SMILES of training molecules, masked, with their targets.

A batch depends on its number and the seed alone, so an interrupted run goes on with the very batches
that it would have seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from acml_plugin_smiles import randomise
from acml_plugin_smiles.prepare import pad, shortened
from acml_plugin_smiles.vocabulary import MASK, PAD, SPECIAL, TOKENS
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.rdMolDescriptors import CalcNumAromaticRings
from torch import Tensor
from torch.utils.data import Dataset

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.molecule import KEY_LENGTH

SOURCES = {"real_molecules": 0.5, "zinc250k": 0.3, "moses": 0.2}
"""Tables of ``$ACML_DATA/library`` and the share of molecules from each."""

BITS, RADIUS = 2048, 3
"""Of the Morgan fingerprint that the pooled vector predicts."""

ELEMENTS = ("C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
COUNTS = len(ELEMENTS) + 4
"""Counted: these elements, hydrogens, heavy atoms, rings, aromatic rings."""

MASKED_ROWS, MASKED_TOKENS = 0.25, 0.15
"""Share of strings with hidden tokens, and of tokens hidden there (J. Devlin et al.,
arXiv:1810.04805: 80 % by the mask, 10 % by a random token, 10 % left as they are)."""

IGNORE = -100
_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


class Molecules:
    """Molecules of one side of the split.

    Args:
        side: "train" or "validation".
        sources: tables and their shares.
    """

    def __init__(self, side: str, sources: dict[str, float]) -> None:
        folder = os.environ.get("ACML_DATA")
        if not folder:
            raise SystemExit("Set ACML_DATA to the folder of the data (see docs).")
        self.side = SPLITS.index(side)  # type: ignore[arg-type]
        self.shares = np.array(list(sources.values()))
        self.tables = []
        for name in sources:
            table = pq.read_table(Path(folder) / "library" / f"{name}.parquet")
            smiles = table["smiles"].to_pylist()
            if "inchikey14" in table.column_names:
                sides = assign(table["inchikey14"].to_pylist(), SplitConfig())
                smiles = [smiles[i] for i in np.flatnonzero(sides == self.side)]
                self.tables.append((smiles, True))
            else:
                self.tables.append((smiles, False))

    def draw(self, rng: np.random.Generator) -> Chem.Mol:
        """A random molecule that RDKit reads and that is on the right side."""
        while True:
            smiles, sorted_out = self.tables[rng.choice(len(self.tables), p=self.shares)]
            mol = Chem.MolFromSmiles(smiles[rng.integers(len(smiles))])
            if mol is not None and (sorted_out or self._ours(mol)):
                return mol

    def _ours(self, mol: Chem.Mol) -> bool:
        key = Chem.MolToInchiKey(mol)[:KEY_LENGTH]
        return bool(key) and assign([key], SplitConfig())[0] == self.side


class Batches(Dataset):
    """Batch number to tensors.

    ``tokens`` (B, T) and ``syntax`` (B, 2, T) as the encoder takes them, some tokens hidden; ``wanted``
    (B, T) int64, what they were, ``IGNORE`` elsewhere; ``whole`` (B,) bool, rows without hidden tokens;
    ``bits`` (B, BITS / 8) uint8, packed; ``counts`` (B, COUNTS) float32, log(1 + count).
    """

    def __init__(
        self, molecules: Molecules, config: Any, size: int, most_tokens: int, seed: int
    ) -> None:
        self.molecules = molecules
        self.config = config
        self.size = size
        self.most_tokens = most_tokens
        self.seed = seed

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, number])
        rows: list[tuple[np.ndarray, np.ndarray]] = []
        bits, counts = [], []
        while len(rows) < self.size:
            mol = self.molecules.draw(rng)
            text = randomise.write(mol, self.config, numbers(rng))
            rows.append(shortened(text, self.most_tokens))
            bits.append(np.packbits(_GENERATOR.GetFingerprintAsNumPy(mol)))
            counts.append(count(mol))
        batch = pad(rows)
        hidden, wanted, whole = hide(batch["tokens"].numpy(), rng)
        return {
            "tokens": torch.from_numpy(hidden),
            "syntax": batch["syntax"],
            "wanted": torch.from_numpy(wanted),
            "whole": torch.from_numpy(whole),
            "bits": torch.from_numpy(np.stack(bits)),
            "counts": torch.from_numpy(np.log1p(np.array(counts, dtype=np.float32))),
        }


def numbers(rng: np.random.Generator) -> tuple[int, list[float]]:
    """What ``randomise.write`` takes, from a numpy generator."""
    return int(rng.integers(1, randomise.MAX_SEED)), rng.random(randomise.CHOICES).tolist()


def count(mol: Chem.Mol) -> list[int]:
    """Atoms of each of ``ELEMENTS``, hydrogens, heavy atoms, rings, aromatic rings."""
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    return [
        *(symbols.count(element) for element in ELEMENTS),
        sum(atom.GetTotalNumHs() for atom in mol.GetAtoms()),
        mol.GetNumHeavyAtoms(),
        mol.GetRingInfo().NumRings(),
        CalcNumAromaticRings(mol),
    ]


def hide(tokens: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens (B, T) with some hidden, what those were, and which rows have none hidden."""
    rows = rng.random(len(tokens)) < MASKED_ROWS
    chosen = (rng.random(tokens.shape) < MASKED_TOKENS) & rows[:, None] & (tokens != PAD)
    wanted = np.where(chosen, tokens, IGNORE)
    how = rng.random(tokens.shape)
    others = rng.integers(len(SPECIAL), len(TOKENS), tokens.shape)
    hidden = np.where(chosen & (how < 0.8), MASK, tokens)
    hidden = np.where(chosen & (how >= 0.8) & (how < 0.9), others, hidden)
    return hidden, wanted, ~rows
