"""Band lists as papers print them."""

from __future__ import annotations

import pytest
from acml_plugin_ir.read import read

from acml_core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "bands", "strengths", "state"),
    [
        (
            "IR (KBr) ν 3310, 1720 (s), 1605 cm-1",
            (3310, 1720, 1605), ("", "s", ""), "KBr",
        ),
        ("FT-IR (ATR) 2955m, 1740vs", (2955, 1740), ("m", "vs"), "ATR"),
        (
            "IR (neat): ν̃ = 3400–3200 (br, OH), 2960 (m), 1650.5 cm⁻¹; 1H NMR δ 7.2, 128.4",
            (3300, 2960, 1650.5), ("br", "m", ""), "neat",
        ),
        ("IR νmax/cm−1 3350br, 2925, 1680", (3350, 2925, 1680), ("br", "", ""), ""),
        ("IR (KBr, cm-1): 3310, 1720", (3310, 1720), (), "KBr"),
        ("IR (CHCl3) 3450-3300, 1735s; HRMS (ESI) m/z 245.1", (3375, 1735), ("br", "s"), "CHCl3"),
        ("IR (KBr) ν 1720 cm-1 (C=O), 3310 cm-1 (NH)", (1720, 3310), (), "KBr"),
        ("1720, 1605, 3310", (1720, 1605, 3310), (), ""),
        ("IR (film) 1720 (very strong), 900 w, sh", (1720, 900), None, "film"),
    ],
)  # fmt: skip
def test_lists(text, bands, strengths, state):
    (signal,) = read(text)
    assert signal.bands == bands
    assert strengths is None or signal.strengths == strengths
    assert signal.state == state


def test_micrometres():
    (signal,) = read("IR (film) 2.95, 5.80 µm")
    assert signal.bands == pytest.approx((1e4 / 2.95, 1e4 / 5.8))


def test_a_file_with_several_lists(tmp_path):
    path = tmp_path / "paper.txt"
    path.write_text("1: IR (KBr) 3310, 1720 cm-1.\n2: IR (neat) 2950, 1740 cm-1.\n")
    first, second = read(path)
    assert first.bands == (3310.0, 1720.0)
    assert second.state == "neat"
    assert second.origin == "paper.txt:2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("13C NMR (101 MHz, CDCl3) δ 170.1, 128.4", "NMR shifts, no infrared bands"),
        ("EI-MS m/z 128 (100), 127 (30)", "a mass spectrum, no infrared bands"),
        ("a sentence without numbers", "no infrared bands"),
        ("5.8, 6.2", "too small for wavenumbers"),
        ("IR (KBr) 9500, 1720 cm-1", "9500 is no infrared band"),
        ("", "empty"),
    ],
)
def test_refused(text, message):
    with pytest.raises(BadInput, match=message):
        list(read(text))
