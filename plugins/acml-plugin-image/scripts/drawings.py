"""Drawings of training molecules, made in a process of their own and kept in a shared ring.

The ring is overwritten from its beginning once it is full, so the trainer sees each drawing once or
a few times, as the two processes' speeds have it, and neither waits for the other.
"""

from __future__ import annotations

import faulthandler
import mmap
import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import targets
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.degrade import EFFECTS, degrade, skew
from acml_plugin_image.depict import depict, depict_with_places
from acml_plugin_image.prepare import fit, ink_map
from acml_plugin_image.styles import Family, sample
from rdkit import Chem, RDLogger

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.errors import BadInput

REAL, OTHERS = "real_molecules.parquet", ("zinc250k.parquet", "moses.parquet")
REAL_SHARE = 0.65
"""Share of drawings that show molecules of ``REAL``; the others show those of ``OTHERS``."""

STRAIGHT = tuple(effect for effect in EFFECTS["train"] if effect is not skew)
"""Effects that leave everything in its place; ``augment`` turns and stretches, too."""

MAX_ATOMS = 80
"""Heavy atoms of the largest molecule that is drawn for training."""


def real(library: Path, split: str) -> list[str]:
    """SMILES of the real molecules of one split, in the table's order."""
    table = pq.read_table(library / REAL, columns=["inchikey14", "smiles"])
    part = assign(table["inchikey14"].to_pylist(), SplitConfig())
    smiles = table["smiles"].to_pylist()
    return [smiles[i] for i in np.flatnonzero(part == SPLITS.index(split))]  # type: ignore[arg-type]


def molecules(library: Path, rng: np.random.Generator) -> Iterator[Chem.Mol]:
    """Training molecules without end."""
    known = real(library, "train")
    others = [pq.read_table(library / name, columns=["smiles"])["smiles"] for name in OTHERS]
    order = rng.permutation(len(known))
    place = 0
    while True:
        if rng.random() < REAL_SHARE:
            if place == len(order):
                order, place = rng.permutation(len(known)), 0
            mol = Chem.MolFromSmiles(known[order[place]])
            place += 1
        else:
            column = others[rng.integers(len(others))]
            mol = Chem.MolFromSmiles(column[int(rng.integers(len(column)))].as_py())
            key = "" if mol is None else Chem.MolToInchiKey(mol)[:14]
            if not key or assign([key], SplitConfig())[0] != SPLITS.index("train"):
                continue
        if mol is not None and 1 < mol.GetNumAtoms() <= MAX_ATOMS:
            yield mol


def draw(
    mol: Chem.Mol, family: Family, config: ImageConfig, rng: np.random.Generator
) -> np.ndarray:
    """One drawing as the encoder sees it, (S, S) uint8; all 0 where RDKit cannot draw it."""
    try:
        picture = degrade(depict(mol, sample(rng, family), rng), EFFECTS[family], rng)
    except BadInput:
        return np.zeros((config.size, config.size), dtype=np.uint8)
    return ink_map(picture, config.size, config.margin)


def draw_with_places(
    mol: Chem.Mol, config: ImageConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """As ``draw`` in the family "train", and (n, 3): x and y, -1 to 1, and number of each atom."""
    try:
        picture, places = depict_with_places(mol, sample(rng, "train"), rng)
    except BadInput:
        return np.zeros((config.size, config.size), dtype=np.uint8), np.zeros((0, 3))
    before = picture.width
    picture = degrade(picture, STRAIGHT, rng)
    image, (factor, dx, dy) = fit(picture, config.size, config.margin)
    places[:, :2] = places[:, :2] * (picture.width / before) * factor + [dx, dy]
    places[:, :2] = 2 * places[:, :2] / config.size - 1
    return image, places


WAIT_SECONDS = 0.5
NOTE = 400
"""Characters kept of the SMILES that is being drawn."""

MOST_SECONDS = 30
"""A drawing that takes longer ends the process: RDKit does not return from some."""


class Ring:
    """Arrays of ``capacity`` drawings and their targets in memory that two processes share."""

    def __init__(self, capacity: int, size: int) -> None:
        self.capacity = capacity
        self.image = _shared((capacity, size, size), np.uint8)
        self.bits = _shared((capacity, targets.BITS), np.uint8)
        self.environments = _shared((capacity, targets.ENVIRONMENTS), np.uint8)
        self.counts = _shared((capacity, targets.COUNTS), np.float32)
        self.places = _shared((capacity, MAX_ATOMS, 2), np.float32)
        self.by_atom = _shared((capacity, MAX_ATOMS, 2), np.int16)
        self.drawn = _shared((1,), np.int64)
        self.now = _shared((NOTE,), np.uint8)  # SMILES of the molecule that is being drawn

    def fill(self, library: Path, config: ImageConfig, seed: int, parent: int) -> None:
        """Draw until the parent process is gone."""
        RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
        rng = np.random.default_rng(seed)
        for mol in molecules(library, rng):
            if os.getppid() != parent:
                return
            text = Chem.MolToSmiles(mol).encode()[:NOTE]
            self.now[:] = np.frombuffer(text.ljust(NOTE), dtype=np.uint8)
            faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
            image, places = draw_with_places(mol, config, rng)
            if not image.any():
                continue
            i = int(self.drawn[0]) % self.capacity
            self.image[i] = image
            self.bits[i] = targets.bits(mol)
            self.environments[i] = targets.environments(mol)
            self.counts[i] = targets.counts(mol)
            self.by_atom[i] = -1
            self.by_atom[i, : len(places)] = targets.by_atom(mol)[places[:, 2].astype(int)]
            self.places[i, : len(places)] = places[:, :2]
            self.drawn[0] += 1

    def start(self, library: Path, config: ImageConfig, seed: int) -> None:
        """Begin to fill the ring in a child process."""
        self._begin = (library, config, seed)
        self.process = multiprocessing.get_context("fork").Process(
            target=self.fill, args=(*self._begin, os.getpid()), daemon=True
        )
        self.process.start()

    def tend(self) -> None:
        """Another child where the last one ended over a molecule; says which."""
        if not self.process.is_alive():
            print(f"drawing ended at {self.now.tobytes().decode().strip()}", flush=True)
            library, config, seed = self._begin
            self.start(library, config, seed + 1)

    def wait(self, count: int) -> None:
        """Until ``count`` drawings are there."""
        while self.drawn[0] < count:
            self.tend()
            time.sleep(WAIT_SECONDS)

    def pick(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Places of ``count`` random drawings."""
        filled = min(int(self.drawn[0]), self.capacity)
        return rng.choice(filled, size=count, replace=False)


def _shared(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Zeros in anonymous memory that a forked child shares."""
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, count), dtype=dtype).reshape(shape)
