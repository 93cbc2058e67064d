"""Tables of structures alone, for a modality that is drawn from the structure; and bytes in tables."""

from __future__ import annotations

import base64
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from acml_core.data import table
from acml_core.data.dataset import load
from acml_core.data.simulating import simulate_all
from acml_core.data.split import SplitConfig
from acml_core.errors import BadInput, Unsupported
from tests.derived import Picture, PictureSignal
from tests.toy import Toy

SMILES = ["CCO", "c1ccccc1", "OCC", "C" * 60, "not a molecule", "CC(=O)O"]


@pytest.fixture
def structures(tmp_path: Path) -> Path:
    path = tmp_path / "structures.csv"
    path.write_text("name,smiles\n" + "".join(f"x,{smiles}\n" for smiles in SMILES))
    return path


def test_a_table_of_structures_is_filled(structures: Path) -> None:
    data = load([structures], [Picture()], SplitConfig())
    assert sorted(data.graphs.smiles) == ["CC(=O)O", "CCO", "c1ccccc1"]
    assert len(data.measured["picture"].signals) == 4  # ethanol stands twice, written differently
    assert {reject.row: reject.reason for reject in data.rejects} == {
        4: "too large to draw",
        5: "'not a molecule' is not a SMILES that RDKit accepts",
    }
    first = data.measured["picture"].signals[0]
    assert first.origin == "structures.csv:1"
    assert first.smiles == "CCO"
    assert "simulated" in data.metadata["source"]


def test_training_draws_each_molecule_several_times(structures: Path) -> None:
    picture = Picture(Picture.Config(drawings=5, shades=50))
    data = load([structures], [picture], SplitConfig(), training=True)
    ethanol = list(data.graphs.smiles).index("CCO")
    measured = data.measured["picture"]
    drawn = {measured.signals[i].picture for i in measured.of([ethanol])}
    assert len(drawn) > 2


def test_drawings_depend_on_seed_and_molecule_alone(structures: Path) -> None:
    picture = Picture(Picture.Config(shades=200))
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    alone = simulate_all(picture, ["CCO"], seed=1)[0][0]
    assert torch.equal(torch.random.get_rng_state(), before)
    among = simulate_all(picture, ["c1ccccc1", "OCC"], seed=1)[1][0]
    assert among == alone
    assert simulate_all(picture, ["CCO"], seed=2)[0][0] != alone


def test_workers_draw_the_same() -> None:
    picture = Picture(Picture.Config(shades=200))
    smiles = ["C" * (1 + i % 9) + "O" * (i // 9 % 5) + "N" * (i // 45) for i in range(600)]
    here = simulate_all(picture, smiles, workers=1, progress=False)
    assert simulate_all(picture, smiles, workers=2, progress=False) == here
    assert sum(isinstance(one, list) for one in here) == len(smiles)


def test_a_modality_that_cannot_simulate_says_so(structures: Path) -> None:
    with pytest.raises(Unsupported, match="does not simulate"):
        simulate_all(Toy(), ["CCO"])
    with pytest.raises(BadInput, match="none of the columns"):
        load([structures], [Toy()], SplitConfig())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_bytes_round_trip(tmp_path: Path, suffix: str) -> None:
    signal = PictureSignal(smiles="CCO", picture=bytes(range(256)))
    path = tmp_path / f"t{suffix}"
    table.write(path, [signal])
    assert table.read(path, PictureSignal).signals[0].picture == signal.picture


def test_a_cell_may_be_a_path_beside_the_table(tmp_path: Path) -> None:
    (tmp_path / "drawings").mkdir()
    (tmp_path / "drawings" / "a.png").write_bytes(b"12345678")
    inline = base64.b64encode(b"87654321").decode()
    path = tmp_path / "t.csv"
    path.write_text(f"smiles,picture\nCCO,drawings/a.png\nCC,{inline}\nCCC,drawings/b.png\n")
    found = table.read(path, PictureSignal)
    assert [one.picture for one in found.signals] == [b"12345678", b"87654321"]
    assert found.rejects[0].row == 3
    assert "neither a file nor base64: 'drawings/b.png'" in found.rejects[0].reason


def test_a_cell_may_be_what_hugging_face_writes(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    cells = [{"bytes": b"12345678", "path": None}]
    pq.write_table(pa.table({"smiles": ["CCO"], "picture": cells}), path)
    assert table.read(path, PictureSignal).signals[0].picture == b"12345678"
