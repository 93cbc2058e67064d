"""THE contract of a modality plugin. An author of a plugin needs to read only this file.

A *modality* is one kind of chemical measurement: 13C and 1H NMR, mass spectra, infrared spectra. A
plugin subclasses three things:

``Signal``
    one measurement as data, in stated units. Its fields are the columns of the modality's tables.
``Encoder``
    a torch module from a collated batch of signals to ``(B, dim)`` float32.
``Modality``
    reads files, prepares a signal as arrays, collates arrays into a batch, makes the encoder.

The plugin never sees molecules, graphs, the trainer or the loss; the core never sees what a signal
means. The only way through is ``read -> Signal -> prepare -> collate -> encoder``.

Importing this module does not import torch: ``Encoder`` is resolved when first asked for.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from acml_core.config import Settings
from acml_core.errors import BadInput, Unsupported

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from rdkit.Chem import Mol

    from acml_core.encoder import Encoder

    Batch = dict[str, torch.Tensor]

API = 1
"""Version of this contract. A plugin states the one it was written for in ``Modality.api``."""

OnReject = Callable[[BadInput], None]
"""Called with each record that a reader had to leave out, so that the rest can go on."""

__all__ = ["API", "Encoder", "Modality", "OnReject", "Settings", "Signal"]


class Signal(BaseModel):
    """One measurement of one sample, in stated units. A plugin subclasses it.

    The subclass's own fields are the columns of the modality's tables; every one needs a default
    that means "not measured". The two fields here are about the record, not the measurement, and no
    encoder may see them.

    Attributes:
        smiles: structure of the sample where the file states one, else "".
        origin: where it was read: file, and record or line. For messages and results.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    smiles: str = ""
    origin: str = ""

    @classmethod
    def columns(cls) -> list[str]:
        """Names of the measured fields, in order: the modality's table columns."""
        return [name for name in cls.model_fields if name not in Signal.model_fields]

    @property
    def missing(self) -> bool:
        """True when nothing was measured: such a row is neither trained on nor a query.

        The default says so when every measured field still has its default. Override it where some
        fields (a solvent, an instrument) are no measurement by themselves.
        """
        return not self.filled

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the measured fields that are not at their default, in order."""
        return tuple(
            name
            for name in self.columns()
            if getattr(self, name)
            != type(self).model_fields[name].get_default(call_default_factory=True)
        )

    def only(self, fields: Sequence[str]) -> Signal:
        """A copy with every measured field but ``fields`` set back to "not measured"."""
        keep = set(fields) | set(Signal.model_fields)
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set & keep})


class Part(NamedTuple):
    """One part of a signal: a peak, a band.

    Attributes:
        label: what a chemist calls it, with its unit: "13C 128.4 ppm".
        low, high: where it lies on the horizontal axis of ``draw``, in that axis's unit; equal for
            a line.
        panel: number of the axes in ``draw``'s figure that it lies in.
    """

    label: str
    low: float
    high: float
    panel: int = 0


class Modality(ABC):
    """One kind of measurement: how to read it, prepare it and encode it.

    Class attributes:
        name: equals the entry point's name, e.g. ``"nmr"``.
        api: the contract's version that the plugin was written for.
        signal: the plugin's ``Signal`` subclass.
        suffixes: lower-case file suffixes that ``read`` accepts, with the dot.
        formats: names that ``acml data import FORMAT`` may give to ``read``.
        derived: True when the signal is a drawing of the structure itself (a SMILES string, a
            depiction) and not a measurement: a table without its columns is then filled by
            ``simulate``.
        drawings: of a derived modality: signals that training draws of each molecule then, each
            at random. Evaluation draws one.
        reranked: best candidates that ``rerank`` is asked of by default.
    """

    name: ClassVar[str]
    api: ClassVar[int] = API
    signal: ClassVar[type[Signal]]
    suffixes: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = ()
    derived: ClassVar[bool] = False
    drawings: int = 1
    reranked: ClassVar[int] = 50

    class Config(Settings):
        """Every number that changes what ``prepare`` or ``encoder`` gives."""

    def __init__(self, config: Any = None) -> None:
        self.config: Any = config if config is not None else self.Config()

    # ---- required -------------------------------------------------------------------------------

    @abstractmethod
    def read(
        self,
        source: Path | str,
        *,
        format: str | None = None,
        on_reject: OnReject | None = None,
    ) -> Iterator[Signal]:
        """Read a file, a folder (where the format is one) or literal text.

        Args:
            source: a path, or the text itself.
            format: one of ``formats`` when the suffix does not tell; None to find out.
            on_reject: receives each bad record of a file whose other records are good. Without it
                the first bad record is raised.

        Yields:
            one ``Signal`` a spectrum, ``origin`` filled, ``smiles`` where the file states one.

        Raises:
            BadInput: nothing could be read; says file, line and remedy.
        """

    @abstractmethod
    def prepare(self, signal: Any) -> dict[str, np.ndarray]:
        """A signal as arrays without a batch axis. Pure and deterministic.

        The subclass's docstring states each array's shape, dtype and unit. ``signal.smiles`` and
        ``signal.origin`` must not be looked at.
        """

    @abstractmethod
    def collate(self, items: Sequence[dict[str, np.ndarray]], *, train: bool) -> Batch:
        """Stack prepared signals into tensors with a leading batch axis ``B``, padding as needed.

        Augments only when ``train``; randomness comes from torch's default generator, which the
        trainer seeds. ``len`` of every tensor is ``B``.
        """

    @abstractmethod
    def encoder(self) -> Encoder:
        """A new encoder for ``self.config``. Downloads nothing."""

    # ---- optional -------------------------------------------------------------------------------

    def augment(self, batch: Batch) -> Batch:
        """A batch of ``collate(items, train=True)`` changed at random, on the device it lies on.

        For changes that are dear to compute: beside a GPU, ``collate`` works on the CPU. Randomness
        comes from the device's default generator. By default nothing is left to change.
        """
        return batch

    def simulate(self, mol: Mol) -> Signal:
        """The signal that ``mol`` would give, computed.

        Deterministic; but a derived modality may draw it in another style each time, with torch's
        default generator, which the core seeds for each molecule.
        """
        raise self._unsupported("simulate signals")

    def simulate_many(self, mols: Sequence[Mol]) -> Sequence[Signal | BadInput]:
        """``simulate`` of each; a molecule that fails has its error in the list.

        Override it where many molecules at once are faster: the core then calls this alone.
        """
        found: list[Signal | BadInput] = []
        for mol in mols:
            try:
                found.append(self.simulate(mol))
            except BadInput as error:
                found.append(error)
        return found

    def rerank(self, signal: Any, mols: Sequence[Mol]) -> np.ndarray:
        """A second opinion on the best candidates: ``(len(mols),)`` scores, higher is better.

        Args:
            mols: the candidates, the likeliest by the model's scores first: a slow opinion may leave
                out the others once one of these is beyond doubt.
        """
        raise self._unsupported("rerank candidates")

    def assign(self, signal: Any, mol: Mol) -> list[dict[str, Any]]:
        """Which part of the measurement is which part of the molecule: rows of plain data.

        Shown beside a reranked candidate; an atom is its index in ``mol``.
        """
        raise self._unsupported("assign signals to atoms")

    def parts(self, signal: Any) -> Sequence[Part]:
        """What the measurement consists of, such as its peaks; for explanations.

        The order is the plugin's, and the same each time; ``without`` counts in it.
        """
        raise self._unsupported("split a signal into parts")

    def without(self, signal: Any, left_out: Sequence[int]) -> Signal:
        """The signal less some of its parts, numbers of ``parts(signal)``; none is allowed.

        ``prepare`` of the signal and of ``without(signal, ())`` agree. At least one part is left.
        """
        raise self._unsupported("split a signal into parts")

    def similarity(
        self, queries: Sequence[Any], references: Sequence[Any]
    ) -> Iterator[Mapping[str, np.ndarray]]:
        """Named similarities of measurements to others, without any model: for baselines.

        Yields:
            for each query in order ``{name: (len(references),)}``, finite, 0 where nothing is in
            common or two measurements are not comparable, higher is more alike. The names are the
            same for every query; each becomes a row of the evaluation.
        """
        raise self._unsupported("compare signals")

    def draw(self, signal: Any) -> Figure:
        """A matplotlib figure of the signal, axes labelled with units."""
        raise self._unsupported("draw signals")

    def starter(self) -> Path:
        """A small bundled table, so that a first training runs at once."""
        raise self._unsupported("offer a starter table")

    # ---- given ----------------------------------------------------------------------------------

    @classmethod
    def supports(cls, optional: str) -> bool:
        """Whether the plugin implements an optional method, by name."""
        return getattr(cls, optional) is not getattr(Modality, optional)

    @classmethod
    def recipes(cls) -> Mapping[str, Path]:
        """Named training settings that the plugin ships: ``recipes/*.toml`` beside its module."""
        return cls._beside("recipes")

    @classmethod
    def maps(cls) -> Mapping[str, Path]:
        """Column maps of public data sets that the plugin ships: ``maps/*.toml``."""
        return cls._beside("maps")

    @classmethod
    def protocols(cls) -> Mapping[str, Path]:
        """Named ways to evaluate on public data sets that the plugin ships: ``protocols/*.toml``."""
        return cls._beside("protocols")

    @classmethod
    def _beside(cls, folder: str) -> Mapping[str, Path]:
        module = sys.modules[cls.__module__]
        place = Path(inspect.getfile(module)).parent / folder
        return {path.stem: path for path in sorted(place.glob("*.toml"))}

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(
            f"the plugin {self.name!r} does not {what}",
            remedy=f"'acml plugins info {self.name}' lists what it does.",
        )


def __getattr__(name: str) -> Any:
    if name == "Encoder":
        from acml_core.encoder import Encoder

        return Encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
