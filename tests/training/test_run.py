"""Whole runs: learning, repeating, being killed and going on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from acml_plugin_nmr.modality import Nmr
from acml_plugin_nmr.signal import NmrSignal
from safetensors.torch import load_file
from toy import Toy, measure

from acml_core import artefact, plugins
from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.errors import AcmlError, BadInput
from acml_core.evaluation.assess import again
from acml_core.evaluation.ranking import rank
from acml_core.evaluation.validation import sides
from acml_core.training.config import TrainConfig, from_recipe
from acml_core.training.fit import fit, new_model
from acml_core.training.precision import faster
from acml_core.training.run import (
    RUN,
    begin_with,
    begin_with_graph,
    load_towers,
    resume_run,
    start_run,
)
from acml_core.training.sampler import SignalsOf, batches
from acml_core.training.schedule import Clock, factor

CPU = torch.device("cpu")


def quiet(_: str) -> None:
    pass


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / artefact.WEIGHTS)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in (folder / "history.jsonl").read_text().splitlines()]


# ---- learning -----------------------------------------------------------------------------------


def test_overfitting_64_molecules(starter: Path, tmp_path: Path) -> None:
    rows = [one for one in read(starter, NmrSignal).signals if len(set(one.shifts_13c)) > 2]
    write(tmp_path / "t.parquet", rows[:72])
    dataset = load([tmp_path / "t.parquet"], [Nmr()], SplitConfig(), progress=False)
    dataset.split[:] = 0
    dataset.split[64:] = 1
    config = TrainConfig(
        graph={"name": "gine", "dim": 64, "layers": 4},
        projector={"name": "mlp", "dims": [64]},
        modality={"nmr": {"dim": 64, "width": 64}},
        unlock="all",
        augment=False,
        batch_size=64,
        epochs=50,
        lr=3e-3,
        validate_every=50,  # the last weights, not those best on the eight
        precision="float32",
    )
    modality = Nmr(Nmr.Config(dim=64, width=64))
    model = new_model(config, {"nmr": modality})

    def recall() -> float:
        queries, gallery = sides(model, dataset, "nmr", np.arange(64))
        return float((rank(queries, gallery).rank == 1).mean())

    before = recall()
    fit(model, dataset, config, tmp_path, device=CPU, report=quiet)
    assert before < 0.2
    assert recall() >= 0.95


def test_the_small_model_learns_something(trained: Path) -> None:
    rows = history(trained)
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert rows[-1]["validation_mrr"] > 1.5 * rows[0]["validation_mrr"]
    metrics = json.loads((trained / "metrics.json").read_text())["nmr"]["galleries"][0]
    found, baselines = metrics["modality_to_graph"], metrics["baselines"]
    assert found["mrr"]["ci95"][0] > baselines["random"]["mrr"]["value"]


# ---- repeating ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy_data(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("toy") / "toy.csv"
    write(path, [measure(one.smiles) for one in read(starter, NmrSignal).signals[:100]])
    return load([path], [Toy()], SplitConfig(), progress=False)


def toy_fit(dataset: Dataset, out: Path, **changes: Any) -> dict[str, torch.Tensor]:
    out.mkdir(exist_ok=True)
    settings = {
        "graph": {"name": "gine", "dim": 16, "layers": 2, "dropout": 0.1},
        "projector": {"name": "residual", "dims": [16]},
        "modality": {"toy": {"noise": 0.1}},
        "unlock": "all",
        "batch_size": 32,
        "epochs": 3,
        "precision": "float32",
    }
    config = TrainConfig(**{**settings, **changes})
    model = new_model(config, {"toy": Toy(Toy.Config(noise=0.1))})
    fit(model, dataset, config, out, device=CPU, report=quiet)
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_a_step_can_draw_several_measurements(toy_data: Dataset, tmp_path: Path) -> None:
    one = toy_fit(toy_data, tmp_path / "one", augment=True)
    two = toy_fit(toy_data, tmp_path / "two", augment=True, views=2)
    assert not same(one, two)
    assert history(tmp_path / "two")[-1]["step"] == history(tmp_path / "one")[-1]["step"]


def test_worker_processes_collate_the_same_measurements(toy_data: Dataset, tmp_path: Path) -> None:
    """Without augmentation it makes no difference who collates."""
    here = toy_fit(toy_data, tmp_path / "here", augment=False, unlock="all")
    there = toy_fit(toy_data, tmp_path / "there", augment=False, unlock="all", workers=2)
    assert same(here, there)


def test_a_run_can_be_assessed_later(small_table: Path, tmp_path: Path) -> None:
    settings = {"assess": False, "epochs": 1, "graph": {"dim": 16}, "unlock": "all"}
    path = start_run(
        ["nmr"], [small_table], tmp_path / "run", settings=[settings], device=CPU, report=quiet
    )
    made = artefact.load(path)
    flat = made.info.modalities["nmr"].calibration.at(100)
    assert flat.scale < 1e-3, "an answer that looks sure, of a model that nothing was fitted for"
    assert json.loads((path / "metrics.json").read_text()) == {}
    metrics = again(made, [small_table])
    assert metrics["nmr"]["galleries"]
    assert artefact.load(path).info.modalities["nmr"].calibration.at(100).scale > 0.1


def test_it_can_be_measured_on_another_table(
    trained: Path, small_table: Path, tmp_path: Path
) -> None:
    """Calibrated on one table, measured on the test molecules of another."""
    folder = shutil.copytree(trained, tmp_path / "run")
    signals = read(small_table, NmrSignal).signals
    rows = load([small_table], [Nmr()], SplitConfig(), progress=False)
    tested = set(rows.graphs.keys[rows.molecules("test")].tolist())
    own = rows.graphs.keys[rows.measured["nmr"].molecule].tolist()
    some = [one for one, key in zip(signals, own, strict=True) if key in tested][:12]
    write(tmp_path / "other.parquet", some)
    before = again(artefact.load(folder), [small_table])
    fitted = artefact.load(folder).info.modalities["nmr"].calibration
    metrics = again(artefact.load(folder), [small_table], tested=[tmp_path / "other.parquet"])
    assert artefact.load(folder).info.modalities["nmr"].calibration == fitted
    assert metrics["nmr"]["n_queries"] == len(some) < before["nmr"]["n_queries"]


def test_worker_processes_augment_by_the_seed(toy_data: Dataset, tmp_path: Path) -> None:
    one, two = (
        toy_fit(toy_data, tmp_path / name, unlock="all", workers=2, batch_size=16)
        for name in ("one", "two")
    )
    assert same(one, two)


def test_the_seed_decides(toy_data: Dataset, tmp_path: Path) -> None:
    torch.randn(7)  # what was drawn before must not matter
    first = toy_fit(toy_data, tmp_path / "a", seed=3)
    torch.randn(70)
    assert same(first, toy_fit(toy_data, tmp_path / "b", seed=3))
    assert not same(first, toy_fit(toy_data, tmp_path / "c", seed=4))


def test_the_best_epochs_weights_are_kept(toy_data: Dataset, tmp_path: Path) -> None:
    """A rate that wrecks the model after some epochs: what comes back is the best validation's."""
    many = toy_fit(toy_data, tmp_path / "many", epochs=6, lr=0.3, clip=1e6, warmup=0.0)
    rows = history(tmp_path / "many")
    best = max(rows, key=lambda row: row["validation_mrr"])
    assert len(rows) == 6
    config = TrainConfig(
        graph={"name": "gine", "dim": 16, "layers": 2, "dropout": 0.1},
        projector={"name": "residual", "dims": [16]},
    )
    model = new_model(config, {"toy": Toy()})
    model.load_state_dict(many)
    queries, gallery = sides(model, toy_data, "toy", toy_data.molecules("validation"))
    mrr = float((1 / rank(queries, gallery).rank).mean())
    assert mrr == pytest.approx(best["validation_mrr"])


def test_patience_stops(toy_data: Dataset, tmp_path: Path) -> None:
    toy_fit(toy_data, tmp_path / "a", epochs=200, patience=2, lr=1e-9)
    assert len(history(tmp_path / "a")) < 20


def test_max_minutes_ends_the_run_and_its_schedule(toy_data: Dataset, tmp_path: Path) -> None:
    start = time.monotonic()
    toy_fit(toy_data, tmp_path / "a", epochs=100_000, max_minutes=1 / 60, patience=10_000)
    assert 0.9 < time.monotonic() - start < 15
    toy_fit(toy_data, tmp_path / "b", max_minutes=1e-9)  # no step at all is no crash


def test_too_few_molecules(toy_data: Dataset, tmp_path: Path) -> None:
    few = Dataset(toy_data.graphs, toy_data.split * 0, toy_data.measured)
    with pytest.raises(BadInput, match="0 validation measurements"):
        toy_fit(few, tmp_path / "a")


def test_a_loss_that_is_not_finite_is_one_clear_error(toy_data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(AcmlError, match="no longer finite") as caught:
        toy_fit(toy_data, tmp_path / "a", lr=1e30, clip=1e30, warmup=0.0, epochs=20, patience=20)
    assert caught.value.exit_code == 1
    assert "lr" in caught.value.remedy


# ---- parts --------------------------------------------------------------------------------------


def test_the_schedule() -> None:
    assert [factor(p, 0.1) for p in (0.0, 0.05, 0.1, 0.55, 1.0)] == pytest.approx(
        [0, 0.5, 1, 0.5, 0]
    )
    assert factor(0.0, 0.0) == 1
    assert Clock(100, None).progress(50) == 0.5
    assert Clock(100, 10.0, elapsed=8.0).progress(50) == pytest.approx(0.8, abs=0.01)
    assert Clock(100, 10.0, elapsed=800.0).progress(50) == 1
    assert Clock(100, 10.0, elapsed=6.0, before=6.0).progress(0) == pytest.approx(0, abs=0.01)
    assert Clock(100, 10.0, elapsed=9.0, before=6.0).progress(0) == pytest.approx(0.75, abs=0.01)
    assert Clock(100, 10.0, elapsed=11.0, before=11.0).progress(0) == 1


@pytest.mark.parametrize(("n", "size"), [(10, 3), (9, 3), (7, 3), (3, 3), (2, 256), (4, 2)])
def test_batches_take_each_molecule_once_and_none_alone(n: int, size: int) -> None:
    found = list(batches(np.random.default_rng(0).permutation(n) * 10, size))
    assert sorted(np.concatenate(found).tolist()) == (np.arange(n) * 10).tolist()
    assert all(2 <= len(batch) <= size + 1 for batch in found)


def test_signals_are_drawn_from_their_own_molecule() -> None:
    from acml_core.data.dataset import Measured

    owner = np.array([2, 0, 2, 2, 3])
    signals = SignalsOf(Measured([], owner), 5)
    assert signals.has(np.arange(5)).tolist() == [True, False, True, True, False]
    rng = np.random.default_rng(0)
    drawn = np.stack([signals.draw(np.array([3, 2, 0]), rng) for _ in range(100)])
    assert {*drawn[:, 0]} == {4}
    assert {*drawn[:, 1]} == {0, 2, 3}
    assert {*drawn[:, 2]} == {1}


def test_auto_precision_is_decided_once_for_a_run(trained: Path) -> None:
    assert faster("cpu") in ("float32", "bfloat16")
    training = json.loads((trained / artefact.INFO).read_text())["training"]
    assert training["precision"] == "float32"


@pytest.mark.parametrize("unlock", ["all", "none"])
def test_a_plugin_computes_its_batches_in_float32(unlock: str, tmp_path: Path) -> None:
    """Even where the step runs in bfloat16: an in-place assignment of a product would fail there."""
    seen = []

    class Careful(Toy):
        def collate(self, items: Any, *, train: bool) -> dict[str, torch.Tensor]:
            batch = super().collate(items, train=train)
            values = batch["values"].float()
            seen.append((values @ values.T).dtype)
            return batch

    write(tmp_path / "t.csv", [measure("C" * n + "O") for n in range(1, 61)])
    plugin = Careful()
    data = load([tmp_path / "t.csv"], [plugin], SplitConfig(), progress=False)
    config = TrainConfig(
        graph={"name": "gine", "dim": 16, "layers": 2}, projector={"name": "mlp", "dims": [16]},
        unlock=unlock, epochs=1, batch_size=16, precision="bfloat16",
    )  # fmt: skip
    model = new_model(config, {"toy": plugin})
    fit(model, data, config, tmp_path, device=CPU, report=quiet)
    assert set(seen) == {torch.float32}


def test_a_bad_setting_is_the_users_not_the_recipes() -> None:
    with pytest.raises(BadInput, match=r"Did you mean 'epochs'") as caught:
        from_recipe(Nmr, None, {"epoch": 3})
    assert "default.toml" not in str(caught.value)
    with pytest.raises(BadInput, match=r"no recipe 'fst'"):
        from_recipe(Nmr, "fst")


def test_a_component_keeps_its_name_when_one_setting_changes(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("")
    recipe = str(tmp_path / "empty.toml")
    default = TrainConfig()
    assert from_recipe(Nmr, recipe) == default
    for key in ("graph", "projector", "loss"):
        changed = getattr(from_recipe(Nmr, recipe, {key: {"x": 1}}), key)
        assert changed.name == getattr(default, key).name
        assert changed.options == {**getattr(default, key).options, "x": 1}
    other = from_recipe(Nmr, recipe, {"projector": {"name": "mlp"}})
    assert other.projector.options == {}  # not the settings of the default one


def test_a_bad_recipe_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("epoch = 3\n")
    with pytest.raises(BadInput, match=r"mine\.toml.*Did you mean 'epochs'"):
        from_recipe(Nmr, str(tmp_path / "mine.toml"))


def test_towers_from_another_model(trained: Path) -> None:
    loaded = artefact.load(trained)
    config = TrainConfig(**loaded.info.training)
    model = new_model(
        config.model_copy(update={"seed": 9}),
        {"nmr": plugins.get("nmr")(Nmr.Config(**config.modality["nmr"]))},
    )
    load_towers(model, trained)
    ours, theirs = model.head("nmr").encoder, loaded.model.head("nmr").encoder
    assert same(ours.state_dict(), theirs.state_dict())
    other = new_model(config, {"nmr": Nmr(Nmr.Config(dim=24, width=32))})
    with pytest.raises(AcmlError, match="do not fit"):
        load_towers(other, trained)


def test_a_run_can_begin_with_a_trained_model(trained: Path, tmp_path: Path) -> None:
    config = artefact.load(trained).info.training
    model = new_model(
        TrainConfig(**config).model_copy(update={"seed": 9}),
        {"nmr": plugins.get("nmr")(Nmr.Config(**config["modality"]["nmr"]))},
    )
    seen = begin_with(model, trained)
    assert same(model.state_dict(), weights(trained))
    assert np.array_equal(seen, artefact.load(trained).seen)
    other = new_model(TrainConfig(**config), {"nmr": Nmr(Nmr.Config(dim=24, width=32))})
    with pytest.raises(AcmlError, match="settings are not this run's"):
        begin_with(other, trained)


def test_another_modality_can_begin_with_the_graph_encoder(trained: Path) -> None:
    config = TrainConfig(**artefact.load(trained).info.training)
    settings = config.model_dump() | {"seed": 9, "modality": {}}
    settings["graph"] = {**settings["graph"], "mass_waves": 4}
    model = new_model(TrainConfig(**settings), {"toy": Toy()})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen = begin_with_graph(model, trained)
    theirs = {k: v for k, v in weights(trained).items() if k.startswith("graph_encoder.")}
    for name, value in model.state_dict().items():  # the masses and the toy's head are still new
        assert torch.equal(value, theirs.get(name, before[name])), name
    assert any(name.startswith("graph_encoder.mass.") for name in before)
    assert np.array_equal(seen, artefact.load(trained).seen)

    settings["graph"] = {**settings["graph"], "dim": 24}
    with pytest.raises(AcmlError, match="graph encoder has other settings"):
        begin_with_graph(new_model(TrainConfig(**settings), {"toy": Toy()}), trained)


def test_init_and_graph_exclude_each_other(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--init and --graph"):
        start_run(["nmr"], [], tmp_path / "out", init="a", graph="b", device=CPU, report=quiet)


def test_what_the_first_model_saw_stays_seen(trained: Path, starter: Path, tmp_path: Path) -> None:
    config = artefact.load(trained).info.training
    settings = {key: config[key] for key in ("graph", "projector", "modality", "loss", "unlock")}
    rows = read(starter, NmrSignal).signals[-60:]
    write(tmp_path / "new.parquet", rows)
    out = start_run(
        ["nmr"],
        [tmp_path / "new.parquet"],
        tmp_path / "out",
        settings=[{**settings, "epochs": 1}],
        init=str(trained),
        device=CPU,
        report=quiet,
    )
    before, after = artefact.load(trained).seen, artefact.load(out).seen
    assert np.isin(before, after).all()


def test_a_run_that_never_trained_leaves_nothing(small_table: Path, tmp_path: Path) -> None:
    for tower, settings in ((tmp_path / "none.safetensors", {}), (None, {"loss": {"name": "x"}})):
        with pytest.raises(AcmlError):
            start_run(
                ["nmr"],
                [small_table],
                tmp_path / "out",
                settings=[settings],
                tower=tower,
                device=CPU,
                report=quiet,
            )
        assert not (tmp_path / "out").exists()


# ---- killed -------------------------------------------------------------------------------------


def launch(args: list[str]) -> subprocess.Popen[str]:
    code = "from acml_core.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
    )


def wait_for(process: subprocess.Popen[str], out: Path, epoch: int) -> None:
    """Until a checkpoint is there and the history has come to ``epoch``."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = (out / "checkpoint.safetensors").exists() and history(out)
        if found and found[-1]["epoch"] >= epoch:
            return
        time.sleep(0.01)
    pytest.fail(f"the run ended or hung: {process.communicate()[1] if process.poll() else ''}")


@pytest.mark.slow
def test_a_run_that_is_stopped_and_killed_gives_the_same_weights(
    trained: Path, train_args: list[str], tmp_path: Path
) -> None:
    """Ctrl-C after the first epoch, SIGKILL after a later one, then the rest: the weights are those
    of the run that nobody touched, bit by bit."""
    out = tmp_path / "model"
    first = launch(["train", *train_args, "--set", "checkpoint_minutes=0", "--out", str(out)])
    wait_for(first, out, 1)
    first.send_signal(signal.SIGINT)
    stdout, stderr = first.communicate(timeout=60)
    assert first.returncode == 1
    assert stdout == ""
    last = stderr.strip().splitlines()[-1]
    assert last.startswith("acml: interrupted")
    assert "--resume" in last
    assert "Traceback" not in stderr
    assert not (out / artefact.INFO).exists()

    stopped = history(out)[-1]["epoch"]
    second = launch(["train", "--resume", str(out)])
    wait_for(second, out, stopped + 2)
    second.send_signal(signal.SIGKILL)
    second.communicate(timeout=60)
    assert not (out / artefact.INFO).exists()

    resume_run(out, device=CPU, report=quiet)
    assert same(weights(out), weights(trained))
    assert [row["epoch"] for row in history(out)] == [row["epoch"] for row in history(trained)]
    assert not (out / RUN).exists()
    assert not (out / "checkpoint.safetensors").exists()


def test_a_run_killed_while_it_is_evaluated_keeps_its_training(
    trained: Path, small_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acml_core.training import run

    out = tmp_path / "model"
    config = json.loads((trained / artefact.INFO).read_text())["training"]
    config = {**config, "checkpoint_minutes": 60, "epochs": 3}
    finish = run._finish

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_finish", die)
    with pytest.raises(KeyboardInterrupt):
        start_run(["nmr"], [small_table], out, settings=[config], device=CPU, report=quiet)
    assert (out / "checkpoint.safetensors").exists()
    monkeypatch.setattr(run, "_finish", finish)
    seen: list[str] = []
    resume_run(out, device=CPU, report=seen.append)
    assert not any(line.startswith("epoch") for line in seen)  # nothing is trained again
    assert [row["epoch"] for row in history(out)] == [1, 2, 3]


def test_nothing_to_resume(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is finished"):
        resume_run(trained, device=CPU, report=quiet)
    with pytest.raises(BadInput, match="no run to resume"):
        resume_run(tmp_path, device=CPU, report=quiet)


def test_a_damaged_checkpoint(trained: Path, small_table: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    config = json.loads((trained / artefact.INFO).read_text())["training"]
    (out / RUN).write_text(
        json.dumps(
            {
                "modalities": ["nmr"],
                "data": [str(small_table)],
                "config": config,
                "only": None,
                "tower": [],
                "command": "",
            }
        )
    )
    (out / "checkpoint.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(AcmlError, match="checkpoint is damaged") as caught:
        resume_run(out, device=CPU, report=quiet)
    assert caught.value.exit_code == 1
    shutil.copy(trained / artefact.WEIGHTS, out / "checkpoint.safetensors")
    with pytest.raises(AcmlError, match=r"damaged|another configuration"):
        resume_run(out, device=CPU, report=quiet)


def test_only_chosen_columns_are_trained_on(small_table: Path, tmp_path: Path) -> None:
    """With ``only`` the trainer never sees another column."""
    data = load([small_table], [Nmr()], SplitConfig(), only=["shifts_13c"], progress=False)
    assert all(not one.multiplicity_13c for one in data.measured["nmr"].signals)
    assert any(pq.read_table(small_table)["multiplicity_13c"].to_pylist())
