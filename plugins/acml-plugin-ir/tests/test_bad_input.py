"""What measured files get wrong: transmittance above 100 %, NaN, bands that are none."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_ir.modality import Ir
from acml_plugin_ir.signal import IrSignal

from acml_core.data import table
from acml_core.errors import BadInput

ir = Ir()
X = np.linspace(4000.0, 500.0, 400)
DIP = np.exp(-(((X - 1715) / 30) ** 2)) + 0.5 * np.exp(-(((X - 2950) / 40) ** 2))


def written(path, y, name="%T"):
    rows = "\n".join(f"{a:.2f},{b}" for a, b in zip(X, y, strict=True))
    path.write_text(f"cm-1,{name}\n{rows}\n")
    return path


@pytest.mark.parametrize(("top", "name"), [(105.0, "%T"), (1.05, "transmittance")])
def test_a_little_above_full_is_cut(tmp_path, top, name):
    (one,) = ir.read(written(tmp_path / "a.csv", top * (1 - 0.9 * DIP), name))
    assert max(one.transmittance) == 1.0
    assert 0 < min(one.transmittance) < 0.2


@pytest.mark.parametrize(("top", "name"), [(140.0, "%T"), (1.4, "transmittance")])
def test_far_above_full_is_refused(tmp_path, top, name):
    path = written(tmp_path / "a.csv", top * (1 - 0.9 * DIP), name)
    with pytest.raises(BadInput, match=r"a\.csv.*up to 140 %, more than 110 %.*reference"):
        list(ir.read(path))


def test_far_above_full_in_jcamp_is_refused(tmp_path):
    path = tmp_path / "a.jdx"
    rows = "\n".join(f"{x:.1f}, {y:.2f}" for x, y in zip(X, 140 * (1 - 0.9 * DIP), strict=True))
    path.write_text(
        "##TITLE=x\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=%TRANSMITTANCE\n"
        f"##NPOINTS={len(X)}\n##XYPOINTS=(XY..XY)\n{rows}\n##END=\n"
    )
    with pytest.raises(BadInput, match=r"a\.jdx.*up to 140 %"):
        list(ir.read(path))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_percent_in_a_tables_column_of_fractions(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    fraction = tuple((1 - 0.9 * DIP).tolist())
    percent = tuple((100 - 90 * DIP).tolist())
    axis = tuple(X.tolist())
    table.write(path, [IrSignal(smiles="CCO", wavenumber=axis, transmittance=fraction),
                       IrSignal(smiles="CCN", wavenumber=axis, transmittance=percent)])  # fmt: skip
    rejects: list[BadInput] = []
    (one,) = ir.read(path, on_reject=rejects.append)
    assert one.smiles == "CCO"
    assert "divide percent by 100" in rejects[0].what


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_points_that_are_no_numbers_are_not_measured(tmp_path, bad):
    y = [bad if 100 <= i < 110 else f"{v:.4f}" for i, v in enumerate(DIP)]
    (one,) = ir.read(written(tmp_path / "a.csv", y, "absorbance"))
    values = np.array(one.absorbance)
    assert np.isnan(values).sum() == 10
    assert not np.isinf(values).any()
    assert np.isfinite(ir.prepare(one)["absorbance"]).all()


def test_no_number_at_all(tmp_path):
    path = written(tmp_path / "a.csv", ["nan"] * len(X), "absorbance")
    with pytest.raises(BadInput, match=r"a\.csv.*0 rows of two numbers"):
        list(ir.read(path))


@pytest.mark.parametrize(
    "text", ["IR (KBr) nan, 1720 cm-1", "3310, NaN, 1720", "IR (film) 1720, inf"]
)
def test_bands_that_are_no_numbers(text):
    with pytest.raises(BadInput, match="not a finite number"):
        list(ir.read(text))


@pytest.mark.parametrize("cell", ["[NaN, 1720]", "[17.2, 1720]", "nan|1720"])
def test_bands_of_a_table(tmp_path, cell):
    path = tmp_path / "t.csv"
    path.write_text(f'smiles,bands\nCCO,"{cell}"\nCCO,"[3300, 1720]"\n')
    rejects: list[BadInput] = []
    (one,) = ir.read(path, on_reject=rejects.append)
    assert one.bands == (3300.0, 1720.0)
    assert "is no infrared band" in rejects[0].what
    assert rejects[0].line == 2
    with pytest.raises(BadInput, match="is no infrared band"):
        list(ir.read(path))
