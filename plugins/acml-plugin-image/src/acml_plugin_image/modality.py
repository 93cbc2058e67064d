"""The image modality: pictures of molecular structures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acml_core.modality import Modality, OnReject
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.read import FORMATS, SUFFIXES
from acml_plugin_image.signal import ImageSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.modality import Encoder

STARTER = Path(__file__).parent / "data" / "starter.parquet"


class Picture(Modality):
    """Drawings of structures: scanned, photographed, exported or cut out of a paper."""

    name = "image"
    signal = ImageSignal
    suffixes = SUFFIXES
    formats = FORMATS
    derived = True
    reranked = 200
    Config = ImageConfig  # type: ignore[assignment]

    @property
    def drawings(self) -> int:  # type: ignore[override]
        """Drawings of each molecule that training makes, each in a style of its own."""
        return self.config.drawings

    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[ImageSignal]:
        """PNG, JPEG, TIFF, GIF, BMP, WebP, SVG, PDF, tables, and folders of such files."""
        from acml_plugin_image.read import read

        return read(
            source,
            format=format,
            on_reject=on_reject,
            max_pixels=self.config.max_pixels,
            size=self.config.size,
        )

    def prepare(self, signal: ImageSignal) -> dict[str, np.ndarray]:
        """See ``acml_plugin_image.prepare.prepare``: image (S, S) uint8, the ink."""
        from acml_plugin_image.prepare import prepare

        return prepare(signal, self.config)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """See ``acml_plugin_image.prepare.collate``: image (B, S, S) uint8; ``augment`` changes it."""
        from acml_plugin_image.prepare import collate

        return collate(items)

    def augment(self, batch: dict[str, Any]) -> dict[str, Any]:
        """See ``acml_plugin_image.augment.augment``: image (B, S, S) float32, 0 to 255."""
        from acml_plugin_image.augment import augment

        return {"image": augment(batch["image"].float(), self.config)}

    def encoder(self) -> Encoder:
        """The network of this plugin, or the transformers model that ``hf_repo`` names."""
        from acml_plugin_image import weights
        from acml_plugin_image.encoder import PictureEncoder

        c = self.config
        if c.hf_repo:
            from acml_plugin_image.hf import VisionEncoder

            return VisionEncoder(c.hf_repo, c.hf_revision, c.hf_download, c.allow_pickle)
        encoder = PictureEncoder(c.dim, c.channels, c.middle, c.blocks, c.looks, c.mirrored)
        if c.weights == "bundled" and weights.TOWER.fits(weights.shape(c)):
            weights.TOWER.load(encoder)
        return encoder

    def simulate(self, mol: Mol) -> ImageSignal:
        """One drawing in a random style of the family ``styles``."""
        from acml_plugin_image.simulate import simulate

        return simulate(mol, self.config.styles)

    def rerank(self, signal: ImageSignal, mols: Sequence[Mol]) -> np.ndarray:
        """How well each candidate's drawing agrees with the ink; see ``overlay.rerank.rerank``."""
        from acml_plugin_image.overlay.rerank import rerank
        from acml_plugin_image.prepare import picture

        return rerank(picture(signal, self.config), mols)

    def assign(self, signal: ImageSignal, mol: Mol) -> list[dict[str, Any]]:
        """Where each atom lies in the picture; see ``overlay.rerank.assign``."""
        from acml_plugin_image.overlay.rerank import assign
        from acml_plugin_image.prepare import picture

        return assign(picture(signal, self.config), mol)

    def draw(self, signal: ImageSignal) -> Figure:
        """The picture, and the ink map that the encoder sees."""
        from acml_plugin_image.draw import draw

        return draw(signal, self.config)

    def starter(self) -> Path:
        """About 2,000 molecules; training draws them."""
        return STARTER
