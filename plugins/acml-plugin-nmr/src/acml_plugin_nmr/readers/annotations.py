"""What stands in brackets behind a shift: counts, splittings, and the hydrogens of a carbon."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_COUNT = 60
"""Largest number of equivalent carbons or hydrogens believed."""

LETTERS_SHARE = 0.8
"""Share of 13C peaks that must carry a bare letter s, d, t or q before letters count as
multiplicities of the coupled spectrum."""

LETTERS_SHARE_STATED = 0.5
"""The same where the header says so (DEPT, off-resonance)."""

_OF_HYDROGENS = {0: "S", 1: "D", 2: "T", 3: "Q"}
_NUM = r"\d{1,4}(?:[.,]\d+)?"
_COUPLING = re.compile(
    rf"(?<![A-Za-z])\d?J(?![a-z])(?:\s?\([^)]*\)|\s[A-Z][-,]?[A-Z]|[^=≈:~;,\s]*)?\s?[=≈:~]?\s?"
    rf"(?:{_NUM}(?:\s*(?:,|and|/|&|;|or)\s*{_NUM})*\s?Hz|{_NUM}(?:,\s{_NUM}(?![\d.]|\s?[A-Za-z]))*)"
    r"|(?<![A-Za-z])\d?J[A-Z][\w,\-]*|\d[\d.]*\s?Hz"
)
_LETTER = re.compile(r"(?<![\w'\-=])([sdtqSDTQ])(?![\w'\-=+])")

_COUNT_13C = (
    re.compile(
        r"(?<![\w.\-'])(\d{1,2})\s?(?:x\s?)?"
        r"(?:(?:Ar|sp[23]?|Cq|arom\w*|overlapping|coincident)[\s-]?)?C(?![\w\-'=]|\s?-\s?\d)"
    ),
    re.compile(r"(?<![\w.\-'])(\d{1,2})\s?x\s?(?!\d)"),
    re.compile(
        r"(?<![\w.\-'])x\s?(\d{1,2})(?![\w.\-'])|(?<=[A-Za-z0-9)])\s?x\s?(\d{1,2})(?![\w.\-'])"
    ),
    re.compile(
        r"(?<![\w.\-'])(\d{1,2})\s?"
        r"(?=(?:(?:Ar|O|N|S)-?)?C(?:H\d?|q|=O|O|F3)?-?(?:Ar|Ph|ar|arom|al|olef|O|N)?(?![\w\-'=]))"
    ),
    re.compile(r"(?<![\w.\-'])(\d{1,2})\s?(?:carbons?|overlapping|signals?|overlapped)"),
)
_SEVERAL = re.compile(r"C-?\d+[a-z]?['\"]*(?:\s?(?:,|and|&)\s?(?:C-?)?\d+[a-z]?['\"]*)+(?![\w.])")
_RING_PAIR = re.compile(r"C-?(?:2(['\"]*)/(?:C-?)?6\1|3(['\"]*)/(?:C-?)?5\2)(?![\w.'\"])")
"""The equivalent carbons of a benzene ring; other pairs with a slash are "one or the other"."""

_NUMBER_WORDS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_WORD_COUNT = re.compile(
    r"\b(two|three|four|five|six)\b(?=\s+(?:\w+\s+)?(?:carbons?|signals?|C\b|CH))"
)
_ABSENT = re.compile(
    r"\b(?:missing|absent|lacking|hidden|unobserved|undetected)\b|\bnot[,\s]+(?:\w+[,\s]+)?"
    r"(?:observed|visible|seen|detected|found|shown|located|apparent|present)\b",
    re.I,
)
"""Says that carbons are not there: a number beside it counts nothing."""
_METHYLS = re.compile(r"^(?:N|Si|P|S|B|Ge|Sn)\+?\(?(?:CH3|Me)\)?([23])$")
_COUNT_1H = re.compile(
    r"(?<![\w.\-'])(?:(\d{1,2})\s?x\s?)?(\d{1,2}(?:\.\d{1,2})?)\s?H(?:'?s)?(?![\w\-'=\"])"
)
_COUNT_1H_TIMES = re.compile(r"(?<![\w.\-'])(\d{1,2})\s?x\s?(?:Ar|O|N|S|C|=)?-?C?(H)(\d?)")

_NAMES_1H = (
    (re.compile(r"\bsing?let\b"), "s"),
    (re.compile(r"\bdoublets? of doublets?( of doublets?)?\b"), "dd"),
    (re.compile(r"\bdoublets? of triplets?\b"), "dt"),
    (re.compile(r"\btriplets? of doublets?\b"), "td"),
    (re.compile(r"\bdoublet\b"), "d"),
    (re.compile(r"\btriplet\b"), "t"),
    (re.compile(r"\bquartet\b"), "q"),
    (re.compile(r"\b(?:quintet|pentet|quintuplet)\b"), "quint"),
    (re.compile(r"\bse[px]tet\b"), "sept"),
    (re.compile(r"\bmultiplet\b"), "m"),
)
_SPLITTING = re.compile(
    r"(?<![\w'\-=])(?:(?P<broad>br?\.?|broad|bd)\s?[.\-,]?\s?(?=[sdtqm]\b|\b[sdtqm]{1,4}\b))?"
    r"(?P<app>app(?:\.|arent)?\s?)?"
    r"(?P<mult>quint|quin|quart|sept|sext|hept|hex|pent|non|oct|bs|brs|brd|brt|brm|ABq|AB|"
    r"[sdtqpm]{1,5}|br)(?P<after>\.?\s?(?:br\.?|broad))?(?![\w'\-=])"
)


def count_13c(annotation: str) -> int:
    """Number of equivalent carbons that an annotation states, 1 if none."""
    text = _COUPLING.sub(" ", annotation)
    text = _WORD_COUNT.sub(lambda found: _NUMBER_WORDS[found[1]], text)
    if _ABSENT.search(text):
        return 1
    for part in re.split(r"[,;]", text):
        part = part.strip()
        methyls = _METHYLS.match(part)
        if methyls:
            return int(methyls[1])
        for pattern in _COUNT_13C:
            found = pattern.search(part)
            if found:
                value = int(next(group for group in found.groups() if group))
                if 1 <= value <= MAX_COUNT:
                    return value
    listed = _SEVERAL.search(text)
    if listed:
        return len(re.findall(r"\d+[a-z]?['\"]*", listed[0]))
    return 2 if _RING_PAIR.search(text) else 1


_COUNTED_C = re.compile(r"(?<![\w.\-'])\d{1,2}\s?x?\s?C(?![\w\-'=]|\s?-\s?\d)")
"""2C, 2 C, 2 x C: so many carbons; whether they bear hydrogens is not said."""


_COUNTED_GROUP = re.compile(r"(?<![\w.\-'])\d{1,2}\s?x\s?(?=[=A-Z(])")


def hydrogens_on_carbon(annotation: str) -> str:
    """Q, T, D, S when an annotation names the carbon's group (CH3, OCH2, Cq, C=O), else "".

    A formula with several carbons (CH2CH3) does not say which one is meant, and gives "".
    """
    text = _COUNTED_C.sub(" ", _COUPLING.sub(" ", annotation))
    text = _COUNTED_GROUP.sub("", text)
    found = ""
    for part in re.split(r"[,;/]|\s+(?!=)|\band\b", _lone_c(text)):
        kind = _group(part.strip().strip("."))
        if kind and found and kind != found:
            return ""
        found = found or kind
    return found


def _lone_c(text: str) -> str:
    """``text`` without a C that is a word among others ("2 overlapping C"): no group by itself."""
    parts = re.split(r"([,;])", text)
    return "".join(re.sub(r"\bC\b(?![-=])", "", p) if len(p.split()) > 1 else p for p in parts)


_BY_SHIFT = (
    (re.compile(r"(?:CO_?2|COO|C\(=?O\)O)-?(?:CH3|Me)"), ((40.0, 65.0, "Q"), (140.0, 200.0, "S"))),
    (re.compile(r"(?:C\((?:CH3|Me)\)3|CMe3|tBu|t-Bu|Boc)"), ((22.0, 31.9, "Q"), (65.0, 95.0, "S"))),
    (re.compile(r"OCH2-?CH3|OEt|CO2Et"), ((5.0, 22.0, "Q"), (50.0, 75.0, "T"))),
    (
        re.compile(r"C(?:=O|O|\(=?O\))-?(?:CH3|Me)$|(?:CH3|Me)C(?:=O|O|\(=?O\))|COMe|Ac$"),
        ((10.0, 35.0, "Q"), (165.0, 220.0, "S")),
    ),
    (re.compile(r"CH\((?:CH3|Me)\)2|CHMe2|iPr|i-Pr"), ((10.0, 24.9, "Q"), (40.0, 80.0, "D"))),
    (re.compile(r"(?<!H)C\((?:CH3|Me)\)2|CMe2"), ((15.0, 32.0, "Q"), (68.0, 115.0, "S"))),
    (re.compile(r"CH2-?CH3\b"), ((5.0, 15.9, "Q"), (35.0, 75.0, "T"))),
    (re.compile(r"(?:^|, ?)C-?(?:F|Cl|Br|I) ?(?:,|$)"), ((85.0, 180.0, "S"),)),
)
"""Groups of several carbons whose shifts [ppm] are so far apart that the shift tells which is meant."""


def by_shift(annotation: str, shift: float) -> str:
    """Q, T or S for an annotation such as CO2CH3 or C(CH3)3 at a shift [ppm], or ""."""
    for pattern, windows in _BY_SHIFT:
        if pattern.search(annotation):
            return next((kind for low, high, kind in windows if low <= shift <= high), "")
    return ""


def bare_counts(annotations: Sequence[str]) -> list[int] | None:
    """Counts of a line such as "29.4(2), 29.6(3), 31.9", or None.

    Bare small integers behind fewer than half of the peaks are counts; behind more, atom numbers.
    """
    bare = [re.fullmatch(r"\s*([2-9])\s*", text) for text in annotations]
    if not any(bare) or sum(map(bool, bare)) >= 0.5 * len(bare):
        return None
    if any(re.fullmatch(r"\s*(?:1|[1-9]\d)\s*", text) for text in annotations):
        return None
    return [int(found[1]) if found else 1 for found in bare]


def letters_are_dept(
    annotations: Sequence[str], *, stated: bool, shifts: Sequence[float] | None = None
) -> bool:
    """Whether bare letters in a 13C line are multiplicities of the coupled spectrum.

    They are when nearly all peaks carry exactly one, at least two different letters occur without a
    coupling constant, and not only "s": a decoupled line printed by software has s everywhere, and d
    or q, with J or without, only where fluorine or phosphorus couples. Such a line has s or q where
    no quaternary carbon or methyl group can be.
    """
    letters = [bare_letter(text) for text in annotations]
    if not stated and shifts is not None and _decoupled(letters, shifts):
        return False
    bare = {
        letter
        for letter, text in zip(letters, annotations, strict=True)
        if letter and not _has_j(text)
    }
    share = sum(bool(letter) for letter in letters) / max(len(letters), 1)
    needed = LETTERS_SHARE_STATED if stated else LETTERS_SHARE
    if len(letters) == 1:
        return stated and bool(bare)
    return share >= needed and len(bare) >= 2


HIGHEST_CH3_PPM = 75.0
"""No methyl group is above this 13C shift [ppm]."""

LOWEST_LONE_C_PPM = 60.0
"""A carbon without hydrogen below this [ppm] is an alkyl one, which seldom is without CH3 or CH2."""


def _decoupled(letters: Sequence[str], shifts: Sequence[float]) -> bool:
    """Whether letters s and q stand where they cannot mean C and CH3."""
    pairs = list(zip(letters, shifts, strict=True))
    alkyl = any(letter in ("T", "Q") for letter in letters)
    return any(letter == "Q" and shift > HIGHEST_CH3_PPM for letter, shift in pairs) or (
        not alkyl and any(letter == "S" and shift < LOWEST_LONE_C_PPM for letter, shift in pairs)
    )


def bare_letter(annotation: str) -> str:
    """The one letter s, d, t, q of an annotation, upper case, or "" (none, or several)."""
    found = {letter.upper() for letter in _LETTER.findall(_COUPLING.sub(" ", annotation))}
    return found.pop() if len(found) == 1 else ""


def multiplicities_13c(
    annotations: Sequence[str], preamble: str = "", shifts: Sequence[float] | None = None
) -> list[str]:
    """Q, T, D, S or "" for each annotation of one 13C line; ``shifts`` [ppm] tell groups apart."""
    groups = [hydrogens_on_carbon(text) for text in annotations]
    if shifts is not None:
        groups = [
            kind or by_shift(text, shift)
            for kind, text, shift in zip(groups, annotations, shifts, strict=True)
        ]
    bare_c = [re.fullmatch(r"\W*C\W*", text) is not None for text in annotations]
    labelled = sum(kind in ("D", "T", "Q") for kind in groups)
    if any(bare_c) and not labelled:
        groups = ["" if bare else kind for kind, bare in zip(groups, bare_c, strict=True)]
    counted = [_COUNTED_C.fullmatch(text.strip()) is not None for text in annotations]
    every = all(kind or c for kind, c in zip(groups, counted, strict=True))
    if (any(bare_c) and labelled) or (labelled > 1 and every):
        # Beside (C), (CH), (CH2): "2C" means two carbons without hydrogen.
        groups = [kind or ("S" if c else "") for kind, c in zip(groups, counted, strict=True)]
    stated = bool(
        re.search(r"DEPT|APT|off-?resonance|coupled(?<!decoupled)|JMOD|SEFT", preamble, re.I)
    )
    if letters_are_dept(annotations, stated=stated, shifts=shifts):
        return [
            group or ("" if _has_j(text) else bare_letter(text))
            for group, text in zip(groups, annotations, strict=True)
        ]
    letters = {bare_letter(text) for text in annotations if not _has_j(text)} - {""}
    if letters == {"Q"} and ("D" in groups or "T" in groups):
        # q beside CH, CH2: quaternary.
        groups = [
            group or ("S" if bare_letter(text) == "Q" and not _has_j(text) else "")
            for group, text in zip(groups, annotations, strict=True)
        ]
    if "D" in groups and any(
        re.search(r"CH-?A?r|ArCH|Ar-CH|CHarom|CH arom", a) for a in annotations
    ):
        # With aromatic CH labelled as such, an aromatic C without H is quaternary.
        groups = [
            group
            or (
                "S"
                if re.fullmatch(r"(?:\d+\s?x?\s?)?(?:ArC|Ar-C|CAr|C-Ar|Carom\.?)", text.strip())
                else ""
            )
            for group, text in zip(groups, annotations, strict=True)
        ]
    return groups


def splitting_1h(annotation: str) -> str:
    """Splitting of a 1H signal, lower case ("s", "dd", "br s", "m"), or ""."""
    text = _COUPLING.sub(" ", annotation)
    for pattern, short in _NAMES_1H:
        text = pattern.sub(short, text)
    for part in re.split(r"[,;(]|\bor\b|(?<=H)\s", text):
        part = part.strip()
        found = _SPLITTING.search(part)
        if not found or (
            found.start() > 0
            and not re.match(
                r"(?:each|both|\d+\s?x|x|\d+|\d+\s?H)\W*$", part[: found.start()].strip() + " "
            )
        ):
            continue
        kind = found["mult"].lower()
        broad = bool(found["broad"] or found["after"])
        if kind.startswith("br") or kind == "bs":
            broad, kind = True, kind.removeprefix("br").removeprefix("b")
            kind = kind or "s"
        return f"br {kind}" if broad else kind
    return ""


def integral_1h(annotation: str) -> float:
    """Number of hydrogens that a 1H signal's annotation states, 0.0 if none."""
    text = _COUPLING.sub(" ", annotation)
    found = _COUNT_1H.search(text)
    if found:
        value = float(found[2]) * int(found[1] or 1)
    else:
        times = _COUNT_1H_TIMES.search(text)
        value = float(times[1]) * int(times[3] or 1) if times else 0.0
    return value if value <= MAX_COUNT * 3 else 0.0


def _has_j(annotation: str) -> bool:
    return bool(re.search(r"\d?J|\d\s?Hz", annotation))


_LOCANT = re.compile(r"^(?:\d+[a-z]?['\"]*-)+|[-(]?(?:\d+[a-z]?['\"]*|[αβγδ])\)?['\"]*$")
_TIMES = re.compile(r"^\d{1,2}\s?x?\s?(?=[A-Z(=])|\s?x\s?\d{1,2}$|^x\s?\d{1,2}\s?|^x(?=[A-Z])")
_QUATERNARY = re.compile(
    r"^(?:C_?q(?:uat)?\.?|q?C_?q|quat(?:ernary)?\.?|Cquat\.?|Cipso|C-?ipso|ipso-?C?|i-C|qC|C\^?0|C\s?IV|"
    r"C=O|CO|C=N|C=S|COO|CO2|COOH|CO2H|COO-|CONH|CONH2|CON|CO-?N|NCO|OCO|OC=O|O=C|O-C=O|N-C=O|NC=O|"
    r"C≡N|CN|CF[23]|CCl[23]|CBr3|C\(=?O\)(?:O|OH|NH2?|N)?|Ar-?CO|ketone|quaternaryC|ArCq|CqAr|Cq-?Ar|Cqarom|Cq,?arom)$",
    re.I,
)
_SIDE = (
    r"(?:Ar|Ph|aryl|arom\.?|aromatic|olef\.?|Bn|vinyl|allyl|sp[23]|py|Boc|Cbz|Ac|cp|ali(?:ph)?\.?)"
)
_HETERO = r"(?:[=\-#≡+]|O|N|S(?!i)|Si|P|B(?!n)|Se|H(?=[NO])|F|Cl|Br|I)"
_GROUP = re.compile(
    rf"^(?:{_SIDE}|{_HETERO}|NH|H2N|HO|HN)*C(?P<h>H3|H2|H|)"
    rf"(?P<tail>(?:{_SIDE}|{_HETERO}|H(?<=[NOS]H)|H2(?<=NH2)|(?<=CH)[a-z]{{2,12}})*)$"
)
_ALIKE = re.compile(rf"^(?:{_HETERO})*(?:CH(?P<h>[23]?)(?:{_HETERO})*)(?:CH(?P=h)(?:{_HETERO})*)+$")
"""Several carbons with as many hydrogens each: OCH2CH2N, CH=CH."""


def _group(token: str) -> str:
    token = re.sub(r"^(?:[omp]|ortho|meta|para)-(?=CH)", "", _TIMES.sub("", token).strip())
    token = token.removeprefix("-").removesuffix("-")
    if not token or token.lower() in ("c=c", "c≡c"):
        return ""
    if _QUATERNARY.match(token):
        return "S"
    if re.fullmatch(r"(?:(?:Ar|N)-?)?CHO|C\(?(?:[Aa]r(?:om)?\.?)?\)?-?H", token):
        return "D"
    if re.fullmatch(
        r"(?:O|N|S|Ar|Se|C=O)?-?Me|methyl|N-?Me2|(?:[NSPB]|Si|Ge|Sn)\(?(?:CH3|Me)\)?[23]",
        token,
    ):
        return "Q"
    if token == "C":
        return "S"
    if re.fullmatch(r"methine", token):
        return "D"
    if re.fullmatch(r"methylene", token):
        return "T"
    if re.match(r"\(CH([23])\)\d+$|\(CH\)\d+$", token):
        inside = re.match(r"\(CH(\d?)\)", token)
        return _OF_HYDROGENS[int((inside[1] if inside else "") or 1)]
    previous = ""
    while token != previous and not re.fullmatch(r"(?:.*(?:[^\d']|H[23]))?CH[23]", token):
        previous, token = token, _LOCANT.sub("", token)
    token = re.sub(r"^(?:\d+[a-z]?['\"]*-)+", "", token)
    found = _GROUP.match(token)
    if not found or not found["h"]:
        alike = _ALIKE.match(token)
        return _OF_HYDROGENS[int(alike["h"] or 1)] if alike else ""
    return _OF_HYDROGENS[int(found["h"][1:] or 1)]
