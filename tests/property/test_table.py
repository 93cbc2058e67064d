"""Tables of properties: what is read, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acml_core.errors import BadInput
from acml_core.property.table import PropertyTable, read


def test_a_table_with_missing_values(groups: PropertyTable, smiles: list[str]) -> None:
    assert groups.targets == ("aromatic", "nitrogen")
    assert len(groups) == len(smiles)
    assert np.isnan(groups.y[:, 1]).sum() == len(range(0, len(smiles), 3))
    assert set(np.unique(groups.y[np.isfinite(groups.y)])) == {0, 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("smiles,a\nCCO,x\n", r"t\.csv:2: 'x' in column 'a' is no number"),
        ("smiles,a\nCCO,2\n", r"t\.csv:2: 2 in column 'a' is no class"),
        ("smiles\nCCO\n", "no targets"),
        ("name,a\nCCO,1\n", "no column of structures"),
        ("smiles,a\nC1CC,1\n", "no row of the table can be used"),
        ("smiles,a\nCCO,1,3\n", r"t\.csv:2: the line has 3 cells"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInput, match=said):
        read(tmp_path / "t.csv", "classification", progress=False)


def test_bad_rows_are_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("smiles,a\nCCO,1\nC1CC,0\nCCC,\nCCN,0\n")
    table = read(tmp_path / "t.csv", "classification", progress=False)
    assert list(table.rows) == [1, 4]
    assert [one.row for one in table.rejects] == [2, 3]
    assert table.rejects[1].reason == "no target was measured"


def test_usual_targets_give_way_to_named_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("smiles,activity,active,other\nCCO,CI,1,0\nCCN,CM,0,1\n")
    usual = ("HIV_active", "active")
    assert read(path, "classification", usual=usual, progress=False).targets == ("active",)
    named = read(path, "classification", targets=("other",), usual=usual, progress=False)
    assert named.targets == ("other",)
    with pytest.raises(BadInput, match="'CI' in column 'activity'"):
        read(path, "classification", usual=("none",), progress=False)
