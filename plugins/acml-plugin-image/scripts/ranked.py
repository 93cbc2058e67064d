"""Drawings of validation molecules as queries among all of these, for the second opinion's scripts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from acml_plugin_image.signal import ImageSignal
from drawings import real
from rdkit import Chem

from acml_core.graphs.build import build
from acml_core.hub.pretrained import load


class Ranked(NamedTuple):
    """The best candidates of one query.

    Attributes:
        signal: the drawing.
        score: (K,) of the candidates, the best first.
        mols: candidates.
        own: which of them is the molecule, -1 for none.
    """

    signal: ImageSignal
    score: np.ndarray
    mols: list[Chem.Mol]
    own: int


class Validation:
    """The validation molecules of ``$ACML_DATA``, encoded.

    Args:
        name: of a model, or its folder.
    """

    def __init__(self, name: str) -> None:
        library = Path(os.environ["ACML_DATA"]) / "library"
        self.graphs = build(real(library, "validation")).graphs
        self.place = {key: i for i, key in enumerate(self.graphs.keys)}
        self.model = load(name).model
        self.gallery = self.model.encode_molecules(self.graphs, "image")
        self.plugin = self.model.modalities["image"]

    def ranked(self, smiles: str, image: bytes, candidates: int) -> Ranked | None:
        """The best candidates for a drawing; None where ``smiles`` is no validation molecule."""
        own = self.place.get(Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))[:14])
        if own is None:
            return None
        signal = ImageSignal(image=image)
        with torch.no_grad():
            vector = self.model.encode_items("image", [self.plugin.prepare(signal)])
        score = (vector @ self.gallery.T)[0].numpy()
        best = np.argsort(-score, kind="stable")[:candidates]
        here = np.flatnonzero(best == own)
        mols = [Chem.MolFromSmiles(self.graphs.smiles[j]) for j in best]
        return Ranked(signal, score[best], mols, int(here[0]) if len(here) else -1)
