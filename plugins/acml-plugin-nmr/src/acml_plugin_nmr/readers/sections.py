"""Where in a paragraph each nucleus's peak list begins and ends.

A section runs from its header to the next header: of the same or another nucleus, or of any other
measurement (mass, infrared, melting point, elemental analysis, rotation).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUCLEUS = (
    r"(?P<{0}>13\s?-?\s?C|C\s?-?\s?13|1\s?-?\s?H|H\s?-?\s?1|\d{{1,3}}\s?-?\s?[A-Z][a-z]?"
    r"|carbon(?:-13)?|proton|[CHFP])"
)
_DECOUPLED = r"(?:\s*-?\s*[{\[(]\s*1\s?H\s*[}\])])"
_DECOUPLED_BEFORE = r"(?:[{\[(]\s*1\s?H\s*[}\])]\s*-?\s*)?"

_HEADER = re.compile(
    "|".join(
        (
            # 13C NMR, 13C{1H} NMR, {1H}13C NMR, 13C-NMR, C NMR, carbon NMR, 13C DEPTQ NMR
            rf"(?<![\w{{]){_DECOUPLED_BEFORE}{_NUCLEUS.format('a')}{_DECOUPLED}?"
            r"\s*-?\s*(?:(?:DEPTQ?|APT|UDEFT|CPD|MAS)(?:[\s-]?\d{2,3})?\s*-?\s*)?"
            r"(?:N\.?M\.?R\b|R\.?M\.?N\b)\.?",
            # NMR 13C, NMR (13C, ...), RMN 1H, NMR-13C
            rf"\b(?:N\.?M\.?R|R\.?M\.?N|ЯMP)\.?\s*(?:d[eu]\s+)?(?:\(\s*(?=[^)]*\)|[^)]*$))?-?\s*"
            rf"{_NUCLEUS.format('b')}"
            rf"{_DECOUPLED}?(?![\w'])(?!\s*-?\s*N\.?M\.?R)",
            # δC, δ_H (400 MHz ...), δ(13C), dH (
            r"δ\s?(?:\(\s?)?(?P<c>13\s?C|1\s?H|(?:C|H|F|P|B|N|Si|Se|Sn|Pt)(?![\w=]|-\d|\s?-\s?\d))"
            rf"{_DECOUPLED}?(?:\s?\))?",
            r"(?<!\w)d(?P<d>[CHFP])(?=\s?[(:=]|\s+\d)",
            # a line that starts with 13C: or 1H (400 MHz, CDCl3)
            rf"(?:(?<=^)|(?<=[\n.;]))\s*(?P<e>13\s?C|1\s?H|19\s?F|31\s?P|11\s?B){_DECOUPLED}?"
            r"(?=\s*[:=δ]|\s*\([^)]{0,60}(?:MHz|CDCl3|DMSO|D2O|CD3|C6D6|acetone)|,?\s*δ)",
            # 13C APT (101 MHz, ...): experiments that show every carbon
            r"(?<![\w{])(?P<g>13\s?C)\s*-?\s*(?:DEPTQ|APT|JMOD|UDEFT|SEFT|PENDANT|CPD)(?:[\s-]?\d{2,3})?"
            r"(?=\s*[(:])",
            # NMR without a nucleus
            r"\b(?P<f>N\.?M\.?R)\b\.?(?=\s*(?:\([^)]*(?:MHz|CDCl3|DMSO|D2O|CD3|C6D6|acetone)|[:=]|δ))",
        )
    ),
    re.M,
)

_STOP = re.compile(
    r"""
    (?<![\w-])(?:
        HR[-\s]?(?:\(?[A-Z]+[+-]?\)?[-\s]?)?MS | LR[-\s]?MS
        | (?:ESI|EI|CI|FAB|APCI|MALDI|LC|GC|UPLC|TOF|DART|FD)
        [-\s/+()]*(?:TOF|HR|ESI|Q|UV)?[-\s/+()]*MS
        | MS(?=\s*[(:/,=]|\s+(?:m/z|\(|ESI|EI|calc|found|\d)) | [Mm]/[Zz] | m/e
        | [Ee]xact\ [Mm]ass | [Mm]olecular\ (?:[Ww]eight|[Ff]ormula|[Ii]on|[Mm]ass)
        | M\.?W\.?(?=[\s:=]*\d)
        | [Mm]ass\ [Ss]pectr | requires(?=\s+\d) | QTOF | Orbitrap
      | (?:FT[-\s]?|ATR[-\s]?)*IR(?=\s*[(:,/]|\s+(?:\(|ν|neat|KBr|film|ATR|\d|v|cm)) | ν\s?max
      | νmax | vmax | FT-?IR
      | UV(?:[-/]?[Vv]is)?(?=\W) | λ\s?max | M\.?\s?p\.?(?=\s*[:=.(]|\s+(?:\d|>|[a-z]+\s))
      | m\.\s?p\. | mp\b | [Mm]elting\ [Pp]oint
      | b\.?p\.?(?=\s*[:=.(]|\s+\d) | R[fF]?f?(?=\s*[=:(]|\s+0\.\d|\s+value) | \[\s?[αaA]\s?\]
      | (?:dr|d\.r\.|er|e\.r\.|rr|r\.r\.|ee|e\.e\.|de|d\.e\.|E/Z|Z/E)(?=\s*[:=>]|\s+\d)
      | TLC | HPLC | UPLC | SFC | GC(?=\s*[(:])
      | Anal(?:\.|ysis|ytical)? (?=[\s:.,]) | Elemental | [Cc]alcd? | [Cc]alc'?d | Calculated
      | [Ff]ound(?=\s*[:(,\d])
      | t_?R(?=\s*[=:]) | [Yy]ield | CCDC | CAS\b | X-ray | Crystal | CHN
      | EA(?=:) | [Ll]it(?:erature|\.)(?=[\s:.,]|\d)
      | (?:DEPT|APT|HSQC|HMQC|HMBC|COSY|NOESY|ROESY|TOCSY|INADEQUATE|EXSY|
        gCOSY|gHSQC|gHMBC)(?:Q)?(?:[-\s]?\d{2,3})?(?=\s*[(:,δ]|\s+NMR)
      | 2D\ NMR | EPR | ESR | CV(?=\s*[(:]) | CD(?=\s*\() | Purity | (?:Optical\ )?[Rr]otation
      | White\ (?:solid|powder) | Spectro?scopic
      | C\d{1,3}H\d{1,3}(?:[A-Z][a-z]?\d{0,3})*(?=\s*(?:\(\d|\[M|[:+]|requires|calc|\d{3}\.))
    )
    # [M + H]+ 181.1, (ESI) 181.1
    | \[\s*M\s*(?:[+\-\]])
    | \((?:HR-?)?(?:ESI|EI|CI|FAB|APCI|MALDI)[+\-]?(?:-?(?:HR)?MS)?\)(?=\s*:?\s*\d)
    """,
    re.X,
)

_SPECIES = re.compile(
    r"""
    [(\[]?\s*(?<![\w-])(?:for\s+the\s+)?
    (?:
        (?P<rank>[Mm]ajor|[Mm]inor)\b[^\d,;:()\[\]δ]{0,30}
      | (?P<kind>\(?(?:[EZ]|[Cc]is|[Tt]rans|[Ss]yn|[Aa]nti|[Ee]ndo|[Ee]xo)\)?)
        [-\s](?:isomer|rotamer|diastereo(?:iso)?mer|conformer|compound)
      | (?:[Ii]somer|[Rr]otamer|[Dd]iastereo(?:iso)?mer|[Cc]onformer)\s+(?P<name>[ABab12]|I{1,2})\b
    )
    \s*[)\]]?\s*(?:[:=]\s*δ?|δ)\s*[:=]?\s*(?=-?\d)
    """,
    re.X,
)
"""The label of one of several species in one spectrum: "minor isomer: δ 171.9"."""

_CARBON = {"C", "13C", "C13", "CARBON", "CARBON13"}
_PROTON = {"H", "1H", "H1", "PROTON"}
_LETTER = {
    "F": "19F",
    "P": "31P",
    "B": "11B",
    "N": "15N",
    "SI": "29Si",
    "SE": "77Se",
    "SN": "119Sn",
}
_LETTER |= {"PT": "195Pt"}
_ISOTOPE = re.compile(r"(\d{1,3})([A-Za-z]{1,2})$")


@dataclass(frozen=True)
class Section:
    """One nucleus's part of a text.

    Attributes:
        nucleus: "13C", "1H", "" (the header does not say) or another, e.g. "19F".
        body: text from behind the header to the next one.
        line: 1-based line of the header.
        header: the header as written.
        species: 0, or 1 and more for the further ones of a mixture: the minor isomer, say.
    """

    nucleus: str
    body: str
    line: int
    header: str
    species: int = 0


def split(text: str) -> tuple[list[Section], str]:
    """Sections of a normalised text in their order, and the text before the first one."""
    marks: list[tuple[int, int, str | None, str]] = []
    for found in _HEADER.finditer(text):
        if _GROUPS.match(text, found.start()):
            continue  # "δ C: 170.1; CH: 128.4" lists carbons by their hydrogens
        written = next(value for value in found.groups() if value)
        nucleus = _name(written, bare=found.lastgroup in ("d",))
        if nucleus is not None:
            marks.append((found.start(), found.end(), nucleus, found[0]))
    headers = [(start, end) for start, end, _, _ in marks]
    for found in _STOP.finditer(text):
        inside = any(start <= found.start() < end for start, end in headers)
        if not inside and _depth(text, headers, found.start()) == 0:
            marks.append((found.start(), found.end(), None, found[0]))
    labels = [
        found for found in _SPECIES.finditer(text) if headers and found.start() > headers[0][0]
    ]
    marks += [(found.start(), found.end(), _SAME, found[0]) for found in labels]
    marks.sort(key=lambda mark: mark[0])
    numbers = _numbered([(found["rank"] or found["kind"] or found["name"]) for found in labels])
    species_at = {found.start(): one for found, one in zip(labels, numbers, strict=True)}
    sections: list[Section] = []
    current = None
    for number, (start, end, nucleus, header) in enumerate(marks):
        if nucleus is None or (nucleus == _SAME and current is None):
            current = None
            continue
        current = current if nucleus == _SAME else nucleus
        stop = marks[number + 1][0] if number + 1 < len(marks) else len(text)
        line = text.count("\n", 0, start + len(header) - len(header.lstrip())) + 1
        species = species_at.get(start, 0)
        sections.append(Section(current, text[end:stop], line, header.strip(), species))  # type: ignore[arg-type]
    before = text[: marks[0][0]] if marks else text
    return sections, before


_SAME = "same"
"""In place of a nucleus: that of the section before."""

_GROUPS = re.compile(r"δ\s(?=C\s?:[^\n]{0,600}\bCH[23]?\s?:)")


def _numbered(names: list[str]) -> list[int]:
    """Species by their names: the major one is 0, the minor one 1; others as they are mentioned."""
    ranked = any(name.lower() in ("major", "minor") for name in names)
    number = {"major": 0, "minor": 1} if ranked else {}
    for name in names:
        number.setdefault(name.lower(), len(number))
    return [number[name.lower()] for name in names]


def _name(written: str, *, bare: bool) -> str | None:
    key = re.sub(r"[\s-]", "", written).upper()
    if key.startswith("N.") or key == "NMR":
        return ""
    if key in _CARBON:
        return "13C"
    if key in _PROTON:
        return "1H"
    if key in _LETTER:
        return _LETTER[key]
    isotope = _ISOTOPE.match(key)
    if isotope:
        return f"{isotope[1]}{isotope[2].capitalize()}"
    return None if bare else key


def _depth(text: str, headers: list[tuple[int, int]], position: int) -> int:
    """Whether ``position`` lies inside brackets opened since the last header (1) or not (0)."""
    start = max((end for _, end in headers if end <= position), default=0)
    depth = 0
    for character in text[max(start, position - 80) : position]:
        if character in "([":
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
    return 1 if depth else 0
