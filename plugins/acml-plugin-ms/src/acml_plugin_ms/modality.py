"""The mass-spectrometry modality: electron-ionisation and tandem spectra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from acml_core.modality import Modality, OnReject, Part, Settings
from acml_plugin_ms.read import FORMATS, SUFFIXES
from acml_plugin_ms.signal import MsSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.modality import Encoder  # imports torch, which listing plugins must not

STARTER = Path(__file__).parent / "data" / "starter.parquet"


class MsConfig(Settings):
    """Every number that changes ``prepare``, ``collate``, ``encoder``, ``simulate``, ``rerank``."""

    dim: int = Field(384, ge=8, description="length of an embedding")
    width: int = Field(384, ge=8, description="width of the tables and the blocks")
    peak_width: int = Field(192, ge=8, description="width of the MLP over single peaks")
    layers: int = Field(1, ge=0, description="residual blocks over the summed peaks")
    heads: int = Field(4, ge=1, description="heads of the attention pooling")
    dropout: float = Field(0.1, ge=0, lt=1, description="dropped share inside each block")
    top_peaks: int = Field(150, ge=1, description="strongest peaks kept of a spectrum")
    fine_peaks: int = Field(
        32, ge=0, description="strongest peaks seen at full resolution; 0 for none"
    )
    jitter_ppm: float = Field(3.0, ge=0, description="training: error of each m/z [ppm]")
    offset_ppm: float = Field(3.0, ge=0, description="training: error of a whole spectrum [ppm]")
    noise: float = Field(0.3, ge=0, description="training: noise of the log intensities")
    lose_peak: float = Field(0.1, ge=0, le=1, description="training: share of peaks left out")
    cut: float = Field(
        0.02, ge=0, lt=1, description="training: peaks below up to this share of the base are lost"
    )
    forget_condition: float = Field(
        0.1, ge=0, le=1, description="training: share of each stated condition that is forgotten"
    )
    forget_precursor: float = Field(
        0.05, ge=0, le=1, description="training: share of precursors that is forgotten"
    )
    simulated_ion: Literal["EI", "[M+H]+", "[M-H]-"] = Field(
        "EI", description="what simulate() computes: EI at unit mass, or a tandem spectrum"
    )
    tolerance_ppm: float = Field(
        10.0, gt=0, description="rerank: peaks nearer than this to a fragment are explained [ppm]"
    )

    trained_ions: bool = Field(
        True,
        description="rerank: a trained network says which ions are likely (its weights are for"
        " non-commercial use, CC-BY-NC-SA-4.0); false: rules alone",
    )

    @model_validator(mode="after")
    def _heads_divide(self) -> MsConfig:
        if self.peak_width % self.heads:
            raise ValueError(f"peak_width {self.peak_width} is no multiple of heads {self.heads}")
        return self


class Ms(Modality):
    """Electron-ionisation and tandem mass spectra, positive and negative."""

    name = "ms"
    signal = MsSignal
    suffixes = SUFFIXES
    formats = FORMATS
    Config = MsConfig  # type: ignore[assignment]

    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[MsSignal]:
        """MGF, MSP, mzML, mzXML, MassBank records, JCAMP-DX, peak lists, JSON, tables, text."""
        from acml_plugin_ms.read import read

        return read(source, format=format, on_reject=on_reject)

    def prepare(self, signal: MsSignal) -> dict[str, np.ndarray]:
        """See ``acml_plugin_ms.prepare.prepare``: peaks (P,), masses (3,), condition (6,)."""
        from acml_plugin_ms.prepare import prepare

        return prepare(signal, self.config.top_peaks)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """See ``acml_plugin_ms.prepare.collate``: the same names, peaks padded to (B, P)."""
        from acml_plugin_ms.prepare import collate

        return collate(items, self.config, train=train)

    def encoder(self) -> Encoder:
        """A new, untrained peak encoder."""
        from acml_plugin_ms.encoder import PeakEncoder

        config = self.config
        return PeakEncoder(
            config.dim,
            config.width,
            config.peak_width,
            config.layers,
            config.fine_peaks,
            config.heads,
            config.dropout,
        )

    def simulate(self, mol: Mol) -> MsSignal:
        """A spectrum from rule-based fragmentation; which one is ``Config.simulated_ion``."""
        from acml_plugin_ms.simulate import simulate

        return simulate(mol, self.config.simulated_ion)

    def rerank(self, signal: MsSignal, mols: Sequence[Mol]) -> np.ndarray:
        """How well each candidate's likely fragments predict the spectrum, 0 to 1."""
        from acml_plugin_ms.rerank import rerank

        return rerank(signal, mols, self.config.tolerance_ppm, self.config.trained_ions)

    def assign(self, signal: MsSignal, mol: Mol) -> list[dict[str, Any]]:
        """Which fragment each strong peak is; see ``annotate.annotation``."""
        from acml_plugin_ms.annotate import annotation

        return annotation(signal, mol, self.config.tolerance_ppm, self.config.trained_ions)

    def similarity(
        self, queries: Sequence[MsSignal], references: Sequence[MsSignal]
    ) -> Iterator[Mapping[str, np.ndarray]]:
        """Cosine and spectral entropy similarity, 0 to 1, each (R,); no model."""
        from acml_plugin_ms.similarity import similarity

        return similarity(queries, references)

    def parts(self, signal: MsSignal) -> list[Part]:
        """The strongest peaks."""
        from acml_plugin_ms.parts import parts

        return parts(signal)

    def without(self, signal: MsSignal, left_out: Sequence[int]) -> MsSignal:
        """The signal less some of them."""
        from acml_plugin_ms.parts import without

        return without(signal, left_out)

    def draw(self, signal: MsSignal) -> Figure:
        """A stick spectrum, the precursor marked, the strongest peaks labelled."""
        from acml_plugin_ms.draw import draw

        return draw(signal)

    def starter(self) -> Path:
        """About 1,500 molecules with EI and [M+H]+ spectra simulated by the fragmenter."""
        return STARTER
