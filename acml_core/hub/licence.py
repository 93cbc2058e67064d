"""The licence of a model's weights, and whether the data's allow it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acml_core.errors import BadInput
from acml_core.info import SETS, WEIGHTS_LICENCE, Info
from acml_core.published import Data, non_commercial

JOINED = " + "
"""Between the licences of several data sets."""


def licence_for(given: str | None, of_data: str) -> str:
    """The licence of the weights.

    Args:
        given: what was asked for; None or "" for the data's own.
        of_data: as the data state it.

    Raises:
        BadInput: none is known, or the data forbid what it would allow.
    """
    licence = (given or of_data).strip()
    if not licence:
        raise BadInput(
            "no licence: the data state none and none was given",
            remedy="Give --licence, e.g. --licence cc-by-4.0; it must fit the data's.",
        )
    if non_commercial(of_data) and not non_commercial(licence):
        raise BadInput(
            f"the licence {licence!r} allows commercial use, and the data's ({of_data}) does not",
            remedy="Give a non-commercial licence, e.g. --licence cc-by-nc-sa-4.0.",
        )
    return licence


def of_data(info: Info, data: Sequence[Data] = ()) -> str:
    """Licences of a model's data, as its tables state them and as ``data`` adds."""
    stated = [info.data_licence, *(one.licence for one in data)]
    parts = [part for one in stated for part in one.split(JOINED) if part]
    return JOINED.join(dict.fromkeys(parts))


def stated(info: Info, licence: str | None, data: Sequence[Data]) -> dict[str, Any]:
    """What acml.json is to say of data and licences, for a model that is written again.

    Args:
        licence: of the weights; None for what it says already.
        data: sets with their licences, for tables that do not state theirs.

    Raises:
        BadInput: as ``licence_for``.
    """
    whole = of_data(info, data)
    sets = [one.model_dump(exclude_defaults=True) for one in data] or info.sets
    return {
        "licence": whole,
        SETS: sets,
        WEIGHTS_LICENCE: licence_for(licence or info.licence, whole),
    }
