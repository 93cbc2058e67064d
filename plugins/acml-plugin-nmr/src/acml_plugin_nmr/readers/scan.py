"""One section's body to peaks with their annotations: a tokeniser, not a pattern for whole lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from acml_plugin_nmr.readers.solvents import MIXTURE, find_solvent

WIDE_RANGE_13C_PPM = 20.0
"""Two 13C numbers with a dash between and this far apart [ppm] are two peaks, not one range."""

PROSE_WORDS = 3
"""So many words of plain language in a row end a peak list."""

_NUM = r"(?:\d{1,5}(?:\.\d{1,5})?|\.\d{1,3})"
_SIGNED = rf"[-+]?{_NUM}"
_LIST = rf"{_NUM}(?:\s*(?:,|and|/|&|;|or)\s*{_NUM}){{0,9}}"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<coupling>
        (?<![A-Za-z])\d?[J𝐽](?![a-z])[^=≈:;\d]{{0,12}}(?:\d[^=≈:;]{{0,8}})?\s?[=≈:~]\s?(?:{_LIST}\s?Hz|{_NUM})
      | (?<![A-Za-z])\d?[J𝐽](?![a-z])(?:[A-Z,\-()'/]|\d(?=[A-Z,]))*\s+(?:{_LIST}\s?Hz|{_NUM}) )
  | (?P<delta>δ|\bppm\b\.?)
  | (?P<range>{_SIGNED}\s*(?:ppm\s*)?(?:-|~|\bto\b|\.\.\.?)\s*{_SIGNED}(?![\d.]*\d)(?!\s*(?:MHz|K\b|°)))
  | (?P<unit>{_SIGNED}\s*(?P<unitname>MHz|Hz|K\b|°\s?C?|%|cm-?1?\b|mg\b|mmol\b|mol\b|mL\b|g\b|
        nm\b|hr?\b|min\b|eV\b|equiv\b|Da\b|µL|μL))
  | (?P<count>(?<![\d.])\d{{1,2}}(?:\.\d)?\s?H(?![\w\-'=])
      | (?<![\d.])\d{{1,2}}\s?x\s?[A-Z]\w*
      | (?<![\d.])\d{{1,2}}C(?:H\d?)?(?![\w\-'=]))
  | (?P<locant>(?<![\d.])\d{{1,2}}[a-z]?['"]*(?:,\d+['"]*){{0,9}}-(?=[A-Za-z])[^\s,;()\[\]]*
      | (?<![\d.])\d{{1,2}}(?:['"]+[\w\-]*|(?![sdtqm]\b)(?!ppm)[A-Za-z][\w\-']*))
  | (?P<number>{_SIGNED}(?![\d]))
  | (?P<open>[(\[{{])
  | (?P<close>[)\]}}])
  | (?P<separator>[,;/&:=|]|-)
  | (?P<word>[^\W\d_][^\s,;()\[\]{{}}]*(?:,\d+['"]*(?![\d.,])){{0,9}})
  | (?P<period>\.)
  | (?P<other>.)
    """,
    re.X | re.S,
)
PEAK_LENGTH = 40
"""Most characters of a shift or range, looked at before a bracket that may be a peak's."""

_LOST_PEAK = re.compile(r"[,;]\s*(-?\d{1,3}\.\d+(?:\s?-\s?\d+\.\d+)?)\s*$")
_ANNOTATION = re.compile(r"[(\[]\s*(?:br|app|[sdtqm]{1,4}\b|\d{1,2}\s?H|CH|C\b)")
_STOP_UNITS = {"%", "mg", "mmol", "mol", "mL", "nm", "cm-1", "cm1", "cm", "eV", "Da", "g"}
_VOCABULARY = re.compile(
    r"(?:and|or|br|broad|bs|brs|app|apparent|over\w*|signals?|peaks?|both|each|for|of|the|major|minor|"
    r"rotamers?|isomers?|dia\w*|conformers?|mixture|carbons?|aromatic|arom|aryl|quaternary|methyl|"
    r"methylene|methine|carbonyl|sing?lets?|doublets?|triplets?|quartets?|multiplets?|quintets?|"
    r"[sdtqpm]{1,5}|sept|sext|quint?|hept|non|oct|exchang\w*|with|ca|approx|ipso|ortho|meta|para|"
    r"olefin\w*|vinyl\w*|aliphatic|obs\w*|not|missing|coincident|identical|plus|ppm|in|at|two|"
    r"three|four|cis|trans|endo|exo|syn|anti|axial|equatorial|ax|eq)\.?$",
    re.I,
)
_PLAIN = re.compile(r"[A-Za-z][a-z]{2,}[.:]?$")
_META = re.compile(
    r"MHz|\bppm\b|\bTMS\b|\d\s?K\b|°|\bDEPT|\bAPT\b|decoupl|rotamer|\br\.?t\.?\b|δ|isomer|major|minor|"
    r"mixture|\bCPD|Hz|std|internal|ratio|\bfree|salt|spectr",
    re.I,
)
_MHZ = re.compile(r"(\d{2,4}(?:[.,]\d+)?)\s?(?:-\s?)?(?:MHz|Mhz|MHZ|mhz)")
_OPENING = re.compile(
    r"""(?:
        (?P<mhz>\d{2,4}(?:[.,]\d+)?\s?-?\s?M[Hh][Zz])
        | (?P<kelvin>\d{2,3}(?:\.\d+)?\s?(?:K\b|°\s?C?))
      | δ(?:\s?/\s?ppm|\s?\(?\s?ppm\s?\)?|\s?(?:13C|1H|C|H)(?=[\s:=(]))?
      | \bd(?=\s*[=:]|\s*\(?\s*ppm|\s+[-(]?\s?\d)
      | \bppm\b | \bδ\b | [56](?=\s?[:=]?\s\d{1,3}\.\d)
      | N\.?M\.?R\.? | DEPTQ?[-\s]?\d{0,3} | APT | UDEFT | TMS | CPD | BBD?\b
      | (?:proton|1H)[-\s]?decoupled | \{\s?1H\s?\} | (?:int(?:ernal)?\.?\s)?st(?:andar)?d\.?
      | r\.?t\.?\b | room\ temperature
      | \b(?:in|at|with|and|as|on|shifts?|chemical|data|spectrum|spectra|major|minor|rotamers?|
            isomers?|peaks|signals)\b
      | [:=,;.|>\-/+]
    )""",
    re.X,
)


@dataclass
class Peak:
    """One shift [ppm] and the text that stands with it."""

    shift: float
    notes: list[str] = field(default_factory=list)
    end: int = 0

    @property
    def annotation(self) -> str:
        """All notes, joined by commas."""
        return ", ".join(self.notes)


@dataclass
class Scan:
    """What a section's body holds.

    Attributes:
        peaks: in the order of the text.
        solvent: as written, or "".
        mhz: spectrometer frequency [MHz] that the text gives, or None.
        hz: numbers that carry the unit Hz outside couplings.
        preamble: text before the peaks.
        prose: the list was ended by plain language.
    """

    peaks: list[Peak] = field(default_factory=list)
    solvent: str = ""
    mhz: float | None = None
    hz: list[float] = field(default_factory=list)
    preamble: str = ""
    prose: bool = False


def scan(body: str, nucleus: str = "") -> Scan:
    """Peaks of a section's body (normalised text behind the header)."""
    result = Scan()
    body = _after_preamble(body, result)
    if _decimal_comma(body):
        body = re.sub(r"(?<=\d),(?=\d)", ".", body)
    pending: list[str] = []
    words = 0
    position = 0
    while position < len(body):
        found = _TOKEN.match(body, position)
        assert found is not None  # the last alternative takes any character
        kind, text, start = found.lastgroup, found[0], position
        if found["unit"]:
            kind = "unit"
        position = found.end()
        if kind in ("range", "number") and start and _glued(body, start):
            kind = "locant"
        if kind == "range":
            low, high = _ends(text)
            if nucleus == "13C" and abs(high - low) > WIDE_RANGE_13C_PPM:
                result.peaks += [Peak(low, pending, position), Peak(high, [], position)]
            else:
                result.peaks.append(Peak(round((low + high) / 2, 5), pending, position))
            pending, words = [], 0
        elif kind == "number":
            result.peaks.append(Peak(float(text), pending, position))
            pending, words = [], 0
        elif kind == "open":
            inside, position = _inside(body, start)
            words = 0
            if result.peaks:
                result.peaks[-1].notes.append(inside)
                _share(result.peaks, inside)
        elif kind in ("coupling", "count", "locant", "word"):
            clean = text.rstrip(".:")
            if kind == "word" and _PLAIN.match(text) and not _VOCABULARY.match(text):
                words += 1
                if words >= PROSE_WORDS:
                    result.prose = True
                    break
            if result.peaks and not (kind == "word" and text.endswith(":")):
                result.peaks[-1].notes.append(clean)
            elif kind == "word" and text.endswith(":"):
                pending = [clean]
            if kind == "word" and text.endswith(".") and _sentence(body, position):
                result.prose = True
                break
        elif kind == "unit":
            unit = found["unitname"].replace(" ", "")
            if unit == "Hz":
                result.hz.append(float(re.match(_SIGNED, text)[0]))  # type: ignore[index]
            elif unit in _STOP_UNITS:
                result.prose = True
                break
        elif (kind == "period" or text.startswith("ppm.")) and _sentence(body, position):
            result.prose = True
            break
    return result


def _after_preamble(body: str, result: Scan) -> str:
    """The body without frequency, solvent and the like at its start; they go to ``result``."""
    position = 0
    while position < len(body):
        if body[position].isspace():
            position += 1
            continue
        if body[position] == "-" and re.match(r"-\.?\d", body[position:]):
            break
        if body[position] in "([{":
            inside, after = _inside(body, position)
            marked = re.search(r"δ[^\d]{0,12}(?=-?\d)", inside)
            if marked and len(re.findall(r"\d\.\d", inside[marked.end() :])) >= 2:
                _note(inside[: marked.end()], result)
                result.preamble = body[:position]
                return inside[marked.end() :] + " " + body[after:]
            meta = _META.search(inside) or MIXTURE.search(inside)
            if not meta and len(re.findall(r"\d\.\d", inside)) >= 2:
                return inside + " " + body[after:]
            _note(inside, result)
            position = after
            continue
        solvent = MIXTURE.match(body, position)
        opening = solvent or _OPENING.match(body, position)
        if opening is None or opening.end() == position:
            break
        _note(opening[0], result)
        position = opening.end()
    result.preamble = body[:position]
    rest = body[position:]
    # Words before a delta ("spectrum of the product, recorded in CDCl3: δ 170.1") are no list yet.
    if rest[:1].isalpha():
        marked = re.search(r"δ\s*(?:\(?ppm\)?)?\s*[:=]?", rest[:250])
        label = re.match(r"[A-Z][\w\-='\"]*\s*:?\s+-?\d", rest)
        if marked and not re.search(r"\d\.\d", rest[: marked.start()]):
            _note(rest[: marked.start()], result)
            return _after_preamble(rest[marked.start() :], result)
        if not marked and not label and len(re.findall(r"[a-z]{3,}", rest[:60].split(":")[0])) >= 2:
            colon = re.match(r"[^.\d:]{0,120}:", rest)
            if colon is None:
                return ""
            _note(colon[0], result)
            return rest[colon.end() :]
    return rest


def _note(text: str, result: Scan) -> None:
    result.solvent = result.solvent or find_solvent(text)
    result.mhz = result.mhz or frequency_mhz(text)


def frequency_mhz(text: str) -> float | None:
    """The first frequency [MHz] in a text, or None."""
    found = _MHZ.search(text)
    return float(found[1].replace(",", ".")) if found else None


def _inside(body: str, start: int) -> tuple[str, int]:
    """Text inside the bracket that opens at ``start``, and the position behind it.

    A bracket that is never closed ends before the next peak: "3.85 (s, 3H, 1.25 (t, 3H)".
    """
    depth = 0
    for position in range(start, len(body)):
        character = body[position]
        if character in "([{":
            if depth == 1:
                begin = max(start, position - PEAK_LENGTH)
                lost = _LOST_PEAK.search(body[begin:position])
                if lost and _ANNOTATION.match(body, position):
                    return body[start + 1 : begin + lost.start()], begin + lost.start()
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                return body[start + 1 : position], position + 1
    rest = body[start + 1 :]
    lost = re.search(r"[,;]\s*(?=-?\d{1,3}\.\d+\s*(?:[,;(.]|$))", rest)
    end = lost.start() if lost else len(rest)
    return rest[:end], start + 1 + end


def _ends(text: str) -> tuple[float, float]:
    found = re.match(rf"({_SIGNED})\s*(?:ppm\s*)?(?:-|~|to|\.\.\.?)\s*({_SIGNED})$", text)
    assert found is not None
    return float(found[1]), float(found[2])


def _glued(body: str, start: int) -> bool:
    """Whether the number at ``start`` belongs to a name before it: C-4, H5, sp3."""
    before = body[max(0, start - 2) : start]
    if before[-1:] == "δ":
        return False
    return bool(re.search(r"[^\W\d_]['\-]?$|[^\W\d_]-$", before)) and body[start] not in "+"


def _share(peaks: list[Peak], inside: str) -> None:
    """ "7.26, 7.10 (each d, 1H)": the bare peaks just before get the note too."""
    if not re.search(r"\b(?:each|both)\b", inside):
        return
    for peak in reversed(peaks[:-1]):
        if peak.notes and peak.notes != ["and"]:
            return
        peak.notes = [inside]


def _sentence(body: str, position: int) -> bool:
    """Whether a new sentence starts at ``position``: a capital word that is no annotation."""
    found = re.match(r"\s+([A-Z][A-Za-z]*)([^\s,;(]*)", body[position:])
    if not found:
        return False
    word = found[1]
    return len(word) > 1 and not re.match(r"(?:C|CH\d?|CO|Ar|Me|OMe|Ph|H|N|O|J)(?![a-z])", word)


def _decimal_comma(body: str) -> bool:
    """Whether "170,1" means 170.1 here: no decimal point, and commas that join two figures."""
    outside = _outside(body)
    if re.search(r"\d\.\d", outside):
        return False
    pairs = re.findall(r"(?<![\d,])\d{1,3},\d{1,3}(?!,?\d)", outside)
    chains = re.findall(r"\d,\d+,\d", outside)
    return bool(pairs) and not chains


def _outside(body: str) -> str:
    """``body`` without what stands in brackets."""
    kept, depth = [], 0
    for character in body:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(character)
    return "".join(kept)
