"""One section's body to peaks with their annotations: a tokeniser, not a pattern for whole lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from acml_plugin_nmr.readers.annotations import hydrogens_on_carbon
from acml_plugin_nmr.readers.solvents import MIXTURE, find_solvent

WIDE_RANGE_13C_PPM = 20.0
"""Two 13C numbers with a dash between and this far apart [ppm] are two peaks, not one range."""

HIGHEST_NEGATIVE_13C_PPM = 15.0
"""In "21.0 -3.1" the dash is a minus where the second 13C number is no higher than this [ppm]."""

SEPARATED_SHARE = 0.5
"""A list has separators where so many of its shifts stand behind one; a bare integer that stands
behind none is then an atom's or a page's number."""

PROSE_WORDS = 3
"""So many words of plain language in a row end a peak list."""

_NUM = r"(?:\d{1,5}(?:\.\d{1,5})?|(?<!\d)\.\d{1,3})"
_SIGNED = rf"[-+]?{_NUM}"
_LIST = rf"{_NUM}(?:\s*(?:,|and|/|&|;|or)\s*{_NUM}){{0,9}}"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<coupling>
        (?<![A-Za-z])\d?[J𝐽](?![a-z])[^=≈:;\d]{{0,12}}(?:\d[^=≈:;]{{0,8}})?\s?[=≈:~]\s?(?:{_LIST}\s?Hz|{_NUM})
      | (?<![A-Za-z])\d?[J𝐽](?![a-z])(?:[A-Z,\-()'/]|\d(?=[A-Z,]))*\s+(?:{_LIST}\s?Hz|{_NUM}) )
  | (?P<delta>δ|\bppm\b\.?)
  | (?P<error>(?:±|\+/-)\s*{_NUM})
  | (?P<heading>(?<![\w)\]])(?:[A-Za-z][A-Za-z0-9=\-']*\s){{0,3}}(?:[A-Za-z][A-Za-z0-9=\-']*)\s?:
        \s*(?=(?:δ\s*)?[-+]?\d))
  | (?P<times>x\s?\d{{1,2}}(?![\w.]))
  | (?P<before>(?<![\d.])\d{{1,2}}\s?x\s?(?=\d{{1,3}}\.\d))
  | (?P<ratio>(?<![\d.])\d{{1,3}}\s?:\s?\d{{1,3}}(?![\d.]))
  | (?P<range>{_SIGNED}\s*(?:ppm\s*)?(?:-|~|\bto\b|\.\.\.?)\s*{_SIGNED}(?![\d.]*\d)(?!\s*(?:MHz|K\b|°)))
  | (?P<unit>{_SIGNED}\s*(?P<unitname>MHz|Hz|K\b|°\s?C?|%|cm-?1?\b|mg\b|mmol\b|mol\b|mL\b|g\b|
        nm\b|hr?\b|min\b|eV\b|equiv\b|Da\b|µL|μL))
  | (?P<count>(?<![\d.])\d{{1,2}}(?:\.\d)?\s?H(?![\w\-'=])
      | (?<![\d.])\d{{1,2}}\s?x\s?[A-Z]\w*
      | (?<![\d.])\d{{1,2}}\s?C(?:H\d?)?(?![\w\-'=]))
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
      | δ(?:\s?/\s?ppm|\s?\(?\s?ppm\s?\)?
          |\s?(?:13C|1H|C(?!\s?:[^\n]{0,600}\bCH[23]?\s?:)|H)(?=[\s:=(]))?
      | \bd(?=\s*[=:]|\s*\(?\s*ppm|\s+[-(]?\s?\d)
      | \bppm\b | \bδ\b | [568](?=\s?[:=]?\s\d{1,3}\.\d)
      | \b(?:of|for)\s+(?:the\s+)?(?:compound|product|ligand|complex|intermediate)?\s*
        [\w'\-]{1,12}(?=\s*[(:,\[δ])
      | N\.?M\.?R\.? | DEPTQ?[-\s]?\d{0,3} | APT | UDEFT | TMS | CPD | BBD?\b
      | (?:proton|1H)[-\s]?decoupled | \{\s?1H\s?\} | (?:int(?:ernal)?\.?\s)?st(?:andar)?d\.?
      | r\.?t\.?\b | room\ temperature
      | \b(?:in|at|with|and|as|on|shifts?|chemical|data|spectrum|spectra|major|minor|rotamers?|
            isomers?|peaks|signals|spectral|spectroscopic|values|resonances|characteristic|selected)\b
      | [:=,;.|>\-/+]
    )""",
    re.X,
)


_DECIMAL = re.compile(r"\d\.\d")
_SHIFT_IN_BRACKETS = re.compile(r"([A-Za-z][\w'=/\-]{0,20})\s*[(\[]\s*(-?\d{1,3}\.\d{1,2})\s*[)\]]")
"""C-1 (170.1), C-2 (128.4)."""

_GROUP_LETTERS = ("C", "s", "d", "t", "q", "S", "D", "T", "Q")
"""Headings of carbons by their hydrogens that ``hydrogens_on_carbon`` leaves open."""


@dataclass
class Peak:
    """One shift [ppm] and the text that stands with it.

    Attributes:
        whole: it was written without decimals.
        separated: it stands behind a comma or the like, or begins the list.
        decimals: so many were written; of a range, 0.
    """

    shift: float
    notes: list[str] = field(default_factory=list)
    whole: bool = False
    separated: bool = True
    decimals: int = 0

    @property
    def annotation(self) -> str:
        """All notes, joined by commas, in one line."""
        return " ".join(", ".join(self.notes).split())


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
    if nucleus != "1H" and len(_SHIFT_IN_BRACKETS.findall(body)) > 1 and _DECIMAL.search(body):
        outside = _DECIMAL.search(_outside(body))
        body = body if outside else _SHIFT_IN_BRACKETS.sub(r"\2 (\1)", body)
    _Reader(body, nucleus, result).run()
    if nucleus != "1H":
        result.peaks = _without_labels(result.peaks)
    return result


class _Reader:
    """Walks over the tokens of a list."""

    def __init__(self, body: str, nucleus: str, result: Scan) -> None:
        self.body = body
        self.carbon = nucleus != "1H"
        self.nucleus = nucleus
        self.result = result
        self.position = 0
        self.pending: list[str] = []  # notes for the next peak
        self.heading = ""  # "CH2" in "CH2: 31.9, 22.7": a note for every peak until the next one
        self.words = 0  # of plain language in a row
        self.last = "separator"  # kind of the last token that was no space

    def run(self) -> None:
        while self.position < len(self.body):
            found = _TOKEN.match(self.body, self.position)
            assert found is not None  # the last alternative takes any character
            kind = "unit" if found["unit"] else found.lastgroup or "other"
            start, self.position = self.position, found.end()
            if kind in ("range", "number") and start and _glued(self.body, start):
                kind = "locant"
            if not self._take(kind, found, start):
                break
            if kind != "space":
                self.last = kind

    def _take(self, kind: str, found: re.Match[str], start: int) -> bool:
        """Use one token; False where the list has ended."""
        text = found[0]
        if kind == "range":
            self._range(text, start)
        elif kind == "number":
            if self.carbon and text.startswith("."):
                return False  # "(CH3).12": a reference
            self._peak(float(text), "." not in text, len(text.partition(".")[2]))
        elif kind == "open":
            self._bracket(start)
        elif kind == "heading":
            self._headed(text.rpartition(":")[0].strip())
        elif kind == "before":
            self.pending.append(text.strip())
        elif kind == "unit":
            return self._unit(found)
        elif kind in ("coupling", "count", "locant", "word", "times"):
            return self._note(kind, text)
        elif kind == "period" or text.startswith("ppm."):
            reference = self.carbon and self.body[self.position : self.position + 1].isdigit()
            if reference or _sentence(self.body, self.position):
                self.result.prose = not reference
                return False
        return True

    def _peak(self, shift: float, whole: bool = False, decimals: int = 0) -> None:
        notes = [*self.pending, self.heading] if self.heading else self.pending
        separated = self.last in ("separator", "heading", "before") or not self.result.peaks
        self.result.peaks.append(Peak(shift, notes, whole, separated, decimals))
        self.pending, self.words = [], 0

    def _range(self, text: str, start: int) -> None:
        first = re.match(_SIGNED, text)
        assert first is not None
        low, high = _ends(text)
        if self.carbon:
            rest, before = self.body[self.position :], self.body[max(0, start - 8) : start]
            in_chain = re.match(r"(?:\s*-\s+|-)\d", rest) or re.search(r"\d\s*-\s*$", before)
            minus = re.search(r"\s-\.?\d", text) and -high <= HIGHEST_NEGATIVE_13C_PPM
            if in_chain or minus:  # "170.1 - 128.4 - 55.3"; "21.0 -3.1"
                dash = re.compile(r"\s*(?:-|~|to|\.+)\s*").match(self.body, start + first.end())
                self.position = dash.end() if dash and in_chain else start + first.end()
                self._peak(low)
                return
        if self.nucleus == "13C" and abs(high - low) > WIDE_RANGE_13C_PPM:
            self._peak(low)
            self._peak(high)
        else:
            self._peak(round((low + high) / 2, 5))

    def _bracket(self, start: int) -> None:
        inside, self.position = _inside(self.body, start)
        self.words = 0
        if self.carbon and self.last == "separator" and _heads(inside, self.body, self.position):
            self.heading = inside
        elif self.result.peaks:
            self.result.peaks[-1].notes.append(inside)
            _share(self.result.peaks, inside)

    def _headed(self, label: str) -> None:
        group = self.carbon and (label in _GROUP_LETTERS or hydrogens_on_carbon(label))
        self.heading = label if group else ""
        self.pending = [] if group else [label]

    def _note(self, kind: str, text: str) -> bool:
        if kind == "word" and _PLAIN.match(text) and not _VOCABULARY.match(text):
            self.words += 1
            if self.words >= PROSE_WORDS:
                self.result.prose = True
                return False
        if self.result.peaks and not (kind == "word" and text.endswith(":")):
            self.result.peaks[-1].notes.append(text.rstrip(".:"))
        if kind == "word" and text.endswith(".") and _sentence(self.body, self.position):
            self.result.prose = True
            return False
        return True

    def _unit(self, found: re.Match[str]) -> bool:
        unit = found["unitname"].replace(" ", "")
        if unit == "Hz":
            self.result.hz.append(float(re.match(_SIGNED, found[0])[0]))  # type: ignore[index]
        elif unit in _STOP_UNITS:
            self.result.prose = True
            return False
        return True


def _heads(inside: str, body: str, after: int) -> bool:
    """Whether a bracket such as "(CH2)" stands before the shifts that it is for."""
    group = inside in _GROUP_LETTERS or hydrogens_on_carbon(inside)
    return bool(group) and re.compile(r"\s*:?\s*-?\d").match(body, after) is not None


def _without_labels(peaks: list[Peak]) -> list[Peak]:
    """A 13C list without numbers of atoms and pages: bare integers with no separator behind them."""
    if sum(peak.separated for peak in peaks) < SEPARATED_SHARE * len(peaks):
        return peaks
    kept = []
    for place, peak in enumerate(peaks):
        later = peaks[place + 1] if place + 1 < len(peaks) else None
        loose = not (later.separated or later.whole) if later else not peak.separated
        if not (peak.whole and loose and not peak.notes):
            kept.append(peak)
    return kept


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
            if _heads(inside, body, after):
                break
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
            colon = re.match(r"(?:[^.\d:(]|\([^()]{0,80}\)){0,120}:", rest)
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
