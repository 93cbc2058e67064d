"""How much each of several measurements counts, and how sure their joint answer is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from acml_core.config import Settings
from acml_core.errors import BadInput
from acml_core.files import write_text


class Fusion(Settings):
    """What ``acml eval fusion`` fits on validation molecules, and ``acml search --weights`` takes.

    Attributes:
        weights: by modality, of its log likelihood; 1 for one that is not named.
        sure: as of ``acml_core.probability.Point``, for the best candidate of each combination of
            modalities; see ``combination``.
    """

    weights: dict[str, float]
    sure: dict[str, tuple[float, float]] = Field(default_factory=dict)

    @classmethod
    def of(cls, given: Fusion | Mapping[str, float] | str | Path | None) -> Fusion:
        """From what a caller may give: bare weights, or a file.

        Raises:
            BadInput: a file that does not hold this.
        """
        if isinstance(given, Fusion):
            return given
        if given is None or isinstance(given, Mapping):
            return cls(weights=dict(given or {}))
        return cls.read(Path(given))

    @classmethod
    def read(cls, path: Path) -> Fusion:
        """What ``write`` wrote.

        Raises:
            BadInput: another file.
        """
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError, ValueError):
            raise BadInput(
                "no weights can be read", source=path, remedy="Give what 'acml eval fusion' wrote."
            ) from None

    def write(self, path: Path) -> None:
        """As JSON."""
        write_text(path, self.model_dump_json(indent=1))

    def weight(self, modality: str) -> float:
        """Of its log likelihood."""
        return self.weights.get(modality, 1.0)

    def sure_of(self, modalities: Iterable[str]) -> tuple[float, float] | None:
        """For an answer from these measurements; None where nothing was fitted."""
        return self.sure.get(combination(modalities))


def combination(modalities: Iterable[str]) -> str:
    """The name of some modalities together: ``ir+ms+nmr``."""
    return "+".join(sorted(modalities))
