"""The NMR modality: 13C and 1H peak lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from acml_core.errors import BadInput
from acml_core.modality import Modality, OnReject, Part, Settings
from acml_plugin_nmr.read import FORMATS, SUFFIXES
from acml_plugin_nmr.signal import NmrSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.modality import Encoder  # imports torch, which listing plugins must not

STARTER = Path(__file__).parent / "data" / "starter.parquet"


class NmrConfig(Settings):
    """Every number that changes ``prepare``, ``collate`` or ``encoder``."""

    dim: int = Field(384, ge=8, description="length of an embedding")
    width: int = Field(384, ge=8, description="width of the peak vectors and the blocks")
    layers: int = Field(1, ge=0, description="residual blocks over the summed peaks")
    dropout: float = Field(0.05, ge=0, lt=1, description="dropped share inside each block")
    resolution_13c_ppm: tuple[float, ...] = Field(
        (1.0, 8.0), description="spacing [ppm] of the 13C tables, fine to coarse"
    )
    resolution_1h_ppm: tuple[float, ...] = Field(
        (0.1, 1.0), description="spacing [ppm] of the 1H tables, as many as for 13C"
    )
    noise_ppm: float = Field(0.3, ge=0, description="training: noise of each 13C shift [ppm]")
    offset_ppm: float = Field(0.1, ge=0, description="training: shift of a whole list [ppm]")
    ratio_1h_to_13c: float = Field(0.1, ge=0, description="training: 1H noise over 13C noise")
    lose_peak: float = Field(0.02, ge=0, le=1, description="training: share of peaks left out")
    forget_multiplicity: float = Field(
        0.85, ge=0, le=1, description="training: share of lists without multiplicities"
    )
    forget_peak_multiplicity: float = Field(
        0.05, ge=0, le=1, description="training: share of single peaks without multiplicity"
    )
    forget_count: float = Field(
        0.3, ge=0, le=1, description="training: share of lists without counts of equal carbons"
    )
    forget_1h: float = Field(
        0.7, ge=0, le=1, description="training: share of two-nucleus samples without 1H"
    )
    forget_13c: float = Field(
        0.15, ge=0, le=1, description="training: share of two-nucleus samples without 13C"
    )
    simulator: Literal["graph", "csp5"] = Field(
        "graph", description="what simulates: the bundled shift network, or csp5 (extra [simulate])"
    )
    scatter: float = Field(
        0.0,
        ge=0,
        description="simulated shifts move at random by this multiple of their expected error",
    )
    scatter_seed: int = Field(0, ge=0, description="of that movement")


class Nmr(Modality):
    """13C and 1H NMR as peak lists [ppm]."""

    name = "nmr"
    signal = NmrSignal
    suffixes = SUFFIXES
    formats = FORMATS
    Config = NmrConfig  # type: ignore[assignment]

    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[NmrSignal]:
        """Literature text, peak lists, JCAMP-DX, SDF, NMR-STAR, Bruker, Varian, tables."""
        from acml_plugin_nmr.read import read

        return read(source, format=format, on_reject=on_reject)

    def prepare(self, signal: NmrSignal) -> dict[str, np.ndarray]:
        """See ``acml_plugin_nmr.prepare.prepare``: shift [ppm], nucleus, kind, count, each (P,)."""
        from acml_plugin_nmr.prepare import prepare

        return prepare(signal)

    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> dict[str, Any]:
        """See ``acml_plugin_nmr.prepare.collate``: the same names, each (B, P), padded."""
        from acml_plugin_nmr.prepare import collate

        return collate(items, self.config, train=train)

    def encoder(self) -> Encoder:
        """A new, untrained peak-set encoder."""
        from acml_plugin_nmr.encoder import PeakSetEncoder

        config = self.config
        return PeakSetEncoder(
            config.dim,
            config.width,
            config.layers,
            config.resolution_13c_ppm,
            config.resolution_1h_ppm,
            config.dropout,
        )

    def simulate(self, mol: Mol) -> NmrSignal:
        """Predicted shifts; see ``simulate_many``."""
        (found,) = self.simulate_many([mol])
        if isinstance(found, BadInput):
            raise found
        return found

    def simulate_many(self, mols: Sequence[Mol]) -> list[NmrSignal | BadInput]:
        """Shifts predicted by the bundled network, or by csp5, as ``config.simulator`` says."""
        if self.config.simulator == "csp5":
            from acml_plugin_nmr.simulate_csp5 import simulate_many as by_csp5

            return by_csp5(mols)
        from acml_plugin_nmr.simulate import simulate_many

        return simulate_many(mols, self.config.scatter, self.config.scatter_seed)

    def rerank(self, signal: NmrSignal, mols: Sequence[Mol]) -> np.ndarray:
        """Log likelihood of the peaks under each molecule's predicted shifts: ``(len(mols),)``."""
        from acml_plugin_nmr.shifts.match import log_likelihoods

        return log_likelihoods(signal, mols)

    def assign(self, signal: NmrSignal, mol: Mol) -> list[dict[str, Any]]:
        """Each peak with the atom that likeliest gives it; see ``shifts.match.assignment``."""
        from acml_plugin_nmr.shifts.match import assignment

        return assignment(signal, mol)

    def parts(self, signal: NmrSignal) -> list[Part]:
        """The distinct peaks of 13C and 1H."""
        from acml_plugin_nmr.parts import parts

        return parts(signal)

    def without(self, signal: NmrSignal, left_out: Sequence[int]) -> NmrSignal:
        """The signal less some of them."""
        from acml_plugin_nmr.parts import without

        return without(signal, left_out)

    def draw(self, signal: NmrSignal) -> Figure:
        """Stick spectra, one panel a nucleus."""
        from acml_plugin_nmr.draw import draw

        return draw(signal)

    def starter(self) -> Path:
        """About 2,000 molecules with shifts simulated by csp5."""
        return STARTER
