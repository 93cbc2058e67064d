"""Band lists as papers print them: "IR (KBr) ν 3310, 1720 (s), 1605 cm-1"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_ir.signal import SHAPES, STRENGTHS, IrSignal

RANGE_CM1 = (200.0, 4500.0)
"""Band positions accepted [cm-1]."""

MAX_BANDS = 300
WIDEST_RANGE_CM1 = 900.0
"""Two numbers joined by a dash and not further apart than this [cm-1] are one broad band."""

EXAMPLE = "Give bands in cm-1, e.g. 'IR (KBr) ν 3310, 1720 (s), 1605 cm-1'."

_START = re.compile(
    r"(?:FT\s*[-‐–]?\s*)?\bIR\b\s*(?:spectrum)?\s*(?:\((?P<how>[^()]*(?:\([^()]*\)[^()]*)*)\))?"
    r"|\bDRIFTS?\b|infrared",
    re.I,
)
_UNIT = r"cm\s*\^?\s*\{?\(?\s*[-−–‐‑⁻]\s*[1¹]\s*\)?\}?|cm⁻¹|1/cm|wavenumbers?"
_END = re.compile(
    r"\b(?:1H|13C|19F|31P|¹H|¹³C)\b|\bNMR\b|\b(?:HR)?MS\b|\bHRMS|\bUV\b|\bm/z\b|\bAnal\b|\bm\.?p\.?\b"
    r"|\bElemental\b|\[α\]|\bRf\b|\bRaman\b",
    re.I,
)
_WORDS = "|".join((*STRENGTHS, *SHAPES, "broad", "sharp"))
_BAND = re.compile(
    rf"(?<![\d.])(?P<at>\d{{3,4}}(?:[.]\d+)?)(?:\s*[-–−]\s*(?P<to>\d{{3,4}}(?:\.\d+)?))?(?![\d])"
    rf"\s*(?:\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)"
    rf"|(?P<words>(?:(?:{_WORDS})\.?(?![A-Za-z])[ ]?)+))?",
    re.I,
)
_MICRO = re.compile(r"(?<![\d.])(\d{1,2}\.\d+)\s*(?:\(([^()]*)\)|((?:vs|vw|br|sh|s|m|w)\b))?")
_NOT_FINITE = re.compile(r"(?<![\w.])[-+]?(?:nan|NaN|NAN|inf|Inf|INF)(?=[\s,;(]|$)")


def band_list(
    bands: Sequence[float],
    strengths: Sequence[str] = (),
    *,
    source: str | Path | None = None,
    line: int | None = None,
    state: str = "",
    origin: str = "",
) -> IrSignal:
    """A checked ``IrSignal`` of bands [cm-1].

    Raises:
        BadInput: none, too many, or a position that is no mid-infrared wavenumber.
    """
    if not bands:
        raise BadInput("no infrared bands found", source=source, line=line, remedy=EXAMPLE)
    if len(bands) > MAX_BANDS:
        raise BadInput(
            f"{len(bands)} bands, more than {MAX_BANDS}",
            source=source,
            line=line,
            remedy="Give the spectrum itself, as CSV or JCAMP-DX.",
        )
    check_bands(bands, source=source, line=line)
    return IrSignal(
        bands=tuple(float(band) for band in bands),
        strengths=tuple(strengths) if any(strengths) else (),
        state=state,
        origin=origin,
    )


def check_bands(
    bands: Sequence[float], *, source: str | Path | None = None, line: int | None = None
) -> None:
    """Refuse positions that are no mid-infrared wavenumbers [cm-1], NaN among them.

    Raises:
        BadInput: names the first such position.
    """
    low, high = RANGE_CM1
    for band in bands:
        if not low <= band <= high:
            raise BadInput(
                f"{band:g} is no infrared band (accepted: {low:g} to {high:g} cm-1)",
                source=source,
                line=line,
                remedy="Correct this value, or check the unit of the list.",
            )


def read_bands(
    text: str, *, source: Path | None = None, on_reject: OnReject | None = None
) -> Iterator[IrSignal]:
    """Band lists of a text: one for each "IR (...)" in it, or the whole text as one list.

    Raises:
        BadInput: no bands; or the text reports another measurement.
    """
    where: str | Path = source if source is not None else text
    starts = list(_START.finditer(text))
    if not starts:
        yield _parse(text, "", where, None, origin=source.name if source else text.strip())
        return
    errors: list[BadInput] = []
    given = 0
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        line = text.count("\n", 0, match.start()) + 1 if source is not None else None
        piece = text[match.end() : following.start() if following else None]
        end = _END.search(piece)
        piece = piece[: end.start()] if end else piece
        unit = list(re.finditer(_UNIT, piece, re.I))
        # numbers follow in "νmax/cm-1 3310, ..." and precede in "3310, 1720 cm-1"
        if unit and re.search(r"\d{3}", piece[: unit[-1].start()]):
            piece = piece[: unit[-1].start()]
        state = re.sub(_UNIT, "", match["how"] or "", flags=re.I).strip(" ,;")
        origin = f"{source.name}:{line}" if source else text.strip()
        try:
            yield _parse(piece, state, where, line, origin=origin)
            given += 1
        except BadInput as error:
            errors.append(error)
            if on_reject is not None and len(starts) > 1:
                on_reject(error)
    if not given:
        raise errors[0]


def _parse(text: str, state: str, source: str | Path, line: int | None, *, origin: str) -> IrSignal:
    for pattern, words in (
        (r"\bNMR\b|\bppm\b|[δ]\s*\d", "NMR shifts"),
        (r"\bm/z\b|\bMS\b", "a mass spectrum"),
    ):
        if not state and re.search(pattern, text) and not re.search(_UNIT, text, re.I):
            raise BadInput(
                f"the text reports {words}, no infrared bands",
                source=source,
                line=line,
                remedy="Give bands in cm-1, such as 'IR (KBr) 3310, 1720 cm-1'.",
            )
    if _NOT_FINITE.search(text):
        raise BadInput(
            "a band is not a finite number",
            source=source,
            line=line,
            remedy="Remove NaN and infinite entries.",
        )
    if re.search(r"[µμ]m\b|\bmicron", text):
        found = [(1e4 / float(m[1]), m[2] or m[3] or "") for m in _MICRO.finditer(text)]
        bands = [(value, _strength(words)) for value, words in found]
    else:
        clean = re.sub(_UNIT, " ", text, flags=re.I)
        bands = [_band(match) for match in _BAND.finditer(clean)]
        if not bands and re.search(r"(?<![\d.])\d{1,2}\.\d", clean):
            raise BadInput(
                "the numbers are too small for wavenumbers",
                source=source,
                line=line,
                remedy="If they are micrometres, write the unit: '3.0, 5.8 µm'.",
            )
    return band_list(
        [at for at, _ in bands],
        [strength for _, strength in bands],
        source=source,
        line=line,
        state=state,
        origin=origin,
    )


def _band(match: re.Match[str]) -> tuple[float, str]:
    at = float(match["at"])
    strength = _strength(match["inside"] or match["words"] or "")
    if match["to"]:
        end = float(match["to"])
        if abs(end - at) <= WIDEST_RANGE_CM1:
            return (at + end) / 2, strength if "br" in strength else f"{strength} br".strip()
    return at, strength


def _strength(text: str) -> str:
    """Strength and shape, normalised: "s", "m br", "br", or ""."""
    words = re.findall(r"[A-Za-z]+", text.lower())
    names = {
        "broad": "br",
        "strong": "s",
        "medium": "m",
        "weak": "w",
        "brs": "br",
        "shoulder": "sh",
    }
    words = [names.get(word, word) for word in words]
    found = [word for word in words if word in STRENGTHS][:1]
    return " ".join(found + [word for word in dict.fromkeys(words) if word in SHAPES])
