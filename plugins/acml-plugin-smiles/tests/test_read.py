"""Readers: what people have, and what they give by mistake."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acml_plugin_smiles.modality import Smiles
from acml_plugin_smiles.signal import SmilesSignal
from rdkit import Chem

from acml_core.errors import BadInput

HERE = Path(__file__).parent
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def read(source: Path | str, **options: object) -> list[SmilesSignal]:
    return list(Smiles().read(source, **options))  # type: ignore[arg-type]


def strings(source: Path | str, **options: object) -> list[str]:
    return [one.string for one in read(source, **options)]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_literal_text_is_kept_as_written() -> None:
    kekule = "C1=CC=CC=C1O"
    (one,) = read(f"  {kekule}  ")
    assert one.string == kekule
    assert one.origin
    assert strings("CCO ethanol") == ["CCO"]
    assert strings("CCO |$;;$,r|") == ["CCO"]
    assert strings("CCO\nCCC propane\n") == ["CCO", "CCC"]


def test_smi_file_with_names_header_and_comment() -> None:
    signals = read(HERE / "files" / "molecules.smi")
    assert [one.string for one in signals][:2] == ["CC(=O)Nc1ccc(O)cc1", "C1=CC=CC=C1C(O)=O"]
    assert len(signals) == 6
    assert signals[0].origin == "molecules.smi:3"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.smi", "CCO\nCCN\n"),
        ("a.smi", "CCO\tethanol\nCCN\tethylamine\n"),
        ("a.smi", "name\tsmiles\nethanol\tCCO\nethylamine\tCCN\n"),
        ("a.smi", "name SMILES\nethanol CCO\nethylamine CCN\n"),
        ("a.smi", "CCO,ethanol\nCCN,ethylamine\n"),
        ("a.ism", "\ufeffCCO\r\n\r\nCCN\r\n"),
        ("a.txt", "CCO ethanol\nCCN\n"),
        ("a.csv", "id,Smiles\n1,CCO\n2,CCN\n"),
        ("a.csv", "id;smiles\n1;CCO\n2;CCN\n"),
        ("a.csv", 'smiles,note\n"CCO","a, b"\nCCN,\n'),
        ("a.csv", "CCO\nCCN\n"),
        ("a.tsv", "smiles\tid\nCCO\t1\nCCN\t2\n"),
    ],
)
def test_delimited_files(tmp_path: Path, name: str, text: str) -> None:
    assert strings(written(tmp_path, name, text)) == ["CCO", "CCN"]


def test_a_table_with_both_columns_keeps_the_two_apart(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "smiles,string\nCCO,OCC\nCCN,\n")
    (one,) = read(path)
    assert (one.string, one.smiles) == ("OCC", "CCO")
    pq.write_table(
        pa.table({"smiles": ["CCO", "CCN"], "string": ["OCC", None]}), tmp_path / "a.parquet"
    )
    (one,) = read(tmp_path / "a.parquet")
    assert (one.string, one.smiles) == ("OCC", "CCO")


def test_parquet_of_structures_alone(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1, 2], "SMILES": ["OCC", "CCN"]}), tmp_path / "a.parquet")
    assert strings(tmp_path / "a.parquet") == ["OCC", "CCN"]


def test_sdf_is_written_in_its_own_order(tmp_path: Path) -> None:
    mols = [Chem.MolFromSmiles(text) for text in (ASPIRIN, "OCC")]
    blocks = [Chem.MolToMolBlock(mols[0]), Chem.MolToV3KMolBlock(mols[1])]
    path = written(tmp_path, "two.sdf", "".join(f"{block}$$$$\n" for block in blocks))
    first, second = read(path)
    assert first.string == ASPIRIN
    assert second.string == "OCC"
    assert second.smiles == "CCO"
    assert strings(written(tmp_path, "one.mol", blocks[0])) == [ASPIRIN]
    assert strings(blocks[1]) == ["OCC"]


def test_bad_records_go_to_on_reject_with_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "a.smi", "CCO\nC1CC\nCN(C)(C)(C)C\nCCN\n*C\n")
    rejected: list[BadInput] = []
    assert strings(path, on_reject=rejected.append) == ["CCO", "CCN"]
    assert [error.line for error in rejected] == [2, 3, 5]
    assert "ring 1" in str(rejected[0])
    with pytest.raises(BadInput, match=r"a\.smi:2"):
        read(path)


def test_bad_sdf_record_goes_to_on_reject(tmp_path: Path) -> None:
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    bad = good.replace(" C ", " Xx", 1)
    path = written(tmp_path, "a.sdf", f"{good}$$$$\n{bad}$$$$\n{good}$$$$\n")
    rejected: list[BadInput] = []
    assert len(strings(path, on_reject=rejected.append)) == 2
    assert rejected[0].line == good.count("\n") + 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", "an InChI"),
        ("LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "an InChIKey"),
        ("50-78-2", "a CAS number"),
        ("C9H8O4", "a molecular formula"),
        ("aspirin", "a name"),
        ("acetic acid", "a name"),
        ("benzoic acid ethyl ester", "a name"),
        ("170.1, 128.4, 21.0", "numbers"),
        ("13C NMR (101 MHz, CDCl3) 170.1, 128.4", "an NMR peak list"),
        ("IR (KBr) 3310, 1720 cm-1", "a list of infrared bands"),
        ("C1CC", "ring 1 is opened"),
        ("CN(C)(C)(C)C", "not a SMILES that RDKit accepts"),
        ("CC*", "wildcard"),
    ],
)
def test_what_is_no_smiles_is_named(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("(", r"\(")) as caught:
        read(text)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "##TITLE=x\n##JCAMP-DX=4.24\n", "JCAMP-DX"),
        ("a.txt", "BEGIN IONS\nPEPMASS=100\n", "MGF"),
        ("a.txt", "NAME: x\nNum Peaks: 2\n41 10\n", "MSP"),
        ("a.csv", "wavenumber,absorbance\n1000,0.1\n", "not a SMILES"),
        ("a.csv", "id,activity\n1,0.1\n", "no column holds SMILES"),
        ("a.smi", "# only a comment\n", "no line holds a SMILES"),
        ("a.sdf", "no mol block\n", "truncated, or no SDF"),
    ],
)
def test_other_files_are_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read(written(tmp_path, name, text))
    assert name in str(caught.value)


def test_names_are_names_and_smiles_are_smiles() -> None:
    """The guess at names is asked about bad text alone: every SMILES here is one that RDKit reads."""
    for text in ("CON", "CCO", "OCC", "Cocc", "BrCCBr", "SiC", "NO", "CN", "[Sn]", "C" * 30):
        try:
            assert strings(text) == [text]
        except BadInput:
            assert Chem.MolFromSmiles(text) is None


def test_unknown_format_and_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Did you mean 'sdf'"):
        read("CCO", format="sdff")
    with pytest.raises(BadInput, match="a folder"):
        read(tmp_path)
