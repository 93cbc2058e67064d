"""Scripts that simulate a table: test molecules stay out, a second run goes on, the table is read."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from acml_plugin_ir.modality import Ir
from acml_plugin_ir.signal import IrSignal
from acml_plugin_ir.simulate import METHODS, ORIGIN, Method, simulate
from rdkit import Chem

from acml_core.data.split import SPLITS, SplitConfig, assign
from acml_core.data.table import read, write
from acml_core.molecule import canonicalise

SCRIPTS = Path(__file__).parents[1] / "scripts"
pytestmark = pytest.mark.skipif(
    not SCRIPTS.is_dir(), reason="scripts are in the source tree only, not in the wheel"
)

SMILES = (
    "CCO", "C#CC", "CC=O", "CCN", "CCS", "C=CC", "CC#N", "COC", "CCF", "CCCl", "C1CN1", "C1CC1",
    "C" * 21, "CC.O", "[Na+].[Cl-]", "CC[O]", "CCI", "no molecule",
)  # fmt: skip
USABLE = SMILES[:12]


@pytest.fixture
def molecules(tmp_path: Path) -> Path:
    path = tmp_path / "molecules.csv"
    path.write_text("smiles\n" + "\n".join(SMILES) + "\n")
    return path


def run(monkeypatch: pytest.MonkeyPatch, script: str, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    monkeypatch.syspath_prepend(SCRIPTS)  # as for a script that is run
    runpy.run_path(str(SCRIPTS / script), run_name="__main__")


@pytest.mark.parametrize("method", METHODS)
def test_from_molecules_to_a_table(
    method: Method,
    molecules: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if method == "tblite":
        pytest.importorskip("tblite")
    lines, out = tmp_path / "lines", tmp_path / "simulated.parquet"
    given = molecules, "--out", lines, "--method", method
    run(monkeypatch, "simulate_table.py", *given, "--minutes", 0)
    assert not list(lines.iterdir())  # no time, no file
    run(monkeypatch, "simulate_table.py", *given, "--minutes", 5)
    (file,) = lines.iterdir()
    stamp = file.stat().st_mtime_ns
    keys = [canonicalise(text).key for text in USABLE]
    side = assign(keys, SplitConfig())
    expected = {key for key, one in zip(keys, side, strict=True) if SPLITS[one] != "test"}
    assert 0 < len(expected) < len(keys)
    assert set(pq.read_table(file)["inchikey14"].to_pylist()) == expected

    capsys.readouterr()
    run(monkeypatch, "simulate_table.py", *given, "--minutes", 5)
    assert file.stat().st_mtime_ns == stamp
    assert "0 molecules in this run" in capsys.readouterr().out

    run(monkeypatch, "compact_table.py", lines, "--out", out)
    found = read(out, IrSignal)
    assert not found.rejects
    assert found.metadata["source"] == "simulated"
    assert found.metadata["simulator"] == ORIGIN[method]
    assert {canonicalise(one.smiles).key for one in found.signals} == expected
    first = found.signals[0]
    again = simulate(Chem.MolFromSmiles(first.smiles), method)
    plugin = Ir()
    a, b = (plugin.prepare(one)["absorbance"] for one in (first, again))
    assert np.corrcoef(a, b)[0, 1] > 0.999


def test_a_table_that_is_too_large_is_not_written(
    molecules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, out = tmp_path / "lines", tmp_path / "simulated.parquet"
    molecules.write_text("smiles\nCCO\nCC=O\nCCN\n")
    run(monkeypatch, "simulate_table.py", molecules, "--out", lines, "--minutes", 5)
    with pytest.raises(SystemExit, match="nothing was written"):
        run(monkeypatch, "compact_table.py", lines, "--out", out, "--megabytes", 0.0001)
    assert not out.exists()


def test_a_folder_holds_lines_of_one_method(
    molecules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / "lines"
    run(monkeypatch, "simulate_table.py", molecules, "--out", lines, "--minutes", 5)
    with pytest.raises(SystemExit, match="holds lines by mmff"):
        run(monkeypatch, "simulate_table.py", molecules, "--out", lines, "--method", "tblite")


def test_spectra_to_calibrate_on_are_of_validation_molecules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, out = tmp_path / "lines.parquet", tmp_path / "drawn.parquet"
    signals = [
        simulate(Chem.MolFromSmiles(text)).model_copy(update={"smiles": text})
        for text in (*USABLE, "CCCO", "CCCN", "CC(C)=O", "CCOC", "CCC=O", "CCC#N")
    ]
    write(lines, signals, {"source": "simulated"})
    run(monkeypatch, "draw_table.py", lines, "--out", out)
    found = read(out, IrSignal)
    sides = assign([canonicalise(one.smiles).key for one in found.signals], SplitConfig())
    assert {SPLITS[side] for side in sides} == {"validation"}
    assert found.metadata["source"] == "simulated"
    plain = {one.smiles: Ir().prepare(one)["absorbance"] for one in signals}
    for one in found.signals:
        assert not one.lines  # each would be drawn again
        drawn = Ir().prepare(one)["absorbance"]
        assert not np.allclose(drawn, plain[one.smiles], atol=0.05)
