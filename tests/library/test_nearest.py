"""The index of faiss beside the exact search."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from torch.nn.functional import normalize

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError, Unsupported
from acml_core.library import manifest, nearest
from acml_core.library.build import build
from acml_core.library.evidence import Evidence
from acml_core.library.filters import Filters
from acml_core.library.library import open_folder
from acml_core.library.nearest import Nearest, NearestInfo, open_index
from acml_core.library.score import scores
from acml_core.library.search import search
from acml_core.library.vectors import Vectors
from acml_core.probability import Point

faiss = pytest.importorskip("faiss", reason="needs the extra faiss of acml-core")

N, DIM, SHARD_ROWS = 6000, 16, 100
POINT = Point(candidates=N, scale=12.0, tail=0.1, tail_scale=2.0)


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Unit vectors in clusters, as molecules are."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(60, DIM))
    points = centres[rng.integers(0, 60, N)] + 0.5 * rng.normal(size=(N, DIM))
    table = normalize(torch.from_numpy(points).float(), dim=-1).half()
    return Vectors([table[:1000], table[1000:]])


@pytest.fixture(scope="module")
def queries(vectors: Vectors) -> torch.Tensor:
    rng = np.random.default_rng(1)
    near = vectors.take(rng.integers(0, N, 40)).float()
    return normalize(near + 0.1 * torch.from_numpy(rng.normal(size=near.shape)).float(), dim=-1)


@pytest.fixture(scope="module")
def made(
    vectors: Vectors, queries: torch.Tensor, tmp_path_factory: pytest.TempPathFactory
) -> tuple[NearestInfo, Path]:
    folder = tmp_path_factory.mktemp("index")
    return nearest.build(vectors, queries, "molecules", folder, "x"), folder


@pytest.fixture(scope="module")
def index(made: tuple[NearestInfo, Path], vectors: Vectors) -> Nearest:
    return open_index(made[0], vectors, made[1], "again")


def exact(vectors: Vectors, query: torch.Tensor, k: int) -> Evidence:
    ((_, row),) = scores(query[None], vectors)
    return Evidence.of(POINT, row[0], k)


def test_the_stated_recall_is_the_recall(
    made: tuple[NearestInfo, Path], index: Nearest, vectors: Vectors, queries: torch.Tensor
) -> None:
    info = made[0]
    assert info.recall >= nearest.RECALL
    assert info.probes < info.lists
    found = index.search(queries, nearest.NEIGHBOURS)
    shares = [
        len(np.intersect1d(one[:10], exact(vectors, query, 10).best)) / 10
        for (one, _), query in zip(found, queries, strict=True)
    ]
    assert np.mean(shares) == pytest.approx(info.recall, abs=1e-4)


def test_hits_have_exact_scores_and_probabilities(
    index: Nearest, vectors: Vectors, queries: torch.Tensor
) -> None:
    """The sample is everything here, so nothing is estimated: wherever both agree, all is equal."""
    alike = 0
    for query in queries:
        one, two = index.evidence(POINT, query, 8), exact(vectors, query, 8)
        assert one.sharp == pytest.approx(two.sharp, abs=1e-5)
        assert one.flat == pytest.approx(two.flat, abs=1e-5)
        if list(one.best) == list(two.best):
            alike += 1
            assert np.allclose(one.score, two.score, atol=1e-6)
            p = np.exp(two.log_likelihood(two.score))
            assert one.set_size(p, 0.9) == pytest.approx(two.set_size(p, 0.9), rel=0.01)
    assert alike > 0.7 * len(queries)


def test_what_a_sample_estimates(
    vectors: Vectors, queries: torch.Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sixth of the molecules stand for those that the index did not propose."""
    monkeypatch.setattr(nearest, "SAMPLE", 1000)
    monkeypatch.setattr(nearest, "NEIGHBOURS", 200)
    info = nearest.build(vectors, queries, "molecules", tmp_path, "x")
    index = open_index(info, vectors, tmp_path, "again")
    off, sizes = [], []
    for query in queries:
        one, two = index.evidence(POINT, query, 10), exact(vectors, query, 10)
        off.append([one.sharp - two.sharp, one.flat - two.flat])
        p = np.exp(one.log_likelihood(one.score))
        q = np.exp(two.log_likelihood(two.score))
        sizes.append(one.set_size(p, 0.95) / two.set_size(q, 0.95))
    assert np.abs(off).max() < 0.25
    assert np.abs(np.mean(off, axis=0)).max() < 0.02
    assert 0.8 < np.mean(sizes) < 1.2


def test_damaged_and_foreign_indexes(
    made: tuple[NearestInfo, Path], vectors: Vectors, tmp_path: Path
) -> None:
    info, folder = made
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ArtefactError, match="of other vectors"):
        open_index(info, Vectors(vectors.parts[:1]), tmp_path, "again")
    for name in (info.numbers, info.sample, info.file):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ArtefactError, match="damaged"):
            open_index(info, vectors, tmp_path, "again")
        (tmp_path / name).write_bytes(content)


# ---- in a library -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def indexed(
    model: Artefact, molecules: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    out, told = tmp_path_factory.mktemp("indexed") / "lib", []
    how = {"shard_rows": SHARD_ROWS, "workers": 1, "progress": False}
    build(model, molecules, out, **how)
    build(model, molecules, out, index="faiss", report=told.append, **how)
    return out, told


def test_a_library_gets_an_index_without_encoding_again(
    indexed: tuple[Path, list[str]], folder: Path
) -> None:
    out, told = indexed
    about = manifest.read(out)
    assert about.shards == manifest.read(folder).shards
    assert about.index == "faiss"
    one = about.nearest["nmr"]
    assert (one.molecules, one.asked) == (about.molecules, "measurements")
    assert any(f"recall@10 {one.recall:.3f}" in line for line in told)


def test_both_searches_agree(
    model: Artefact, indexed: tuple[Path, list[str]], signals: list[NmrSignal]
) -> None:
    library = open_folder(indexed[0], model, "nmr")
    found = search(model, "nmr", signals[:30], library)
    wanted = search(model, "nmr", signals[:30], library.exact())
    assert {one.index for one in found} == {"faiss"}
    assert {one.index for one in wanted} == {"exact"}
    same = [a.hits[0].smiles == b.hits[0].smiles for a, b in zip(found, wanted, strict=True)]
    assert np.mean(same) > 0.8
    for one, two in zip(found, wanted, strict=True):
        if [hit.smiles for hit in one.hits] == [hit.smiles for hit in two.hits]:
            assert [hit.score for hit in one.hits] == pytest.approx(
                [hit.score for hit in two.hits], abs=1e-6
            )
            assert [hit.probability for hit in one.hits] == pytest.approx(
                [hit.probability for hit in two.hits], rel=1e-3
            )
            assert one.probability_in_library == two.probability_in_library


def test_filtered_candidates_are_scored_one_by_one(
    model: Artefact, indexed: tuple[Path, list[str]], signals: list[NmrSignal]
) -> None:
    library = open_folder(indexed[0], model, "nmr")
    (one,) = search(model, "nmr", signals[:1], library, filters=Filters(mw=(0.0, 300.0)))
    (two,) = search(model, "nmr", signals[:1], library.exact(), filters=Filters(mw=(0.0, 300.0)))
    assert one == two
    assert one.index == "exact"


def test_appending_renews_the_index(
    model: Artefact, indexed: tuple[Path, list[str]], tmp_path: Path
) -> None:
    import shutil

    out = Path(shutil.copytree(indexed[0], tmp_path / "lib"))
    (tmp_path / "more.smi").write_text("CCCCCCCCCl")
    build(model, tmp_path / "more.smi", out, append=True, workers=1)
    about = manifest.read(out)
    assert about.index == "faiss"
    assert about.nearest["nmr"].molecules == about.molecules
    assert len(list((out / "index").iterdir())) == 3
    assert open_folder(out, model, "nmr").nearest["nmr"].index.ntotal == about.molecules


def test_without_faiss(
    model: Artefact,
    indexed: tuple[Path, list[str]],
    molecules: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is encoded first, and a library with an index is searched without it."""
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(Unsupported, match="faiss is not installed") as caught:
        build(model, molecules, tmp_path / "lib", index="faiss")
    assert "acml-core[faiss]" in caught.value.remedy
    assert not (tmp_path / "lib").exists()
    told: list[str] = []
    library = open_folder(indexed[0], model, "nmr", told.append)
    assert library.nearest == {}
    assert "searched without its index" in told[0]
