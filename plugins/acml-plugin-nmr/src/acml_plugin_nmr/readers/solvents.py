"""Names of NMR solvents and of peaks that are not the sample's, as papers write them."""

from __future__ import annotations

import re

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
_SAMPLE = re.compile(r"\d\s?H(?![\w'])|\d\s?[xC]|[+]|\bC-?\d|\bO-?H\b|\bN-?H\b")
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
