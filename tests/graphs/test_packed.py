"""Batches against a loop over molecules, and folders that come back, or say why not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GINEConv, global_add_pool

from acml_core.errors import ArtefactError, BadInput
from acml_core.graphs.featurize import ATOM_FEATURES, BOND_FEATURES
from acml_core.graphs.packed import ARRAYS, GraphBatch, PackedGraphs
from acml_core.graphs.storage import META
from acml_core.molecule import canonicalise

from .conftest import SMILES

MANY = st.lists(st.integers(0, len(SMILES) - 1), max_size=40)


def looped(graphs: list, index: list[int]) -> dict[str, list]:
    """What ``PackedGraphs.batch`` must give, made molecule by molecule and bond by bond."""
    out: dict[str, list] = {name: [] for name in ("x", "source", "target", "attr", "batch")}
    ptr = [0]
    for number, i in enumerate(index):
        graph = graphs[i]
        out["x"] += graph.atoms.tolist()
        out["batch"] += [number] * len(graph.atoms)
        for (a, b), features in zip(graph.bonds.tolist(), graph.bond_features, strict=True):
            out["source"] += [ptr[-1] + a, ptr[-1] + b]
            out["target"] += [ptr[-1] + b, ptr[-1] + a]
            out["attr"] += [features.tolist()] * 2
        ptr.append(ptr[-1] + len(graph.atoms))
    return {**out, "ptr": ptr}


def check(batch: GraphBatch, expected: dict[str, list]) -> None:
    assert batch.x.tolist() == expected["x"]
    assert batch.edge_index.tolist() == [expected["source"], expected["target"]]
    assert batch.edge_attr.tolist() == expected["attr"]
    assert batch.batch.tolist() == expected["batch"]
    assert batch.ptr.tolist() == expected["ptr"]
    assert batch.num_graphs == len(expected["ptr"]) - 1
    assert batch.num_nodes == len(expected["x"])
    assert batch.num_edges == len(expected["source"])
    assert batch.x.shape[1] == len(ATOM_FEATURES)
    assert batch.edge_attr.shape[1] == len(BOND_FEATURES)
    assert {batch.x.dtype, batch.edge_index.dtype, batch.edge_attr.dtype} == {torch.int64}


@given(index=MANY)
@settings(max_examples=60, deadline=None)
def test_batch_equals_a_loop(packed: PackedGraphs, graphs: list, index: list[int]) -> None:
    check(packed.batch(np.array(index, dtype=np.int64)), looped(graphs, index))


@given(first=MANY.filter(len), second=MANY)
@settings(max_examples=40, deadline=None)
def test_select_then_batch(
    packed: PackedGraphs, graphs: list, first: list[int], second: list[int]
) -> None:
    chosen = packed.select(first)
    second = [i % len(first) for i in second]
    check(chosen.batch(second), looped(graphs, [first[i] for i in second]))
    assert chosen.smiles.tolist() == [packed.smiles[i] for i in first]


def test_index_types_agree(packed: PackedGraphs, graphs: list) -> None:
    mask = np.zeros(len(packed), dtype=bool)
    mask[[1, 4]] = True
    for index in ([1, 4], np.array([1, 4], dtype=np.int32), torch.tensor([1, 4]), mask):
        check(packed.batch(index), looped(graphs, [1, 4]))


@pytest.mark.parametrize("index", [[-1], [len(SMILES)], [0.5], [[0, 1]], np.array([True])])
def test_bad_index(packed: PackedGraphs, index: object) -> None:
    with pytest.raises(IndexError):
        packed.batch(index)  # type: ignore[arg-type]


def test_columns(packed: PackedGraphs) -> None:
    for i, smiles in enumerate(SMILES):
        molecule = canonicalise(smiles)
        assert packed.smiles[i] == molecule.smiles
        assert packed.keys[i] == molecule.key
        assert packed.inchikeys[i] == molecule.inchikey
        assert packed.formula[i] == molecule.formula
        assert packed.mass[i] == molecule.mass


def test_concatenate(packed: PackedGraphs, graphs: list) -> None:
    joined = PackedGraphs.concatenate([packed, packed.select([1, 3]), packed])
    index = list(range(len(joined)))
    check(joined.batch(index), looped(graphs, [*range(len(SMILES)), 1, 3, *range(len(SMILES))]))
    assert joined.keys.tolist() == [*packed.keys, packed.keys[1], packed.keys[3], *packed.keys]
    assert len(PackedGraphs.concatenate([])) == 0


def test_pyg_convolution_runs(packed: PackedGraphs) -> None:
    batch = packed.batch([0, 1, 3, 7])
    conv = GINEConv(torch.nn.Linear(8, 8), edge_dim=len(BOND_FEATURES))
    x = torch.nn.Embedding(119, 8)(batch.x[:, 0])
    node = conv(x, batch.edge_index, batch.edge_attr.float())
    pooled = global_add_pool(node, batch.batch, batch.num_graphs)
    assert pooled.shape == (4, 8)
    # a molecule's result does not depend on its company
    alone = packed.batch([7])
    x = x[batch.ptr[3] : batch.ptr[4]]
    node = conv(x, alone.edge_index, alone.edge_attr.float())
    torch.testing.assert_close(pooled[3], node.sum(0))


def test_to_device(packed: PackedGraphs) -> None:
    batch = packed.batch([0, 1])
    assert batch.to("cpu") is batch
    assert packed.to("cpu").atoms.data_ptr() == packed.atoms.data_ptr()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gathered_on_the_gpu(packed: PackedGraphs, graphs: list) -> None:
    on_gpu = packed.to("cuda").batch(np.array([7, 1, 7, 3]))
    assert on_gpu.device.type == "cuda"
    check(on_gpu, looped(graphs, [7, 1, 7, 3]))


@pytest.mark.parametrize("mmap", [True, False])
def test_round_trip(packed: PackedGraphs, graphs: list, tmp_path: Path, mmap: bool) -> None:
    packed.save(tmp_path / "set")
    back = PackedGraphs.open(tmp_path / "set", mmap=mmap)
    check(back.batch(range(len(SMILES))), looped(graphs, list(range(len(SMILES)))))
    assert back.molecules.equals(packed.molecules)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_memory_map_reads_the_file(packed: PackedGraphs, tmp_path: Path) -> None:
    packed.save(tmp_path / "set")
    back = PackedGraphs.open(tmp_path / "set")
    path = tmp_path / "set" / "atoms.npy"
    content = bytearray(path.read_bytes())
    content[-len(ATOM_FEATURES)] = 99  # element of the last atom
    with path.open("r+b") as file:  # in place: the map must see it, a copy could not
        file.write(content)
    assert int(back.atoms[-1, 0]) == 99


def test_writing_to_opened_arrays_leaves_the_file_alone(
    packed: PackedGraphs, tmp_path: Path
) -> None:
    packed.save(tmp_path / "set")
    PackedGraphs.open(tmp_path / "set").atoms.zero_()
    assert torch.equal(PackedGraphs.open(tmp_path / "set").atoms, packed.atoms)


@pytest.mark.parametrize("index", [[], [1], [1, 3, 6]])
def test_sets_without_bonds_or_molecules(
    packed: PackedGraphs, graphs: list, tmp_path: Path, index: list[int]
) -> None:
    packed.select(np.array(index, dtype=np.int64)).save(tmp_path / "set")
    back = PackedGraphs.open(tmp_path / "set")
    assert len(back) == len(index)
    check(back.batch(range(len(index))), looped(graphs, index))


def test_save_replaces_its_own_kind_only(packed: PackedGraphs, tmp_path: Path) -> None:
    packed.save(tmp_path / "set")
    packed.select([0]).save(tmp_path / "set")
    assert len(PackedGraphs.open(tmp_path / "set")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(BadInput, match="something else is there"):
        packed.save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"


def test_a_failed_save_leaves_the_old_folder(packed: PackedGraphs, tmp_path: Path) -> None:
    packed.save(tmp_path / "set")
    broken = packed.select([0])
    broken.molecules = "no table"  # type: ignore[assignment]
    with pytest.raises(Exception, match=r"."):
        broken.save(tmp_path / "set")
    assert len(PackedGraphs.open(tmp_path / "set")) == len(packed)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


@pytest.mark.parametrize("damage", [cut, empty, garbage, Path.unlink])
@pytest.mark.parametrize(
    "name",
    [*(f"{array}.npy" for array in ARRAYS), "molecules.parquet", META],
)
def test_damaged_file(packed: PackedGraphs, tmp_path: Path, name: str, damage: object) -> None:
    packed.save(tmp_path / "set")
    damage(tmp_path / "set" / name)  # type: ignore[operator]
    with pytest.raises(ArtefactError) as caught:
        PackedGraphs.open(tmp_path / "set")
    assert str(tmp_path / "set") in str(caught.value) or name in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("features", "0123", "another scheme"),
        ("schema", 99, "layout 99"),
        ("format", "something", "not a folder of packed graphs"),
        ("rows", {}, "rows, not None"),
        ("rows", 3, "no row counts"),
    ],
)
def test_foreign_folder(
    packed: PackedGraphs, tmp_path: Path, key: str, value: object, message: str
) -> None:
    packed.save(tmp_path / "set")
    path = tmp_path / "set" / META
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    with pytest.raises(ArtefactError, match=message):
        PackedGraphs.open(tmp_path / "set")


def test_arrays_of_another_set(packed: PackedGraphs, tmp_path: Path) -> None:
    packed.save(tmp_path / "set")
    packed.select([0, 1]).save(tmp_path / "other")
    (tmp_path / "other" / "molecules.parquet").replace(tmp_path / "set" / "molecules.parquet")
    with pytest.raises(ArtefactError, match="do not fit"):
        PackedGraphs.open(tmp_path / "set")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="not a folder of packed graphs"):
        PackedGraphs.open(tmp_path / "nothing")
