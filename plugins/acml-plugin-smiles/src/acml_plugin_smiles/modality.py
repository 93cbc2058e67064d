"""The SMILES modality: a structure as somebody wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from acml_core.modality import Modality, OnReject, Settings
from acml_plugin_smiles.read import FORMATS, SUFFIXES
from acml_plugin_smiles.signal import SmilesSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.modality import Encoder

STARTER = Path(__file__).parent / "data" / "starter.parquet"


class SmilesConfig(Settings):
    """Every number that changes ``prepare``, ``collate`` or ``encoder``."""

    max_tokens: int = Field(512, ge=16, description="tokens of a string that are seen, at most")

    dim: int = Field(512, ge=8, description="length of an embedding")
    width: int = Field(128, ge=8, description="width of the token vectors")
    layers: int = Field(5, ge=0, description="blocks")
    attention_layers: int = Field(2, ge=0, description="how many of them, the last ones, attend")
    heads: int = Field(4, ge=1, description="attention heads of a block")
    pool_width: int = Field(512, ge=8, description="width of the token vectors when pooled")
    dropout: float = Field(0.0, ge=0, lt=1, description="dropped share inside each block")
    weights: Literal["bundled", "none"] = Field(
        "bundled",
        description="weights at the start: the bundled ones where they fit the encoder, or none",
    )

    kekule: float = Field(0.1, ge=0, le=1, description="share of random strings in a Kekule form")
    explicit_hydrogens: float = Field(
        0.03, ge=0, le=1, description="share of random strings with every hydrogen count written"
    )
    explicit_bonds: float = Field(
        0.03, ge=0, le=1, description="share of random strings with every bond written"
    )
    no_stereo: float = Field(
        0.1, ge=0, le=1, description="share of random strings without stereochemistry and isotopes"
    )
    mask: float = Field(0.02, ge=0, lt=1, description="training: share of tokens hidden")

    hf_repo: str = Field(
        "", description="model of the transformers library, as owner/name or a folder; '' for ours"
    )
    hf_revision: str = Field(
        "", description="its commit, branch or tag; a commit gives the same model for ever"
    )
    hf_pooling: Literal["mean", "cls", "pooler"] = Field(
        "mean", description="its embedding: mean of the tokens, first token, or its own pooler"
    )
    hf_download: bool = Field(False, description="fetch it where it is not on this machine")
    hf_allow_pickle: bool = Field(
        False, description="load weights that are no safetensors; a pickle can run any program"
    )
    hf_trust_remote_code: bool = Field(
        False, description="run the Python code that the model's repository holds"
    )

    @model_validator(mode="after")
    def _heads(self) -> SmilesConfig:
        if self.width % (2 * self.heads):
            raise ValueError("width must be a multiple of twice the heads")
        return self


class Smiles(Modality):
    """SMILES strings, as written."""

    name = "smiles"
    signal = SmilesSignal
    suffixes = SUFFIXES
    formats = FORMATS
    derived = True
    Config = SmilesConfig  # type: ignore[assignment]

    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[SmilesSignal]:
        """SMILES files, tables, SDF, and SMILES as text."""
        from acml_plugin_smiles.read import read

        return read(source, format=format, on_reject=on_reject)

    def prepare(self, signal: SmilesSignal) -> dict[str, np.ndarray]:
        """See ``acml_plugin_smiles.prepare.prepare``: tokens (T,), syntax (2, T), text (L,).

        With ``hf_repo`` see ``acml_plugin_smiles.hf.prepare``: tokens (T,), text (L,).
        """
        if self.config.hf_repo:
            from acml_plugin_smiles import hf

            return hf.prepare(signal.string, self.config)
        from acml_plugin_smiles.prepare import prepare

        return prepare(signal, self.config)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """See ``acml_plugin_smiles.prepare.collate``: tokens (B, T), syntax (B, 2, T).

        With ``hf_repo`` see ``acml_plugin_smiles.hf.collate``: tokens (B, T), filled (B, T).
        """
        if self.config.hf_repo:
            from acml_plugin_smiles import hf

            return hf.collate(items, self.config, train=train)
        from acml_plugin_smiles.prepare import collate

        return collate(items, self.config, train=train)

    def encoder(self) -> Encoder:
        """A new encoder, with the bundled weights where they fit (see ``weights``).

        With ``hf_repo`` that model, from this machine; it is fetched only with ``hf_download``.
        """
        if self.config.hf_repo:
            from acml_plugin_smiles import hf

            return hf.HfEncoder(hf.model(self.config), self.config.hf_pooling)
        from acml_plugin_smiles import weights
        from acml_plugin_smiles.encoder import SmilesEncoder

        c = self.config
        encoder = SmilesEncoder(
            c.dim, c.width, c.layers, c.attention_layers, c.heads, c.pool_width, c.dropout
        )
        if c.weights == "bundled" and weights.TOWER.fits(weights.shape(c)):
            weights.TOWER.load(encoder)
        return encoder

    def simulate(self, mol: Mol) -> SmilesSignal:
        """One random SMILES of the molecule, drawn with torch's default generator."""
        from acml_plugin_smiles import randomise

        return SmilesSignal(string=randomise.write(mol, self.config, *randomise.draw_numbers(1)))

    def draw(self, signal: SmilesSignal) -> Figure:
        """The structure beside the string."""
        from acml_plugin_smiles.draw import draw

        return draw(signal)

    def starter(self) -> Path:
        """Molecules without strings: each is drawn when it is used."""
        return STARTER
