"""The measurement's tower: what learns, what stays, and when its encoder runs."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy import WIDTH, Toy, ToyEncoder, ToySignal, measure

from acml_core.components import Choice, graph_encoders
from acml_core.data.dataset import Dataset, Measured, load
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.graphs.encoders.base import GraphEncoder
from acml_core.model import AcmlModel
from acml_core.training import towers
from acml_core.training.config import TrainConfig
from acml_core.training.fit import fit, new_model
from acml_core.training.towers import Tower

CPU = torch.device("cpu")
SETTINGS: dict[str, Any] = {
    "graph": {"name": "gine", "dim": 16, "layers": 2},
    "projector": {"name": "mlp", "dims": [16]},
    "precision": "float32",
    "batch_size": 32,
    "epochs": 2,
}


def quiet(_: str) -> None:
    pass


def settings(**changes: Any) -> TrainConfig:
    """Without pretraining, so that a locked tower is the one that was made."""
    return TrainConfig(**{**SETTINGS, "tower": {"pretrain_share": 0.0}, **changes})


@pytest.fixture(scope="module")
def dataset(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """120 molecules with toy measurements."""
    from acml_plugin_nmr.signal import NmrSignal

    path = tmp_path_factory.mktemp("toy") / "toy.csv"
    write(path, [measure(one.smiles) for one in read(starter, NmrSignal).signals[:120]])
    return load([path], [Toy()], SplitConfig(), progress=False)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def trained(dataset: Dataset, config: TrainConfig, out: Path) -> tuple[AcmlModel, dict[str, Any]]:
    """The model after training, and its tower's state before."""
    model = new_model(config, {"toy": Toy(Toy.Config(**config.modality.get("toy", {})))})
    before = {k: v.clone() for k, v in model.head("toy").encoder.state_dict().items()}
    out.mkdir(parents=True, exist_ok=True)
    fit(model, dataset, config, out, device=CPU, report=quiet)
    return model, before


def moved(model: AcmlModel, before: dict[str, Any]) -> set[str]:
    now = model.head("toy").encoder.state_dict()
    return {name for name in before if not torch.equal(before[name], now[name])}


@pytest.mark.parametrize("augment", [True, False])
def test_a_locked_tower_does_not_change_by_a_bit(
    dataset: Dataset, tmp_path: Path, own_cache: Path, augment: bool
) -> None:
    config = settings(unlock="none", augment=augment)
    model, before = trained(dataset, config, tmp_path)
    assert moved(model, before) == set()  # batch norm's running values included
    encoder = model.head("toy").encoder
    assert all(p.grad is None for p in encoder.parameters())
    assert not any(encoder.modes)  # dropout was never on
    untrained = new_model(config, {"toy": Toy()}).state_dict()
    outside = [k for k in untrained if "heads.toy.encoder" not in k and "num_batches" not in k]
    assert any(not torch.equal(untrained[k], model.state_dict()[k]) for k in outside)


def test_last_trains_the_last_layers_only(dataset: Dataset, tmp_path: Path) -> None:
    model, before = trained(dataset, settings(unlock="last"), tmp_path)
    assert moved(model, before) == {"leave.weight", "leave.bias"}
    assert not any(model.head("toy").encoder.modes)


def test_all_trains_everything(dataset: Dataset, tmp_path: Path) -> None:
    model, before = trained(dataset, settings(unlock="all"), tmp_path)
    assert moved(model, before) == set(before)
    assert any(model.head("toy").encoder.modes)


def test_an_unlocked_tower_learns_at_its_own_rate(dataset: Dataset, tmp_path: Path) -> None:
    def change(ratio: float) -> float:
        config = settings(unlock="all", tower={"lr_ratio": ratio})
        model, before = trained(dataset, config, tmp_path / str(ratio))
        weight = model.head("toy").encoder.state_dict()["enter.weight"]
        return float((weight - before["enter.weight"]).norm())

    assert change(0.01) < 0.1 * change(1.0)


def test_a_locked_tower_runs_once_a_signal_and_never_again(
    dataset: Dataset, tmp_path: Path, own_cache: Path
) -> None:
    config = settings(unlock="none", augment=False, epochs=4, validate_every=4)
    model, _ = trained(dataset, config, tmp_path / "first")
    sizes = model.head("toy").encoder.batches
    validation = len(dataset.measured["toy"].of(dataset.molecules("validation")))
    assert sum(sizes) == len(dataset.measured["toy"].signals) + validation
    (file,) = own_cache.iterdir()
    stamp = file.stat().st_mtime_ns

    again, _ = trained(dataset, config, tmp_path / "second")
    assert sum(again.head("toy").encoder.batches) == validation  # only the validation's
    assert [one.stat().st_mtime_ns for one in own_cache.iterdir()] == [stamp]
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_with_augmentation_a_locked_tower_runs_every_step(
    dataset: Dataset, tmp_path: Path, own_cache: Path
) -> None:
    model, _ = trained(dataset, settings(unlock="none", augment=True, epochs=3), tmp_path)
    assert sum(model.head("toy").encoder.batches) >= 3 * len(dataset.molecules("train"))
    assert not own_cache.exists()


def tower(dataset: Dataset, config: Any = None, seed: int = 0) -> Tower:
    torch.manual_seed(seed)
    modality = Toy(config)
    measured = dataset.measured["toy"]
    return Tower(modality, measured, modality.encoder(), "none", False, CPU)


def keys_of(one: Tower, cache: Path) -> set[str]:
    """Names of the files in the cache after the tower's features were asked for."""
    for file in cache.glob("*"):
        file.unlink()
    one.features(np.arange(1))
    return {file.name for file in cache.iterdir()}


def test_the_caches_key_changes_with_settings_weights_and_signals(
    dataset: Dataset, own_cache: Path
) -> None:
    plain = keys_of(tower(dataset), own_cache)
    keys = {
        *plain,
        *keys_of(tower(dataset, Toy.Config(noise=0.5)), own_cache),
        *keys_of(tower(dataset, seed=1), own_cache),
    }
    shorter = Dataset(
        dataset.graphs,
        dataset.split,
        {
            "toy": Measured(
                dataset.measured["toy"].signals[1:], dataset.measured["toy"].molecule[1:]
            )
        },
    )
    keys |= keys_of(tower(shorter), own_cache)
    assert len(keys) == 4
    assert keys_of(tower(dataset), own_cache) == plain


def test_the_caches_key_knows_where_one_signal_ends() -> None:
    def key(*signals: tuple[float, ...]) -> str:
        return towers._fingerprint([{"values": np.array(one)} for one in signals], "")

    assert key((1.0, 2.0), (3.0,)) != key((1.0,), (2.0, 3.0))


def test_cached_features_are_the_encoders(dataset: Dataset, own_cache: Path) -> None:
    one = tower(dataset)
    rows = np.array([5, 0, 5, 17])
    features = one.features(rows)
    items = [one.items[i] for i in rows]
    with torch.no_grad():
        expected = one.encoder.eval()(one.modality.collate(items, train=False))
    assert torch.allclose(features, expected, atol=1e-6)
    assert not features.requires_grad


def test_features_are_computed_block_by_block(
    dataset: Dataset, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks the features are those of one run, few prepared signals are held at a time, a block
    that is lost is computed alone, and rows added at the end leave the others as they are."""
    expected = tower(dataset).features(np.arange(100))
    for file in own_cache.iterdir():
        file.unlink()
    monkeypatch.setattr(towers, "BLOCK", 40)
    alive, most = 0, 0
    prepare = Toy.prepare

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def counted(self: Toy, signal: ToySignal) -> dict[str, np.ndarray]:
        nonlocal alive, most
        item = prepare(self, signal)
        weakref.finalize(item["values"], gone)
        alive += 1
        most = max(most, alive)
        return item

    monkeypatch.setattr(Toy, "prepare", counted)
    one = tower(dataset)
    total = len(dataset.measured["toy"].signals)
    assert torch.allclose(one.features(np.arange(100)), expected, atol=1e-6)
    assert most <= 2 * 40 < total
    files = sorted(own_cache.iterdir())
    assert len(files) == -(-total // 40)

    files[0].unlink()
    again = tower(dataset)
    assert torch.allclose(again.features(np.arange(100)), expected, atol=1e-6)
    assert sum(again.encoder.batches) in (40, total % 40 or 40)
    assert sorted(own_cache.iterdir()) == files


@pytest.mark.parametrize("damage", [b"", b"not a tensor", None])
def test_a_damaged_or_unwritable_cache_costs_time_only(
    dataset: Dataset, own_cache: Path, damage: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = tower(dataset).features(np.arange(3))
    (file,) = own_cache.iterdir()
    if damage is None:  # a file stands where the folder should be
        file.unlink()
        own_cache.rmdir()
        own_cache.write_text("")
    else:
        file.write_bytes(damage)
    assert torch.equal(tower(dataset).features(np.arange(3)), expected)
    assert ("could not be cached" in capsys.readouterr().err) == (damage is None)


class Counted(GraphEncoder):
    """Mean of the atoms' features: what a third party might register."""

    class Config(GraphEncoder.Config):
        width: int = 12

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dim = config.width
        self.layer = torch.nn.Linear(10, config.width)

    def forward(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
        node = self.layer(batch.x.float() / 10)
        total = node.new_zeros(batch.num_graphs, self.dim).index_add(0, batch.batch, node)
        return node, total


def test_a_third_partys_graph_encoder_trains(
    dataset: Dataset, tmp_path: Path, own_cache: Path
) -> None:
    graph_encoders.add("counted", Counted, owner="acml-plugin-test")
    config = settings(graph={"name": "counted", "width": 20})
    model, _ = trained(dataset, config, tmp_path)
    assert isinstance(model.graph_encoder, Counted)
    assert model.config.graph == Choice(name="counted", width=20)
    fresh = new_model(config, {"toy": Toy()})
    assert not torch.equal(model.graph_encoder.layer.weight, fresh.graph_encoder.layer.weight)


def test_no_test_or_validation_molecule_reaches_a_training_step(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spies on both sides of the model collect every molecule of every training step."""
    from acml_core.graphs.packed import PackedGraphs

    molecule = dataset.measured["toy"].molecule
    by_tower: set[int] = set()
    by_graph: set[int] = set()
    features, batch = Tower.features, PackedGraphs.batch

    def spy_features(self: Tower, signals: np.ndarray, collated: Any = None) -> torch.Tensor:
        by_tower.update(molecule[signals].tolist())
        return features(self, signals, collated)

    def spy_batch(self: PackedGraphs, index: Any) -> Any:
        if torch.is_grad_enabled():  # not validation
            by_graph.update(np.asarray(index).tolist())
        return batch(self, index)

    monkeypatch.setattr(Tower, "features", spy_features)
    monkeypatch.setattr(PackedGraphs, "batch", spy_batch)
    trained(dataset, settings(unlock="all"), tmp_path)
    train = set(dataset.molecules("train").tolist())
    assert by_tower == by_graph == train
    assert len(train) < len(dataset.graphs)


def test_the_tower_of_the_toy_is_as_wide_as_its_signal() -> None:
    assert ToyEncoder(4).enter.in_features == WIDTH


def test_a_locked_tower_is_pretrained_unless_told_otherwise(
    dataset: Dataset, tmp_path: Path, own_cache: Path
) -> None:
    assert settings(unlock="none", tower={}).tower_share > 0
    assert settings(unlock="last", tower={}).tower_share > 0
    assert settings(unlock="all", tower={}).tower_share == 0
    assert not settings(unlock="none", tower={}).augments
    assert settings(unlock="all", tower={}).augments

    config = settings(unlock="none", tower={"pretrain_epochs": 2}, epochs=1)
    model, before = trained(dataset, config, tmp_path)
    after = model.head("toy").encoder.state_dict()
    assert any(not torch.equal(after[name], before[name]) for name in before)
    assert not any(p.requires_grad for p in model.head("toy").encoder.parameters())
