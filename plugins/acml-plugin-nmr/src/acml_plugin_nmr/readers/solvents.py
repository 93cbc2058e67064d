"""Names of NMR solvents and of peaks that are not the sample's, as papers write them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

_ONE = r"""
    \[?[dD]_?\d{0,2}\]?-?(?:DMSO|acetone|chloroform|benzene|toluene|methanol|MeOH|acetonitrile|MeCN|
        CH3CN|THF|pyridine|DMF|TFA|dioxane|DCM|TCE|acetic\ acid|AcOH|EtOH|ethanol|nitromethane)
  | (?:DMSO|acetone|chloroform|benzene|toluene|methanol|MeOH|acetonitrile|MeCN|CH3CN|THF|pyridine|
        DMF|TFA|dioxane|DCM|dichloromethane|TCE|tetrachloroethane|dimethyl\ ?sulfoxide|
        tetrahydrofuran|acetic\ acid|AcOH|EtOH|ethanol|nitromethane|cyclohexane|bromobenzene|o-DCB|
        1,2-dichlorobenzene|1,1,2,2-tetrachloroethane|dimethylformamide|Me2SO)
        (?:\s?-?\s?[\[(]?[dD]_?\d{1,2}[\])]?|-[dD](?![a-z]))?(?![a-z])
  | CDCl3 | CHCl3 | CD2Cl2 | CH2Cl2 | \(?CD3\)?2SO | \(?CD3\)?2CO | CD3COCD3 | CD3SOCD3 | C6D6
  | C6D5H | C6HD5 | CHDCl2 | CDHCl2 | CHD2OD | CD2HOD | CHD2CN | CD2HCN | C6H6
  | C7D8 | C6D5CD3 | CD3OD | CD3OH | CH3OH | MeOD(?:-d\d)? | CD3CN | D2O | H2O | HDO | HOD
  | C4D8O | C5D5N | CCl4 | CF3CO2D | CF3COOD | CF3CO2H | CDCl2CDCl2 | C2D2Cl4 | \(?CDCl2\)?2
  | NaOD | KOD | DCl | CD3NO2 | CD3COOD | CD3CO2D | C6D5Br | C6D5Cl | C6D12 | C6D4Cl2 | DCON\(CD3\)2
  | C2D5OD | CS2 | D2SO4 | HMPA
"""
SOLVENT = re.compile(rf"(?<![A-Za-z0-9])(?:{_ONE})(?![A-Za-z0-9])", re.X | re.I)
"""One solvent name."""

MIXTURE = re.compile(
    rf"(?<![A-Za-z0-9])(?:{_ONE})(?:\s?(?:[/+:]|-|and)\s?(?:{_ONE}))*(?![A-Za-z0-9])", re.X | re.I
)
"""One solvent or several joined by / + : -."""

_NOT_SAMPLE = re.compile(
    r"\b(?:solvent|residual|water|TMS|tetramethylsilane|internal standard|int\.? ?std\.?|grease|"
    r"impurit(?:y|ies)|reference|ref\.|satellites?)\b",
    re.I,
)
_SAMPLE = re.compile(
    r"\d\s?H(?![\w'])|\d\s?[xC]|[+]|\bC-?\d|\bO-?H\b|\bN-?H\b"
    r"|(?i:\b(?:overlap(?:s|ped|ping|\s+with)|under|beneath|obscured|hidden|masked)\b)"
)
"""Of the sample all the same: hydrogens or carbons are counted, or a solvent's peak lies on it."""

_LETTERS = re.compile(
    r"\b(?:br|s|d|t|q|quint|quin|p|sept|hept|m|1:1:1|dd|[Jj]\s?\S*\s?=\s?[\d.]+( Hz)?)\b"
)


def find_solvent(text: str) -> str:
    """The first solvent (or mixture) named in ``text``, as written, or ""."""
    found = MIXTURE.search(text)
    return " ".join(found[0].split()) if found else ""


def is_not_sample(annotation: str) -> bool:
    """Whether a peak's annotation says that it is a solvent, water or reference peak."""
    if not annotation or _SAMPLE.search(SOLVENT.sub(" ", annotation)):
        return False
    if _NOT_SAMPLE.search(annotation):
        return True
    if not SOLVENT.search(annotation):
        return False
    rest = _LETTERS.sub(" ", SOLVENT.sub(" ", annotation))
    return not re.search(r"[A-Za-z]{2}", rest.replace("overlap", "").replace("peak", ""))


@dataclass(frozen=True)
class Multiplet:
    """A solvent's 13C multiplet.

    Attributes:
        centre: its middle line [ppm].
        near: how far from there the middle of a list's lines may be [ppm].
        least, lines: so many lines must be in a row; so many it has.
    """

    centre: float
    near: float
    least: int
    lines: int


MULTIPLETS = (
    Multiplet(77.12, 0.23, 3, 3),  # CDCl3
    Multiplet(39.52, 0.8, 5, 7),  # DMSO-d6
    Multiplet(49.0, 0.8, 5, 7),  # CD3OD
    Multiplet(29.84, 0.8, 5, 7),  # acetone-d6
    Multiplet(53.84, 0.8, 5, 5),  # CD2Cl2
)
"""Multiplets that are known in an unmarked list by their even spacing. Centres: Fulmer et al.,
Organometallics 2010, 29, 2176, doi:10.1021/om100106e."""

SPACING_PPM = (0.1, 0.65)
"""Spacing of their lines [ppm]: 19 to 32 Hz at 50 to 200 MHz."""

UNEVEN_PPM = (0.03, 0.11)
"""How much spacings may differ [ppm]: among shifts with two decimals, and with one."""


def find_multiplet(shifts: Sequence[float]) -> tuple[int, int] | None:
    """First place and number of a solvent's lines in a list of bare 13C shifts [ppm], or None."""
    for kind in MULTIPLETS:
        for count in range(kind.lines, kind.least - 1, -1):
            for start in range(len(shifts) - count + 1):
                if _even(shifts[start : start + count], kind):
                    return start, count
    return None


REFERENCES = (
    (re.compile(r"CDCl3|chloroform", re.I), (77.16, 77.0)),
    (re.compile(r"DMSO|\(CD3\)2SO", re.I), (39.52, 39.5)),
    (re.compile(r"CD3OD|MeOD|methanol|MeOH", re.I), (49.0, 49.15)),
    (re.compile(r"acetone|\(CD3\)2CO", re.I), (29.84, 206.26)),
    (re.compile(r"CD2Cl2|DCM|dichloromethane", re.I), (53.84, 54.0)),
    (re.compile(r"C6D6|benzene", re.I), (128.06, 128.39)),
    (re.compile(r"CD3CN|acetonitrile|MeCN", re.I), (1.32, 118.26)),
)
"""13C shifts [ppm] to which spectra in a solvent are referenced: those above, and older ones."""


def is_reference(shift: float, decimals: int, solvent: str) -> bool:
    """Whether a bare 13C shift is to two decimals the one that its spectrum was referenced to."""
    if decimals < 2:
        return False
    return any(shift in values for name, values in REFERENCES if name.search(solvent))


def _even(lines: Sequence[float], kind: Multiplet) -> bool:
    middle = sum(lines) / len(lines)
    if not abs(middle - kind.centre) <= kind.near:
        return False
    steps = [first - second for first, second in itertools.pairwise(lines)]
    low, high = SPACING_PPM
    if not all(low - 1e-6 <= abs(step) <= high and step * steps[0] > 0 for step in steps):
        return False
    coarse = all(round(one, 1) == one for one in lines)
    return max(steps) - min(steps) <= UNEVEN_PPM[coarse] + 1e-6
