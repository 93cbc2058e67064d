"""Tables to signals and back, bad rows and bad files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acml_plugin_nmr.signal import NmrSignal
from toy import Toy, ToySignal, measure

from acml_core.data import molecules
from acml_core.data.dataset import load
from acml_core.data.split import SplitConfig
from acml_core.data.splitting import split_table
from acml_core.data.table import column_names, read, write
from acml_core.errors import BadInput

SIGNALS = [
    NmrSignal(smiles="CCO", shifts_13c=(58.1, 18.2), multiplicity_13c=("T", "Q"), solvent="CDCl3"),
    NmrSignal(smiles="CO", shifts_1h=(3.4,), multiplicity_1h=("s",), integral_1h=(3.0,)),
    NmrSignal(smiles="CC#N", shifts_13c=(1.3, 117.9), multiplicity_13c=("", "S")),
    NmrSignal(smiles="C", solvent="D2O"),
]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    assert write(path, SIGNALS, {"source": "made up"}) == 4
    table = read(path, NmrSignal)
    assert [one.model_copy(update={"origin": ""}) for one in table.signals] == SIGNALS[:3]
    assert [one.origin for one in table.signals] == [f"t{suffix}:{row}" for row in (1, 2, 3)]
    assert table.bare == ["C"]
    assert table.metadata == ({"source": "made up"} if suffix == ".parquet" else {})
    assert [path.name for path in tmp_path.iterdir()] == [f"t{suffix}"]


@pytest.mark.parametrize(
    "cell", ["58.1 18.2", "58.1,18.2", "58.1; 18.2", "58.1|18.2", "[58.1, 18.2]", " 58.1  18.2 "]
)
def test_lists_in_csv_cells(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'name,shifts_13c,smiles\nx,"{cell}",CCO\n')
    assert read(path, NmrSignal).signals[0].shifts_13c == (58.1, 18.2)


def test_unknown_multiplicities_keep_their_places(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("smiles,shifts_13c,multiplicity_13c\nCC#N,1.3|117.9|5,Q||T\n")
    assert read(path, NmrSignal).signals[0].multiplicity_13c == ("Q", "", "T")


def test_only_some_columns(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", SIGNALS)
    table = read(tmp_path / "t.parquet", NmrSignal, only=["shifts_13c"])
    assert table.signals[0] == NmrSignal(
        smiles="CCO", shifts_13c=(58.1, 18.2), origin="t.parquet:1"
    )
    assert table.bare == ["CO", "C"]
    with pytest.raises(BadInput, match=r"Did you mean 'shifts_13c'"):
        read(tmp_path / "t.parquet", NmrSignal, only=["shift_13c"])


def test_bad_rows_are_rejected_with_their_own_numbers(tmp_path: Path) -> None:
    """SMILES that do not parse are found later than bad cells, and count rows alike."""
    path = tmp_path / "t.csv"
    path.write_text(
        "smiles,values\n"
        "CCO,1 2\n"  # 1
        ",3\n"  # 2: no SMILES
        "CC,\n"  # 3: no measurement
        "CCC,1 x\n"  # 4: no number
        "C1CC,1\n"  # 5: an open ring
        "CN,\n"  # 6
        "xyz,\n"  # 7: no SMILES either, and no measurement
        "c1ccccc1,4 5\n"  # 8
    )
    data = load([path], [Toy()], SplitConfig(), progress=False)
    assert [(one.row, one.value) for one in data.rejects] == [
        (2, ""),
        (4, "CCC"),
        (5, "C1CC"),
        (7, "xyz"),
    ]
    assert all(one.reason for one in data.rejects)
    assert list(data.graphs.smiles) == ["CCO", "c1ccccc1", "CC", "CN"]
    assert data.measured["toy"].molecule.tolist() == [0, 1]


def test_unusual_molecules_are_rows_like_others(tmp_path: Path) -> None:
    peptide = "N" + "[C@@H](C)C(=O)N" * 100 + "CC(=O)O"
    smiles = ["[Na+].CC(=O)[O-]", "[13CH4]", "C[CH2]", "[He]", peptide, "CCO"]
    write(tmp_path / "t.csv", [ToySignal(smiles=one, values=(1.0,)) for one in smiles])
    data = load([tmp_path / "t.csv"], [Toy()], SplitConfig(), progress=False)
    assert data.rejects == []
    assert len(data.graphs) == len(smiles)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_that_are_none_are_rejected(tmp_path: Path, value: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"smiles,shifts_13c\nCCO,58.1 18.2\nCO,{value}\n")
    table = read(path, NmrSignal)
    assert [one.smiles for one in table.signals] == ["CCO"]
    assert [reject.row for reject in table.rejects] == [2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"smiles,shifts_13c\n", "no rows"),
        ("a.csv", b"SMI,shifts_13c\nC,1\n", r"no column 'smiles'.*SMI, shifts_13c"),
        ("a.csv", b"smiles,peaks\nC,1\n", "needs one or more of: shifts_13c"),
        ("a.csv", b"smiles,shifts_13c\nC,x\n", "shifts_13c"),
        ("a.csv", bytes(range(256)) * 1000, "no column 'smiles'|not a table|the file is binary"),
        ("a.csv", b"x" * 300_000, "no column 'smiles'|not a table|the file is binary"),
        ("a.parquet", b"", "not a readable parquet"),
        ("a.parquet", b"PAR1 and then nothing", "not a readable parquet"),
        ("a.xlsx", b"x", "is not a table"),
    ],
)
def test_bad_tables(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=message) as caught:
        read(path, NmrSignal)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_truncated_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write(path, SIGNALS * 100)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadInput, match="truncated"):
        read(path, NmrSignal)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read(tmp_path / "none.csv", NmrSignal)


def test_writing_to_another_suffix(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot write"):
        write(tmp_path / "t.json", SIGNALS)


def test_nulls_and_other_columns_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(
        pa.table(
            {
                "id": [1, 2, 3],
                "smiles": ["CCO", None, "CO"],
                "shifts_13c": [[1.0, 2.0], [3.0], None],
                "multiplicity_13c": [["T", None], None, None],
            }
        ),
        path,
    )
    table = read(path, NmrSignal)
    assert table.signals[0].multiplicity_13c == ("T", "")
    assert table.bare == ["CO"]
    assert [reject.row for reject in table.rejects] == [2]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv"])
def test_splitting_keeps_every_column_and_molecule_apart(tmp_path: Path, suffix: str) -> None:
    smiles = ["C" * n + tail for n in range(1, 40) for tail in ("O", "N")]
    path = tmp_path / f"all{suffix}"
    write(path, [measure(one) for one in smiles] + [ToySignal(smiles="oops", values=(1.0,))] * 2)
    counts, rejects = split_table(path, 0.2, 0.2, "acml-1", tmp_path / "out")
    assert sum(side["rows"] for side in counts.values()) == len(smiles)
    assert [reject.row for reject in rejects] == [79, 80]
    found: dict[str, set[str]] = {}
    for name in ("train", "validation", "test"):
        part = tmp_path / "out" / f"{name}{suffix}"
        assert column_names(part) == column_names(path)
        table = read(part, ToySignal)
        found[name] = {one.smiles for one in table.signals}
        assert len(table.signals) == counts[name]["rows"] > 0
    assert set.union(*found.values()) == set(smiles)
    assert sum(map(len, found.values())) == len(smiles)


@pytest.mark.parametrize(
    "content",
    [
        b"smiles,a,b\nCCO,1,2\nCC,1\n",  # a short row
        "smiles,name\nCCO,\xe9thanol\nCC,b\n".encode("latin-1"),
        b'smiles,name\nCCO,"a\nb"\n\nCC,c\n',  # a cell of two lines, and an empty line
    ],
)
def test_splitting_uneven_csv(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    counts, _ = split_table(path, 0.1, 0.1, "acml-1", tmp_path / "out")
    assert sum(side["rows"] for side in counts.values()) == 2
    assert (tmp_path / "out" / "train.csv").exists()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.smi", "CCO ethanol\n# comment\n\nCC\n", ["CCO", "CC"]),
        ("a.smi", "smiles,name\nCCO,a\nCC,b\n", ["CCO", "CC"]),
        ("a.txt", "SMILES id\nCCO 1\n", ["CCO"]),
        ("a.csv", "id,SMILES\n1,CCO\n2,\n", ["CCO", ""]),
        ("a.tsv", "smiles\tx\nCCO\t1\n", ["CCO"]),
    ],
)
def test_files_of_molecules(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    (tmp_path / name).write_text(text)
    assert molecules.read(tmp_path / name) == expected


def test_sdf_with_a_bad_record(tmp_path: Path) -> None:
    from rdkit import Chem

    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "$$$$\n"
    (tmp_path / "a.sdf").write_text(good + good.replace("  3  2", "  9  2") + good)
    found = molecules.read(tmp_path / "a.sdf")
    assert [found[0], found[2]] == ["CCO", "CCO"]
    assert "2" in found[1]


@pytest.mark.parametrize(
    ("name", "content"), [("a.smi", b""), ("a.sdf", b""), ("a.sdf", bytes(200)), ("a.pdf", b"x")]
)
def test_files_without_molecules(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=name):
        molecules.read(tmp_path / name)
