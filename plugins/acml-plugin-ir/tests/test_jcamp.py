"""JCAMP-DX: every form of the data table says the same, and damage is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from acml_plugin_ir.read import read

from acml_core.errors import BadInput
from acml_core.jcampdx import ordinates

FILES = Path(__file__).parent / "files"
N = 200
AXIS = np.linspace(4000.0, 408.0, N)
ROW = 8

SQUEEZED = {**dict(zip("0123456789", "@ABCDEFGHI", strict=True))}
NEGATIVE = dict(zip("123456789", "abcdefghi", strict=True))
DIFFERENCE = dict(zip("0123456789", "%JKLMNOPQR", strict=True))
FALLING = dict(zip("123456789", "jklmnopqr", strict=True))
DUPLICATE = dict(zip("123456789", "STUVWXYZs", strict=True))


def spectrum() -> np.ndarray:
    """Whole ordinates: three bands, a flat stretch, a few negative points."""
    y = sum(
        h * np.exp(-(((AXIS - at) / 40) ** 2)) for at, h in ((2950, 500), (1715, 900), (1100, 300))
    )
    y = np.round(np.asarray(y)).astype(int)
    y[:3] = [-12, -3, 7]
    return y


def squeezed(value: int) -> str:
    text = str(abs(value))
    return (NEGATIVE if value < 0 else SQUEEZED)[text[0]] + text[1:]


def difference(value: int) -> str:
    text = str(abs(value))
    return (FALLING if value < 0 else DIFFERENCE)[text[0]] + text[1:]


def table(y: np.ndarray, form: str) -> str:
    """An (X++(Y..Y)) table in a form of JCAMP-DX 4.24."""
    lines = []
    for start in range(0, len(y), ROW):
        values = [int(v) for v in y[start : start + ROW]]
        x = f"{AXIS[start]:.3f}"
        if form == "AFFN":
            lines.append(" ".join([x, *map(str, values)]))
        elif form == "PAC":
            lines.append(x + "".join(f"{v:+d}" for v in values))
        elif form == "SQZ":
            lines.append(x + "".join(map(squeezed, values)))
        else:  # a line begins with the last ordinate of the line before: the Y check
            steps = np.diff(values)
            head = squeezed(values[0]) if start == 0 else squeezed(int(y[start - 1]))
            first = [] if start == 0 else [values[0] - int(y[start - 1])]
            items = [difference(int(s)) for s in [*first, *steps]]
            lines.append(x + head + ("".join(items) if form == "DIF" else duplicated(items)))
    if form in ("DIF", "DIFDUP"):
        lines.append(f"{AXIS[-1]:.3f}{squeezed(int(y[-1]))}")
    return "\n".join(lines)


def duplicated(items: list[str]) -> str:
    out, i = "", 0
    while i < len(items):
        run = 1
        while i + run < len(items) and items[i + run] == items[i]:
            run += 1
        out += items[i]
        if run > 1:
            text = str(run)
            out += DUPLICATE[text[0]] + text[1:]
        i += run
    return out


def file(data: str, **labels: str) -> str:
    given = {
        "TITLE": "made for a test",
        "JCAMP-DX": "4.24",
        "DATA TYPE": "INFRARED SPECTRUM",
        "STATE": "liquid",
        "XUNITS": "1/CM",
        "YUNITS": "ABSORBANCE",
        "XFACTOR": "1",
        "YFACTOR": "0.001",
        "FIRSTX": f"{AXIS[0]}",
        "LASTX": f"{AXIS[-1]}",
        "NPOINTS": str(N),
    } | {name.replace("_", " "): value for name, value in labels.items()}
    head = "\n".join(f"##{name}={value}" for name, value in given.items() if value)
    return f"{head}\n{data}\n##END=\n"


def xydata(y: np.ndarray, form: str) -> str:
    return f"##XYDATA=(X++(Y..Y))\n{table(y, form)}"


@pytest.mark.parametrize("form", ["AFFN", "PAC", "SQZ", "DIF", "DIFDUP"])
def test_every_form_gives_the_same_curve(form):
    (signal,) = read(file(xydata(spectrum(), form)))
    np.testing.assert_allclose(signal.wavenumber, AXIS[::-1])
    np.testing.assert_allclose(signal.absorbance, spectrum()[::-1] / 1000)
    assert signal.state == "liquid"


def test_the_standards_own_example():
    """The ordinates 1 2 3 3 2 1 0 -1 -2 -3 in the compressed forms of JCAMP-DX 4.24."""
    expected = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]
    for text in ("0+1+2+3+3+2+1+0-1-2-3", "0ABCCBA@abc", "0AJJ%jjjjjj", "0AJT%jX"):
        assert ordinates(text, 1, Path("x")).y.tolist() == expected, text


def test_points_as_pairs():
    y = spectrum()
    rows = "\n".join(f"{x:.6f}, {v}" for x, v in zip(AXIS, y, strict=True))
    for label in ("XYPOINTS", "XYDATA"):
        (signal,) = read(file(f"##{label}=(XY..XY)\n{rows}"))
        np.testing.assert_allclose(signal.wavenumber, AXIS[::-1], atol=1e-6)
        np.testing.assert_allclose(signal.absorbance, y[::-1] / 1000)


def test_question_mark_is_not_measured():
    y = spectrum()
    text = xydata(y, "AFFN").replace("\n", "\n", 1).split("\n")
    cells = text[2].split()
    text[2] = " ".join([cells[0], "?", *cells[2:]])
    (signal,) = read(file("\n".join(text)))
    assert np.isnan(signal.absorbance).sum() == 1


@pytest.mark.parametrize(
    ("units", "first", "last", "low", "high"),
    [("MICROMETERS", 2.5, 25.0, 400, 4000), ("NANOMETERS", 2500.0, 20000.0, 500, 4000)],
)
def test_wavelengths_become_wavenumbers(units, first, last, low, high):
    y = spectrum()
    steps = np.linspace(first, last, N)
    lines = "\n".join(
        " ".join([f"{steps[i]:.5f}", *map(str, y[i : i + ROW])]) for i in range(0, N, ROW)
    )
    text = file(f"##XYDATA=(X++(Y..Y))\n{lines}", XUNITS=units, FIRSTX=f"{first}", LASTX=f"{last}")
    (signal,) = read(text)
    assert signal.wavenumber[0] == pytest.approx(low)
    assert signal.wavenumber[-1] == pytest.approx(high)
    assert signal.absorbance[-1] == pytest.approx(y[0] / 1000)


@pytest.mark.parametrize(
    ("units", "factor"), [("TRANSMITTANCE", 1.0), ("%T", 100.0), ("TRANSMITTANCE", 100.0)]
)
def test_transmittance_in_fractions_and_percent(units, factor):
    fraction = 10 ** -(np.clip(spectrum(), 0, None) / 1000)
    whole = np.round(fraction * 10000).astype(int)
    text = file(xydata(whole, "AFFN"), YUNITS=units, YFACTOR=f"{factor / 10000}")
    (signal,) = read(text)
    np.testing.assert_allclose(signal.transmittance, whole[::-1] / 10000, atol=1e-12)


def test_kubelka_munk_counts_as_absorbance():
    (signal,) = read(file(xydata(spectrum(), "AFFN"), YUNITS="KUBELKA-MUNK"))
    assert max(signal.absorbance) == pytest.approx(spectrum().max() / 1000)


def test_a_link_block_gives_each_infrared_block():
    good = file(xydata(spectrum(), "DIFDUP"))
    other = file("##XYDATA=(X++(Y..Y))\n1 2 3", DATA_TYPE="NMR SPECTRUM")
    text = f"##TITLE=two\n##DATA TYPE=LINK\n##BLOCKS=3\n{good}{other}{good}##END=\n"
    rejects: list[BadInput] = []
    assert len(list(read(text, on_reject=rejects.append))) == 2
    assert len(rejects) == 1
    assert "NMR" in str(rejects[0])


def test_a_peak_table_is_a_band_list():
    text = file("##PEAK TABLE=(XY..XY)\n2950,0.2 1715,1.0 1100,0.55", NPOINTS="3", YFACTOR="1")
    (signal,) = read(text)
    assert signal.bands == (2950.0, 1715.0, 1100.0)
    assert signal.strengths == ("w", "vs", "s")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"DATA_TYPE": "NMR SPECTRUM"}, "holds an NMR spectrum"),
        ({"DATA_TYPE": "MASS SPECTRUM"}, "holds a mass spectrum"),
        ({"DATA_TYPE": "RAMAN SPECTRUM"}, "Raman"),
        ({"YUNITS": "REFLECTANCE"}, "Kubelka-Munk"),
        ({"YUNITS": "BANANAS"}, "BANANAS"),
        ({"XUNITS": "SECONDS"}, "SECONDS"),
        ({"NPOINTS": "300"}, "200 of 300 points"),
        ({"LASTX": "3000"}, "X check"),
        ({"XUNITS": "1/CM", "FIRSTX": "2.5", "LASTX": "25", "XFACTOR": "0"}, "X check"),
    ],
)
def test_refused(labels, message):
    with pytest.raises(BadInput, match=message):
        list(read(file(xydata(spectrum(), "AFFN"), **labels)))


def test_micrometres_called_wavenumbers():
    y = spectrum()
    steps = np.linspace(2.5, 25, N)
    rows = "\n".join(f"{x:.6f}, {v}" for x, v in zip(steps, y, strict=True))
    with pytest.raises(BadInput, match="micrometres"):
        list(read(file(f"##XYPOINTS=(XY..XY)\n{rows}")))


def test_a_failed_y_check_names_the_line():
    text = xydata(spectrum(), "DIF").split("\n")
    x, rest = text[5][:8], text[5][8:]
    text[5] = x + ("B" if rest[0] != "B" else "C") + rest[1:]
    with pytest.raises(BadInput, match="Y check") as caught:
        list(read(file("\n".join(text))))
    assert caught.value.line is not None


def test_a_lost_line_fails_the_x_check():
    text = xydata(spectrum(), "AFFN").split("\n")
    del text[6]
    with pytest.raises(BadInput, match="X check"):
        list(read(file("\n".join(text), NPOINTS=str(N - ROW))))


def test_without_a_count_the_end_must_be_marked():
    text = file(xydata(spectrum(), "AFFN"), NPOINTS="")
    assert len(list(read(text))) == 1
    with pytest.raises(BadInput, match="truncated"):
        list(read(text.replace("##END=\n", "")))


def test_upside_down():
    y = spectrum().max() - spectrum()
    with pytest.raises(BadInput, match="upside down"):
        list(read(file(xydata(y, "AFFN"))))
    whole = np.clip(spectrum(), 0, None) + 20
    with pytest.raises(BadInput, match="upside down"):
        list(read(file(xydata(whole, "AFFN"), YUNITS="TRANSMITTANCE")))


@pytest.mark.parametrize(("excess", "fine"), [(1.08, True), (1.3, False)])
def test_transmittance_above_all_light(excess, fine):
    fraction = 10 ** -(np.clip(spectrum(), 0, None) / 1000) * excess
    text = file(xydata(np.round(fraction * 1000).astype(int), "AFFN"), YUNITS="TRANSMITTANCE")
    if fine:
        (signal,) = read(text)
        assert max(signal.transmittance) == 1.0
    else:
        with pytest.raises(BadInput, match="130 %"):
            list(read(text))


def test_the_example_file():
    (signal,) = read(FILES / "acetone.jdx")
    assert signal.smiles == "CC(C)=O"
    top = signal.wavenumber[int(np.argmax(signal.absorbance))]
    assert 1680 < top < 1780  # C=O stretch


@pytest.mark.data
def test_every_published_file_is_read(data_dir):
    files = sorted((data_dir / "raw" / "ir").glob("*.jdx"))
    assert len(files) == 60
    for path in files:
        (signal,) = read(path)
        assert not signal.missing
