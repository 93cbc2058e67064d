"""NaN among the shifts is said, in every format, and never skipped or read as another number."""

from __future__ import annotations

import pytest
from acml_plugin_nmr.modality import Nmr

from acml_core.errors import BadInput

nmr = Nmr()
JCAMP = (
    "##TITLE=x\n##DATA TYPE=NMR PEAK TABLE\n##.OBSERVE NUCLEUS=^13C\n##XUNITS=PPM\n##NPOINTS=3\n"
    "##PEAK TABLE=(XY..XY)\n170,1\n{bad},1\n29,0.3\n##END=\n"
)


@pytest.mark.parametrize("bad", ["nan", "NaN", "inf", "-inf"])
@pytest.mark.parametrize(
    "text",
    ["{bad}, 128.4, 55.3", "13C NMR (101 MHz, CDCl3) δ 128.4, {bad}, 55.3", JCAMP],
)
@pytest.mark.parametrize("lenient", [True, False])
def test_text_and_jcamp(text, bad, lenient):
    rejects: list[BadInput] = []
    with pytest.raises(BadInput, match="not a finite number"):
        list(nmr.read(text.format(bad=bad), on_reject=rejects.append if lenient else None))


def test_the_same_without_it_is_read():
    (one,) = nmr.read(JCAMP.format(bad="128.4"))
    assert one.shifts_13c == (170.0, 128.4, 29.0)


@pytest.mark.parametrize(
    ("name", "text"),
    [("peaks.csv", "ppm,height\n170.1,1\nnan,1\n55.3,1\n"), ("list.txt", "170.1, nan, 55.3\n")],
)
def test_files_of_peaks(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=rf"{name}.*not a finite number"):
        list(nmr.read(path))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("[nan, 58]", "a value of shifts_13c is not a finite number"),
        ("[18, inf]", "a value of shifts_13c is not a finite number"),
        ("nan|58", "a value of shifts_13c is not a finite number"),
        ("[18, 58", "shifts_13c: the cell is no list"),
    ],
)
def test_a_row_of_a_table(tmp_path, cell, reason):
    path = tmp_path / "t.csv"
    path.write_text(f'smiles,shifts_13c\nCCO,"{cell}"\nCCO,"[18.2, 58.0]"\n')
    rejects: list[BadInput] = []
    (one,) = nmr.read(path, on_reject=rejects.append)
    assert one.shifts_13c == (18.2, 58.0)
    assert rejects[0].what.startswith(reason)
    assert rejects[0].line == 2


def test_words_that_only_look_like_it():
    """Azide, and a name in the solvent's bracket."""
    (one,) = nmr.read("13C NMR (101 MHz, CDCl3, NaN3 added) δ 170.1, 128.4 (Nan), 55.3")
    assert one.shifts_13c == (170.1, 128.4, 55.3)
