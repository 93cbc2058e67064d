"""Peak lists as papers and theses print them.

    13C NMR (101 MHz, CDCl3) δ 170.1, 128.4 (2C), 55.3 (d, J = 245.1 Hz), 21.0 (CH3)
    1H NMR (400 MHz, DMSO-d6) δ 7.26 - 7.19 (m, 2H), 3.85 (s, 3H), 1.25 (t, J = 7.1 Hz, 3H)

Conventions: the centre of a range is its shift; "(2C)" repeats a 13C shift; hydrogens of a 1H signal
go to ``integral_1h``; peaks annotated as solvent, water or TMS are left out. 13C multiplicities come
from groups (CH3, OCH2, Cq, C=O), or from letters s, d, t, q where nearly every peak has one and they
cannot be couplings. A list without a header is 13C when its largest shift is above 20 ppm, else 1H.
A nucleus that occurs a second time begins the next signal, and so does a further species of a mixture
("minor isomer: δ ...").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_nmr.readers.annotations import (
    bare_counts,
    count_13c,
    integral_1h,
    multiplicities_13c,
    splitting_1h,
)
from acml_plugin_nmr.readers.limits import (
    GUESS_13C_ABOVE_PPM,
    READS,
    check_shifts,
    guess_nucleus,
    hz_error,
    no_peaks,
    refuse_not_finite,
    wrong_nucleus,
)
from acml_plugin_nmr.readers.normalise import normalise
from acml_plugin_nmr.readers.scan import Peak, Scan, frequency_mhz, scan
from acml_plugin_nmr.readers.sections import Section, split
from acml_plugin_nmr.readers.solvents import (
    SPACING_PPM,
    find_multiplet,
    is_not_sample,
    is_reference,
)
from acml_plugin_nmr.signal import NmrSignal

MAX_CHARACTERS = 20_000_000
"""Longest text read at once."""


LISTED_PEAKS = 3
"""A text that begins with so many shifts is a list, whatever is said behind it."""

_MARKED = re.compile(r"δ\s*(?:\(?ppm\)?)?\s*[:=]?\s*(?=-?\d{1,3}[.,]\d)")
_BEGINS_WITH_A_SHIFT = re.compile(r"\s*(?:δ\s*[:=]?\s*)?-?\d{1,3}[.,]\d")


def read_text(
    text: str, *, source: str | Path | None = None, on_reject: OnReject | None = None
) -> Iterator[NmrSignal]:
    """Signals of a text, one for each group of sections in which no nucleus occurs twice.

    Args:
        text: the text itself.
        source: file it came from, None for literal text.
        on_reject: receives a section that cannot be used, so that the others go on.

    Raises:
        BadInput: nothing to read: empty, no peaks, another nucleus, Hz for ppm, impossible shifts.
    """
    shown = source if source is not None else text
    origin = Path(source).name if source is not None else "text"
    if not text.strip():
        raise BadInput("the text is empty", source=source, remedy=READS)
    if len(text) > MAX_CHARACTERS:
        raise BadInput("the text is too long", source=source, remedy="Give it in several files.")
    plain = normalise(text)
    sections, before = split(plain)
    if not sections:
        sections = [_headerless(before, plain, shown)]
    elif _is_list(before, scan(before)):
        sections.insert(0, Section("", before, 1, ""))
    parts: dict[int, dict[str, object]] = {}
    announced: dict[str, Scan] = {}
    others: list[str] = []
    given = 0
    rejected: BadInput | None = None
    for section in sections:
        if section.nucleus not in ("13C", "1H", ""):
            others.append(section.nucleus)
            continue
        found = scan(section.body, section.nucleus)
        found.mhz = found.mhz or frequency_mhz(section.body)
        if section.nucleus in announced:
            # "13C NMR (101 MHz, CDCl3): δC 170.1" has two headers.
            earlier = announced.pop(section.nucleus)
            found.mhz, found.solvent = found.mhz or earlier.mhz, found.solvent or earlier.solvent
        line = section.line if source is not None else None
        try:
            nucleus, part = _fields(section, found, shown, line)
        except BadInput as error:
            if on_reject is None:
                raise
            rejected = rejected or error
            on_reject(error)
            continue
        if not part:
            announced[section.nucleus] = found
            continue
        part["origin"] = f"{origin}:{section.line}"
        if f"shifts_{nucleus.lower()}" in parts.get(section.species, ()):
            for one in _signals(parts):
                yield one
                given += 1
            parts = {}
        # What was said first of line and solvent stays.
        parts[section.species] = part | parts.get(section.species, {})
    for one in _signals(parts):
        yield one
        given += 1
    if not given:
        if others and len(others) == len(sections):
            raise wrong_nucleus(others, source=shown, line=None)
        raise rejected or no_peaks(shown)


def _signals(parts: Mapping[int, dict[str, object]]) -> Iterator[NmrSignal]:
    """One signal a species, the major one first."""
    for species in sorted(parts):
        yield NmrSignal(**parts[species])  # type: ignore[arg-type]


def _is_list(text: str, found: Scan) -> bool:
    return len(found.peaks) >= LISTED_PEAKS and _BEGINS_WITH_A_SHIFT.match(text) is not None


def _headerless(text: str, whole: str, shown: str | Path) -> Section:
    """A text without any header as one section, if it is a list of numbers.

    Args:
        text: the part before any other measurement.
        whole: all of it, in which a delta may mark a list.
    """
    found = scan(text)
    if not _is_list(text, found) and (marked := _MARKED.search(whole)):
        text = split(whole[marked.start() :])[1]  # "... gave 4 in 85% yield. δ 170.1, 128.4"
        found = scan(text)
    if (found.prose and not _is_list(text, found)) or not (found.peaks or found.hz):
        raise BadInput(
            "no NMR data found in the text",
            source=shown,
            remedy="Begin with a header such as '13C NMR (101 MHz, CDCl3) δ', or give the shifts "
            "alone, separated by commas.",
        )
    return Section("", text, 1, "")


def _fields(
    section: Section, found: Scan, shown: str | Path, line: int | None
) -> tuple[str, dict[str, object]]:
    """The nucleus, and the fields of ``NmrSignal`` that a section fills (none: no peaks)."""
    refuse_not_finite(section.body, "shift", source=shown, line=line)
    carbon = (section.nucleus or _guess(found.peaks)) == "13C"
    peaks = _of_sample(found.peaks, found.solvent if carbon else "")
    nucleus = section.nucleus or _guess(peaks)
    if not peaks:
        if found.hz:
            values = found.hz
            raise hz_error(
                nucleus, values, source=shown, line=line, mhz=_observe(nucleus, found, values)
            )
        return nucleus, {}
    shifts = [peak.shift for peak in peaks]
    check_shifts(nucleus, shifts, source=shown, line=line, mhz=_observe(nucleus, found, shifts))
    notes = [peak.annotation for peak in peaks]
    part: dict[str, object] = {"solvent": found.solvent} if found.solvent else {}
    if nucleus == "13C":
        kinds = multiplicities_13c(notes, section.header + " " + found.preamble, shifts)
        counts = bare_counts(notes) or [count_13c(note) for note in notes]
        repeated = [
            (shift, kind)
            for shift, kind, count in zip(shifts, kinds, counts, strict=True)
            for _ in range(count)
        ]
        part["shifts_13c"] = tuple(shift for shift, _ in repeated)
        part["multiplicity_13c"] = tuple(kind for _, kind in repeated)
    else:
        part["shifts_1h"] = tuple(shifts)
        part["multiplicity_1h"] = tuple(splitting_1h(note) for note in notes)
        part["integral_1h"] = tuple(integral_1h(note) for note in notes)
    return nucleus, part


def _guess(peaks: list[Peak]) -> str:
    """Nucleus of a list without a header: 1H if hydrogens are counted, else by the largest shift."""
    shifts = [peak.shift for peak in peaks]
    nucleus = guess_nucleus(shifts)
    if nucleus == "13C" and max(shifts, default=0.0) > 40.0:
        return nucleus
    counted = any(_HYDROGENS.search(peak.annotation) for peak in peaks)
    return "1H" if counted else nucleus


_HYDROGENS = re.compile(r"(?<![\w.])\d{1,2}(?:\.\d+)?\s?H(?![\w\-'])")


def _of_sample(peaks: list[Peak], solvent: str) -> list[Peak]:
    """Peaks that no annotation calls solvent, water or reference, and that are not plainly so.

    "77.4, 77.0, 76.6 (CDCl3)": bare neighbours just before a solvent's carbon are its lines, too.
    """
    kept: list[Peak] = []
    for peak in peaks:
        if not is_not_sample(peak.annotation):
            kept.append(peak)
            continue
        last = peak.shift
        while (
            kept
            and last > GUESS_13C_ABOVE_PPM
            and not kept[-1].notes
            and abs(kept[-1].shift - last) <= SPACING_PPM[1]
        ):
            last = kept.pop().shift
    return [
        peak
        for peak in _without_solvent(kept)
        if peak.notes or not is_reference(peak.shift, peak.decimals, solvent)
    ]


def _without_solvent(peaks: list[Peak]) -> list[Peak]:
    """The list without bare, evenly spaced neighbours where a solvent's multiplet is."""
    bare = [math.inf if peak.notes else peak.shift for peak in peaks]
    found = find_multiplet(bare)
    if found is None:
        return peaks
    start, count = found
    return peaks[:start] + peaks[start + count :]


GAMMA_RATIO = 0.25145
"""Observe frequency of 13C over that of 1H in the same field."""

MAX_13C_MHZ = 310.0
"""A frequency above this in a 13C header is the magnet's 1H frequency [MHz]."""


def _observe(nucleus: str, found: Scan, values: list[float]) -> float | None:
    """Observe frequency [MHz], where the text names one."""
    if found.mhz is None:
        return None
    return found.mhz * GAMMA_RATIO if nucleus == "13C" and found.mhz > MAX_13C_MHZ else found.mhz
