"""A drawing of a molecule as it might stand in a paper or on a screen."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from rdkit.Chem import Mol

from acml_plugin_image.degrade import EFFECTS, degrade
from acml_plugin_image.depict import depict
from acml_plugin_image.signal import ImageSignal
from acml_plugin_image.styles import Family, sample

MAX_PNG_BYTES = 20_000
"""A picture whose PNG is larger (noise does not compress) is kept as JPEG."""

JPEG_QUALITY = 90
FASTEST = 1
"""Compression level of PNG: the smallest files take several times as long."""


def simulate(mol: Mol, family: Family) -> ImageSignal:
    """A drawing in a random style; randomness comes from torch's default generator.

    Raises:
        BadInput: RDKit cannot draw the molecule.
    """
    rng = np.random.default_rng(int(torch.randint(2**62, ()).item()))
    picture = depict(mol, sample(rng, family), rng)
    content = _content(degrade(picture, EFFECTS[family], rng))
    return ImageSignal.model_construct(image=content)  # just encoded: nothing to check


def _content(picture: Image.Image) -> bytes:
    """The picture as PNG, or as JPEG where that is much smaller."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=FASTEST)
    if buffer.tell() > MAX_PNG_BYTES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
