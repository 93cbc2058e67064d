"""The library-match baseline: which molecules match, and what they say of candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from rdkit.Chem import MolFromSmiles
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
from rdkit.DataStructs import TanimotoSimilarity
from toy import Toy, ToySignal, measure

from acml_core import artefact
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.evaluation import analogues
from acml_core.evaluation.analogues import library_match, matches
from acml_core.evaluation.plot import plot
from acml_core.evaluation.ranking import Side, ranks
from acml_core.evaluation.report import evaluate_tables
from acml_core.info import Info, ModalityInfo
from acml_core.probability import Calibration
from acml_core.training.config import TrainConfig
from acml_core.training.fit import fit, new_model

SMILES = (
    "CCO", "CCCO", "CCCCO", "CCN", "CCCN", "CCCCN", "c1ccccc1", "Cc1ccccc1", "CCc1ccccc1",
    "CC(=O)O", "CCC(=O)O", "CCCC(=O)O",
)  # fmt: skip


class Comparing(Toy):
    """Compares its eight numbers: 1 / (1 + distance), and the count of equal ones."""

    def similarity(
        self, queries: Sequence[ToySignal], references: Sequence[ToySignal]
    ) -> Iterator[Mapping[str, np.ndarray]]:
        known = np.array([one.values for one in references])
        for query in queries:
            away = known - np.array(query.values)
            yield {
                "near": 1 / (1 + np.linalg.norm(away, axis=1)),
                "equal": (np.abs(away) < 1e-9).mean(1),
            }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("toy") / "toy.csv"
    write(path, [measure(one) for one in (*SMILES, SMILES[0])])  # ethanol is measured twice
    return load([path], [Comparing()], SplitConfig(), progress=False)


def number(dataset: Dataset, smiles: str) -> int:
    return list(dataset.graphs.smiles).index(smiles)


def test_the_best_signal_of_a_molecule_counts(dataset: Dataset) -> None:
    signals = [ToySignal(values=(value,) * 8) for value in (1.0, 9.0, 2.0, 5.0)]
    owner = np.array([7, 3, 3, 4])
    found = matches(Comparing(), [ToySignal(values=(2.0,) * 8)], signals, owner)["near"]
    assert found.molecule.shape == (1, 3)
    assert found.molecule[0, found.weight[0].argmax()] == 3
    assert found.weight.max() == 1


def test_candidates_are_ranked_by_likeness_to_the_matches(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one neighbour the score is the Tanimoto coefficient with it, as RDKit computes it."""
    monkeypatch.setattr(analogues, "NEIGHBOURS", 1)
    measured = dataset.measured["toy"]
    asked = number(dataset, "CCCCO")
    queries = measured.of(np.array([asked]))
    references = measured.of(np.array([number(dataset, one) for one in ("CCCO", "Cc1ccccc1")]))
    by_name = {one.name: one for one in library_match(Comparing(), dataset, queries, references)}
    assert set(by_name) == {"near", "equal"}
    scores = by_name["near"].score(dataset.graphs)
    assert scores is not None
    generator = GetMorganGenerator(radius=2, fpSize=analogues.BITS)
    nearest = generator.GetFingerprint(MolFromSmiles("CCCO"))
    expected = [
        TanimotoSimilarity(nearest, generator.GetFingerprint(MolFromSmiles(one)))
        for one in dataset.graphs.smiles
    ]
    assert scores[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_weights_are_shares(dataset: Dataset) -> None:
    """A candidate that is every match itself would score 1; no score is above it."""
    measured = dataset.measured["toy"]
    queries = measured.of(np.array([number(dataset, "CCO")]))
    references = np.setdiff1d(np.arange(len(measured.signals)), queries)
    (near, _) = library_match(Comparing(), dataset, queries, references)
    scores = near.score(dataset.graphs)
    assert scores is not None
    assert scores.shape == (2, len(SMILES))  # both spectra ask
    assert 0 < float(scores.max()) <= 1 + 1e-6


def test_a_reference_of_the_querys_molecule_is_refused(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="of a query's molecule"):
        library_match(Comparing(), dataset, np.array([0]), np.array([12, 3]))  # ethanol, twice
    assert library_match(Comparing(), dataset, np.array([0]), np.array([], dtype=int)) == []


def test_queries_are_drawn_by_seed(dataset: Dataset) -> None:
    def rows(**options: Any) -> list[int]:
        (one, _) = library_match(Comparing(), dataset, np.arange(1, 9), np.arange(9, 12), **options)
        return one.rows.tolist()

    assert rows() == list(range(8))
    assert rows(most=3, seed=1) == rows(most=3, seed=1)
    assert len({tuple(rows(most=3, seed=seed)) for seed in range(5)}) > 1


def test_a_gallery_too_large_has_no_baseline(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _) = library_match(Comparing(), dataset, np.array([1]), np.array([2, 3]))
    monkeypatch.setattr(analogues, "MOST_CANDIDATES", len(SMILES) - 1)
    assert one.score(dataset.graphs) is None


def test_ranks_by_given_scores() -> None:
    everything = Side(torch.zeros(3, 1), np.arange(3), np.zeros(3, np.int64), np.ones(3))
    scores = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    found = ranks(everything, everything, ["none"], blocks=[(slice(0, 3), scores)])["none"]
    assert found.rank.tolist() == [1, 2, 3]


def test_the_report_has_a_row_for_each_similarity(tmp_path: Path, starter: Path) -> None:
    """A model of the toy, trained on some molecules and asked for others."""
    write(
        tmp_path / "t.csv", [measure(one.smiles) for one in read(starter, NmrSignal).signals[:80]]
    )
    plugin = Comparing()
    data = load([tmp_path / "t.csv"], [plugin], SplitConfig(), progress=False)
    config = TrainConfig(
        graph={"name": "gine", "dim": 16, "layers": 2},
        projector={"name": "mlp", "dims": [16]},
        unlock="all", epochs=1, batch_size=32, precision="float32",
    )  # fmt: skip
    model = fit(
        new_model(config, {"toy": plugin}), data, config, tmp_path,
        device=torch.device("cpu"), report=lambda _: None,
    )  # fmt: skip
    test = data.molecules("test")
    known = sorted(set(data.graphs.keys) - {data.graphs.keys[i] for i in test})
    seen = np.sort(artefact.hash_keys(known))
    uncalibrated = ModalityInfo.model_construct(calibration=Calibration.constant(10.0))
    info = Info.model_construct(modalities={"toy": uncalibrated})
    loaded = artefact.Artefact(model=model, info=info, seen=seen, path=tmp_path)
    said: list[str] = []
    report, _, _ = evaluate_tables(loaded, "toy", [tmp_path / "t.csv"], report=said.append)
    assert report["library_match"]["queries"] == len(test)
    assert report["library_match"]["references"] == 80 - len(test)
    for gallery in report["galleries"]:
        assert list(gallery["baselines"]) == ["random", "spectrum_blind", "near", "equal"]
    assert any("matching" in line for line in said)
    labels = [line.get_label() for line in plot(report).axes[0].get_lines()]
    assert "library match, near" in labels
    without, _, _ = evaluate_tables(
        loaded, "toy", [tmp_path / "t.csv"], match_queries=0, report=lambda _: None
    )
    assert set(without["galleries"][0]["baselines"]) == {"random", "spectrum_blind"}
