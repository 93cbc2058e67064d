"""Files of every format: values, units, axis directions, and one clear line for each bad one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from acml_plugin_nmr.read import FORMATS, SUFFIXES, read

from acml_core.errors import BadInput
from acml_core.jcampdx import ordinates

FILES = Path(__file__).parent / "files"
CARBON = (14.2, 21.0, 60.4, 171.1)


def one(source: Path, **options):
    signals = list(read(source, **options))
    assert len(signals) == 1
    return signals[0]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refusal(source: Path | str, **options) -> str:
    with pytest.raises(BadInput) as caught:
        list(read(source, **options))
    message = str(caught.value)
    assert "\n" not in message
    return message


# ---- number lists and peak lists ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "14.2\n21.0\n60.4\n171.1\n",
        "14.2, 21.0, 60.4, 171.1",
        "14.2 21.0\n60.4 171.1\n",
        "14,2\n21,0\n60,4\n171,1\n",
        "14,2; 21,0; 60,4; 171,1",
        "# 13C, CDCl3\n14.2\r\n21.0\r\n60.4\r\n\r\n171.1\r\n",
        "14.2\t80\n21.0\t70\n60.4\t90\n171.1\t20\n",
        "1 14.2 80\n2 21.0 70\n3 60.4 90\n4 171.1 20\n",
    ],
)
def test_number_list(tmp_path: Path, text: str) -> None:
    signal = one(write(tmp_path / "list.txt", text))
    assert signal.shifts_13c == CARBON
    assert signal.shifts_1h == ()


def test_number_list_with_letters(tmp_path: Path) -> None:
    signal = one(write(tmp_path / "list.txt", "14.2 Q\n21.0 Q\n60.4 T\n171.1 S\n"))
    assert signal.shifts_13c == CARBON
    assert signal.multiplicity_13c == ("Q", "Q", "T", "S")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "ppm,intensity,multiplicity\n14.2,80,Q\n21.0,70,Q\n60.4,90,T\n171.1,20,S\n"),
        ("a.csv", "Intensity;DEPT;Shift [ppm]\n80;CH3;14,2\n70;CH3;21,0\n90;CH2;60,4\n20;C=O;171,1\n"),
        ("a.tsv", "ν(F1) [ppm]\tIntensity [abs]\tmult\n14.2\t80\tQ\n21.0\t70\tQ\n"
                  "60.4\t90\tT\n171.1\t20\tS\n"),
        ("a.csv", "14.2,CH3\n21.0,CH3\n60.4,CH2\n171.1,C=O\n"),
        ("a.csv", "Name,Shift,Type,Class\nA,14.2,Compound,Q\nB,21.0,Compound,Q\nS,77.16,Solvent,\n"
                  "C,60.4,Compound,T\nD,171.1,Compound,S\n"),
        ("a.csv", "# solvent: CDCl3\nHz,ppm,type of carbon,multiplicity\n1420,14.2,a,Q\n2100,21.0,b,Q\n"
                  "6040,60.4,c,T\n17110,171.1,d,S\n"),
    ],
)  # fmt: skip
def test_peak_list(tmp_path: Path, name: str, text: str) -> None:
    signal = one(write(tmp_path / name, text))
    assert signal.shifts_13c == CARBON
    assert signal.multiplicity_13c == ("Q", "Q", "T", "S")


def test_peak_list_of_protons(tmp_path: Path) -> None:
    text = "shift,nucleus,mult,H's\n4.15-4.09,1H,q,2\n2.04,1H,s,3\n1.26,1H,t,3\n"
    signal = one(write(tmp_path / "a.csv", text))
    assert signal.shifts_1h == pytest.approx((4.12, 2.04, 1.26))
    assert signal.multiplicity_1h == ("q", "s", "t")
    assert signal.integral_1h == (2.0, 3.0, 3.0)


def test_peak_list_of_both_nuclei(tmp_path: Path) -> None:
    text = "nucleus,ppm\n13C,14.2\n1H,1.26\n13C,60.4\n1H,4.12\n19F,-113\n"
    signal = one(write(tmp_path / "a.csv", text))
    assert signal.shifts_13c == (14.2, 60.4)
    assert signal.shifts_1h == (1.26, 4.12)


def test_nucleus_from_file_name(tmp_path: Path) -> None:
    assert one(write(tmp_path / "sample_13C.csv", "ppm\n14.2\n18.1\n")).shifts_13c == (14.2, 18.1)
    assert one(write(tmp_path / "sample.csv", "ppm\n14.2\n18.1\n")).shifts_1h == (14.2, 18.1)


def lorentz(ppm: np.ndarray, centres, width: float = 0.05) -> np.ndarray:
    noise = np.random.default_rng(7).normal(0, 0.002, ppm.size)
    return sum(1 / (1 + ((ppm - c) / width) ** 2) for c in centres) + noise


def test_digitised_spectrum_in_csv(tmp_path: Path) -> None:
    ppm = np.linspace(-10, 220, 8192)
    rows = [f"{x:.5f},{y:.6f}" for x, y in zip(ppm, lorentz(ppm, CARBON), strict=True)]
    signal = one(write(tmp_path / "spectrum_13C.csv", "ppm,intensity\n" + "\n".join(rows)))
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.03)


# ---- tables -------------------------------------------------------------------------------------


def test_table_csv(tmp_path: Path) -> None:
    text = (
        "smiles,shifts_13c,multiplicity_13c,shifts_1h,solvent\n"
        'CCO,"[18.1, 57.8]","[""Q"", ""T""]",,CDCl3\n'
        "C,,,0.2 0.2,\n"
        "CO,,,,\n"
        "CC,7.3|7.3,Q|,,\n"
    )
    first, second, third = read(write(tmp_path / "t.csv", text))
    assert (first.smiles, first.shifts_13c, first.multiplicity_13c) == (
        "CCO",
        (18.1, 57.8),
        ("Q", "T"),
    )
    assert (first.solvent, first.origin) == ("CDCl3", "t.csv:2")
    assert second.shifts_1h == (0.2, 0.2)
    assert third.shifts_13c == (7.3, 7.3)


def test_table_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    table = pa.table(
        {"shifts_13c": [[18.1, 57.8], None, [1.0]], "multiplicity_13c": [["Q", "T"], None, [""]]}
    )
    pq.write_table(table, path)
    first, second = read(path)
    assert first.multiplicity_13c == ("Q", "T")
    assert second.origin == "t.parquet:3"
    path.write_bytes(path.read_bytes()[:-9])
    assert "parquet" in refusal(path)


def test_bad_rows_of_a_table(tmp_path: Path) -> None:
    text = (
        "smiles,shifts_13c,multiplicity_13c\nCCO,18.1 57.8,Q\nCCO,18.1 x,\nCCO,nan 3,\n"
        "CCO,18.1 57.8,Q|T\n"
        "CCO,1810 5780,\n"
    )
    path = write(tmp_path / "t.csv", text)
    rejects: list[BadInput] = []
    (good,) = read(path, on_reject=rejects.append)
    assert good.shifts_13c == (18.1, 57.8)
    assert [error.line for error in rejects] == [2, 3, 4, 6]
    assert "Hz" in str(rejects[-1])
    assert "t.csv:2" in refusal(path)


# ---- JCAMP-DX -----------------------------------------------------------------------------------


def test_jcamp_peak_table_in_hz() -> None:
    signal = one(FILES / "peak_table.jdx")
    assert signal.shifts_13c == pytest.approx(CARBON)
    assert signal.solvent == "CDCl3"


def test_jcamp_link_block() -> None:
    rejects: list[BadInput] = []
    (signal,) = read(FILES / "assignments.jdx", on_reject=rejects.append)
    assert signal.shifts_1h == (1.26, 2.04, 4.12)
    assert signal.multiplicity_1h == ("t", "s", "q")
    assert "19F" in str(rejects[0])


HEADER = """##TITLE= synthetic
##JCAMP-DX= 5.01
##DATA TYPE= NMR SPECTRUM
##.OBSERVE FREQUENCY= 100.0
##.OBSERVE NUCLEUS= ^13C
"""
POINTS = 4096


SQUEEZED = "@ABCDEFGHI", "abcdefghi"
DIFFERENCE = "%JKLMNOPQR", "jklmnopqr"
LINE = 40


def coded(number: int, tables: tuple[str, str]) -> str:
    """A number whose first digit (and sign) is a pseudo-digit."""
    text = str(abs(number))
    lead = tables[0][int(text[0])] if number >= 0 else tables[1][int(text[0]) - 1]
    return lead + text[1:]


def fixed_form(values: np.ndarray) -> str:
    """AFFN: plain numbers."""
    starts = range(0, len(values), LINE)
    return "\n".join(f"{i} " + " ".join(map(str, values[i : i + LINE])) for i in starts)


def squeezed_form(values: np.ndarray) -> str:
    """SQZ."""
    rows = [(i, values[i : i + LINE]) for i in range(0, len(values), LINE)]
    return "\n".join(str(i) + "".join(coded(int(v), SQUEEZED) for v in row) for i, row in rows)


def difference_form(values: np.ndarray) -> str:
    """DIF form as the standard has it: each line but the first begins with a check value."""
    lines = []
    for start in range(0, len(values), LINE):
        part = [int(v) for v in values[max(start - 1, 0) : start + LINE]]
        steps = "".join(coded(b - a, DIFFERENCE) for a, b in pairwise(part))
        lines.append(str(start) + coded(part[0], SQUEEZED) + steps)
    return "\n".join(lines)


FORMS = {"affn": fixed_form, "sqz": squeezed_form, "dif": difference_form}


@pytest.mark.parametrize("direction", ["falling", "rising"])
@pytest.mark.parametrize("form", ["affn", "sqz", "dif"])
@pytest.mark.parametrize("units", ["PPM", "HZ"])
def test_jcamp_spectrum(tmp_path: Path, direction: str, form: str, units: str) -> None:
    """Whatever the direction of the axis, the compression and the unit, peaks are where they are."""
    ppm = np.linspace(220, -10, POINTS) if direction == "falling" else np.linspace(-10, 220, POINTS)
    heights = np.round(lorentz(ppm, CARBON, 0.15) * 100_000).astype(int)
    scale = 100.0 if units == "HZ" else 1.0
    body = FORMS[form](heights)
    text = (
        f"{HEADER}##XUNITS= {units}\n##FIRSTX= {ppm[0] * scale}\n##LASTX= {ppm[-1] * scale}\n"
        f"##NPOINTS= {POINTS}\n##YFACTOR= 1e-5\n##XYDATA= (X++(Y..Y))\n{body}\n##END=\n"
    )
    signal = one(write(tmp_path / "s.jdx", text))
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.05)


def test_jcamp_decoding_agrees_with_nmrglue(tmp_path: Path) -> None:
    from nmrglue.fileio import jcampdx

    values = np.round(np.cumsum(np.random.default_rng(3).normal(0, 300, 500))).astype(int)
    values[100:140] = values[100]
    text = (
        f"{HEADER}##XUNITS= HZ\n##YUNITS= ARBITRARY UNITS\n##FIRSTX= 0\n##LASTX= 499\n##NPOINTS= 500\n"
        f"##XFACTOR= 1\n##YFACTOR= 1\n##XYDATA= (X++(Y..Y))\n{difference_form(values)}\n##END=\n"
    )
    _, theirs = jcampdx.read(str(write(tmp_path / "s.jdx", text)))
    ours = ordinates(difference_form(values), 1, "s.jdx").y.tolist()
    assert ours == values.tolist()
    assert np.allclose(np.asarray(theirs).ravel(), ours)


def test_jcamp_duplicates() -> None:
    # 7 7 7; then 1, and three steps of +2; then a plain number with an exponent.
    assert ordinates("0GT\n3AKU\n", 1, "x").y.tolist() == [7, 7, 1, 3, 5, 7]
    assert ordinates("0 1.5e1 -2E+0 +3", 1, "x").y.tolist() == [15.0, -2.0, 3.0]
    assert ordinates("100+1-2+3", 1, "x").y.tolist() == [1, -2, 3]


def test_jcamp_shift_reference(tmp_path: Path) -> None:
    """Bruker's exports count Hz from an edge; .SHIFT REFERENCE gives the ppm of a point."""
    ppm = np.linspace(220, -10, POINTS)
    heights = np.round(lorentz(ppm, CARBON, 0.15) * 100_000).astype(int)
    text = (
        f"{HEADER}##.SHIFT REFERENCE= INTERNAL, CDCl3, 1, 220.0\n##XUNITS= HZ\n##FIRSTX= 23000\n"
        f"##LASTX= 0\n"
        f"##NPOINTS= {POINTS}\n##YFACTOR= 1\n##XYDATA= (X++(Y..Y))\n{difference_form(heights)}\n"
        f"##END=\n"
    )
    signal = one(write(tmp_path / "s.jdx", text))
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.05)


def test_jcamp_ntuples(tmp_path: Path) -> None:
    ppm = np.linspace(220, -10, POINTS)
    heights = np.round(lorentz(ppm, CARBON, 0.15) * 100_000).astype(int)
    zeros = "\n".join("0 " + "1 " * 40 for _ in range(POINTS // 40))
    text = (
        f"{HEADER}##NTUPLES= NMR SPECTRUM\n"
        f"##VAR_NAME= FREQUENCY, SPECTRUM/REAL, SPECTRUM/IMAG, PAGE NUMBER\n"
        f"##SYMBOL= X, R, I, N\n##VAR_DIM= {POINTS}, {POINTS}, {POINTS}, 2\n"
        f"##UNITS= HZ, ARBITRARY UNITS, "
        f"ARBITRARY UNITS,\n##FIRST= 22000, 1, 1, 1\n##LAST= -1000, 1, 1, 2\n##FACTOR= 1, 0.5, 0.5, 1\n"
        f"##PAGE= N=1\n##DATA TABLE= (X++(R..R)), XYDATA\n{difference_form(heights)}\n"
        f"##PAGE= N=2\n##DATA TABLE= (X++(I..I)), XYDATA\n{zeros}\n##END NTUPLES= NMR SPECTRUM\n"
        f"##END=\n"
    )
    signal = one(write(tmp_path / "s.dx", text))
    assert sorted(signal.shifts_13c) == pytest.approx(CARBON, abs=0.05)


def test_jcamp_truncated(tmp_path: Path) -> None:
    text = f"{HEADER}##XUNITS= PPM\n##FIRSTX= 200\n##LASTX= 0\n##NPOINTS= 1000\n"
    text += "##XYDATA= (X++(Y..Y))\n0 1 2 3\n"
    message = refusal(write(tmp_path / "s.jdx", text))
    assert "3 of 1000 points" in message


# ---- SDF and NMR-STAR ---------------------------------------------------------------------------


def test_sdf() -> None:
    first, second = read(FILES / "two_records.sdf")
    # The order in Solvent says that spectrum 1 is the first.
    assert first.smiles == "CCOC(C)=O"
    assert first.shifts_13c == CARBON
    assert first.multiplicity_13c == ("Q", "Q", "T", "S")
    assert first.shifts_1h == (1.26, 2.04, 4.12)
    assert first.multiplicity_1h == ("t", "s", "q")
    assert first.solvent == "Chloroform-D1 (CDCl3)"
    assert (second.smiles, second.shifts_13c, second.origin) == (
        "CO",
        (49.9,),
        "two_records.sdf:33",
    )


def test_sdf_bad_records(tmp_path: Path) -> None:
    good = (FILES / "two_records.sdf").read_text()
    records = good.split("$$$$\n")[:2]
    bad_shift = records[1].replace("49.9;", "forty;")
    no_spectrum = records[1].replace("Spectrum 13C 0", "Temperature")
    fluorine = records[1].replace("Spectrum 13C 0", "Spectrum 19F 0")
    bad_mol = (
        records[0].replace(" C   0", " Xx  0", 1).replace("  1  2  1  0\n", "  1  9  1  0\n", 1)
    )
    text = "$$$$\n".join(
        [records[0], bad_shift, no_spectrum, fluorine, bad_mol, records[1], records[1]]
    )
    path = write(tmp_path / "bad.sdf", text)  # the last record is not closed
    rejects: list[BadInput] = []
    signals = list(read(path, on_reject=rejects.append))
    assert [signal.smiles for signal in signals] == ["CCOC(C)=O", "CO"]
    assert len(rejects) == 5
    words = ["forty", "no spectrum", "19F", "mol block", "$$$$"]
    assert all(word in str(error) for word, error in zip(words, rejects, strict=True))
    assert all(error.line for error in rejects)
    lines = text.splitlines()
    assert "forty" in lines[rejects[0].line - 1]
    assert "forty" in refusal(path)


def test_sdf_streams(tmp_path: Path) -> None:
    path = tmp_path / "long.sdf"
    path.write_text((FILES / "two_records.sdf").read_text() * 30 + "\0 garbage", encoding="utf-8")
    signals = read(path)
    assert next(signals).smiles == "CCOC(C)=O"  # without having seen the end


def test_nmrstar() -> None:
    signal = one(FILES / "shifts.str")
    assert sorted(signal.shifts_13c) == list(CARBON)
    assert sorted(signal.shifts_1h) == [1.26, 2.04, 4.12]
    assert (signal.smiles, signal.solvent) == ("CCOC(C)=O", "CDCl3")


def test_nmrstar_peak_list(tmp_path: Path) -> None:
    text = """data_own
save_peaks_1
   _Spectral_peak_list.Sf_category   spectral_peak_list
   _Spectral_peak_list.Sf_framecode  peaks_1
   _Spectral_peak_list.Number_of_spectral_dimensions 1
   loop_
      _Spectral_dim.ID
      _Spectral_dim.Atom_type
      _Spectral_dim.Atom_isotope_number
      1 C 13
   stop_
   loop_
      _Peak_char.Peak_ID
      _Peak_char.Spectral_dim_ID
      _Peak_char.Chem_shift_val
      1 1 14.2
      2 1 171.1
   stop_
save_
"""
    assert one(write(tmp_path / "p.str", text)).shifts_13c == (14.2, 171.1)
    assert "15N" in refusal(write(tmp_path / "n.str", text.replace("1 C 13", "1 N 15")))
    assert "NMR-STAR" in refusal(write(tmp_path / "t.str", text[:-30]))


# ---- bad files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s != ".zip"])
def test_empty_and_binary(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(b"")
    assert "empty" in refusal(path)
    path.write_bytes(np.random.default_rng(1).bytes(5000))
    message = refusal(path)
    assert "binary" in message or "parquet" in message


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "mass,intensity\n44,100\n45,20\n", ["mass, intensity", "ppm"]),
        ("a.csv", "frequency (Hz),intensity\n2904,1\n1540,2\n", ["a.csv:1", "Hz"]),
        ("a.csv", "ppm\n2904\n1540\n800\n", ["Hz"]),
        ("a.csv", "ppm,nucleus\n-113,19F\n", ["19F"]),
        ("a.csv", "ppm\n14.2\nnan\n", ["a.csv:3", "finite"]),
        ("a.csv", "ppm\n14.2\nabc\n", ["a.csv:3", "abc"]),
        ("a.csv", "ppm\n", ["no 13C or 1H peaks"]),
        ("a.csv", "smiles,shift_13c\nCCO,18.1\n", ["shift"]),
        ("a.txt", "14.2\ninf\n", ["a.txt:2", "finite"]),
        ("a.txt", "just some words\n", ["no NMR data"]),
        ("a.jdx", "##TITLE= x\n##JCAMP-DX= 5.01\n", ["no JCAMP-DX data block", "truncated"]),
        ("a.jdx", "##TITLE= x\n##DATA TYPE= MASS SPECTRUM\n##PEAK TABLE= (XY..XY)\n44,1\n##END=\n",
         ["holds a mass spectrum"]),
        ("a.jdx", "##TITLE= x\n##DATA TYPE= NMR SPECTRUM\n##.OBSERVE NUCLEUS= ^31P\n"
                  "##XYDATA= (X++(Y..Y))\n0 1\n##END=\n", ["31P"]),
        ("a.jdx", "##TITLE= x\n##DATA TYPE= NMR PEAK TABLE\n##.OBSERVE NUCLEUS= ^13C\n"
                  "##XUNITS= HZ\n##PEAK TABLE= (XY..XY)\n1700,1\n##END=\n", ["OBSERVE FREQUENCY"]),
        ("a.sdf", "nothing\nof the kind\n", ["$$$$"]),
        ("a.str", "hello", ["NMR-STAR"]),
    ],
)  # fmt: skip
def test_bad_file(tmp_path: Path, name: str, text: str, words: list[str]) -> None:
    message = refusal(write(tmp_path / name, text))
    for word in words:
        assert word in message


def test_infrared_jcamp() -> None:
    message = refusal(FILES / "infrared.jdx")
    assert "holds an infrared spectrum" in message
    assert "infrared.jdx:3" in message


def test_unknown_format_and_missing_file(tmp_path: Path) -> None:
    assert "jcamp" in refusal("x", format="jcmp")
    assert "no such file" in refusal(tmp_path / "gone.csv")
    assert "holds no Bruker or Varian data" in refusal(tmp_path)
    assert "jcamp" in FORMATS


def test_content_decides_without_a_known_suffix(tmp_path: Path) -> None:
    for name in ("peak_table.jdx", "two_records.sdf", "shifts.str"):
        copy = write(tmp_path / "download.dat", (FILES / name).read_text())
        theirs = [signal.shifts_13c for signal in read(FILES / name)]
        assert [signal.shifts_13c for signal in read(copy)] == theirs
