"""The peaks of an NMR sample, one by one: what an explanation leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acml_core.modality import Part
from acml_plugin_nmr.prepare import MERGE_PPM, NUCLEI
from acml_plugin_nmr.signal import NmrSignal

FIELDS = {
    "13C": ("shifts_13c", "multiplicity_13c"),
    "1H": ("shifts_1h", "multiplicity_1h", "integral_1h"),
}
"""Lists of a nucleus that go together, the shifts first."""

DECIMALS = {"13C": 1, "1H": 2}


def parts(signal: NmrSignal) -> list[Part]:
    """Every distinct shift of 13C and then of 1H, rising; equal entries are one part."""
    panels = [nucleus for nucleus in NUCLEI if getattr(signal, FIELDS[nucleus][0])]
    return [
        Part(f"{nucleus} {shift:.{DECIMALS[nucleus]}f} ppm", shift, shift, panels.index(nucleus))
        for nucleus, shift, _ in _groups(signal)
    ]


def without(signal: NmrSignal, left_out: Sequence[int]) -> NmrSignal:
    """The sample less some of its peaks."""
    gone: dict[str, set[int]] = {nucleus: set() for nucleus in NUCLEI}
    wanted = set(left_out)
    for number, (nucleus, _, members) in enumerate(_groups(signal)):
        if number in wanted:
            gone[nucleus].update(members)
    values = dict(signal)
    for nucleus, names in FIELDS.items():
        for name in names:
            kept = [one for i, one in enumerate(values[name]) if i not in gone[nucleus]]
            values[name] = tuple(kept)
    return NmrSignal(**values)


def _groups(signal: NmrSignal) -> Iterator[tuple[str, float, list[int]]]:
    """Nucleus, shift [ppm] and places in the list of each distinct peak."""
    for nucleus in NUCLEI:
        shifts = getattr(signal, FIELDS[nucleus][0])
        members: list[int] = []
        for place in sorted(range(len(shifts)), key=shifts.__getitem__):
            if members and shifts[place] - shifts[members[0]] >= MERGE_PPM[nucleus]:
                yield nucleus, shifts[members[0]], members
                members = []
            members.append(place)
        if members:
            yield nucleus, shifts[members[0]], members
