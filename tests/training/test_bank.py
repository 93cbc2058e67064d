"""Negatives beyond the batch: drawn from what was remembered, never the molecule itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize
from toy import Toy, measure

from acml_core.data.dataset import Dataset, load
from acml_core.data.split import SplitConfig
from acml_core.data.table import write
from acml_core.errors import ConfigError
from acml_core.losses import InfoNceLoss
from acml_core.training import checkpoint, fit
from acml_core.training.bank import Bank
from acml_core.training.config import TrainConfig


def test_the_loss_against_loops() -> None:
    torch.manual_seed(0)
    g, m, z = (normalize(torch.randn(n, 4, dtype=torch.float64), dim=1) for n in (3, 3, 5))
    ids, others = torch.tensor([0, 1, 2]), torch.tensor([7, 1, 8, 2, 9])
    loss = InfoNceLoss(InfoNceLoss.Config(temperature=0.5)).double()
    found = loss(g, m, ids, more=(z, others))
    total = 0.0
    for i in range(3):
        among = [g[j] for j in range(3)] + [z[k] for k in range(5) if others[k] != ids[i]]
        logits = torch.stack([m[i] @ one / 0.5 for one in among])
        total += float(logits.logsumexp(0) - logits[i])
    assert found["modality_to_graph"].item() == pytest.approx(total / 3, rel=1e-9)
    alone = loss(g, m, ids)
    assert found["graph_to_modality"].item() == alone["graph_to_modality"].item()
    assert found["modality_to_graph"] > alone["modality_to_graph"]


def test_the_last_ones_are_kept() -> None:
    bank = Bank(5)
    assert len(bank) == 0
    for start in (0, 3, 6):
        ids = torch.arange(start, start + 3)
        bank.remember(ids, ids[:, None].float().requires_grad_())
    assert bank.molecules.tolist() == [4, 5, 6, 7, 8]
    assert bank.z[:, 0].tolist() == [4, 5, 6, 7, 8]
    assert not bank.z.requires_grad


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("toy") / "toy.csv"
    write(path, [measure("C" * n + "O" + "C" * k) for n in range(1, 13) for k in range(6)])
    return load([path], [Toy()], SplitConfig(), progress=False)


def _config(**changes: object) -> TrainConfig:
    settings = {
        "graph": {"name": "gine", "dim": 16, "layers": 2},
        "projector": {"name": "residual", "dims": [16]},
        "unlock": "all",
        "batch_size": 16,
        "epochs": 3,
        "precision": "float32",
        "hard": {"bank": 24},
    }
    return TrainConfig(**{**settings, **changes})


def _fit(data: Dataset, config: TrainConfig, out: Path, resume: bool = False) -> dict:
    out.mkdir(exist_ok=True)
    model = fit.new_model(config, {"toy": Toy()})
    device = torch.device("cpu")
    fit.fit(model, data, config, out, device=device, resume=resume, report=lambda _: None)
    return {key: value.clone() for key, value in model.state_dict().items()}


def _same(a: dict, b: dict) -> bool:
    return all(torch.equal(a[key], b[key]) for key in a)


def test_training_uses_it_and_resumes_to_the_same_weights(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _fit(data, _config(), tmp_path / "whole")
    assert not _same(whole, _fit(data, _config(hard={"bank": 0}), tmp_path / "none"))

    saves = []

    def save_and_die(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        saves.append(1)
        if len(saves) == 2:
            raise KeyboardInterrupt

    real = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", save_and_die)
    config = _config(checkpoint_minutes=0.0)
    with pytest.raises(KeyboardInterrupt):
        _fit(data, config, tmp_path / "killed")
    monkeypatch.undo()
    assert _same(whole, _fit(data, config, tmp_path / "killed", resume=True))
    rows = (tmp_path / "killed" / "history.jsonl").read_text().splitlines()
    assert [json.loads(row)["epoch"] for row in rows] == [1, 2, 3]
    learnt = [json.loads(row)["learnt"]["toy"]["temperature"] for row in rows]
    assert learnt[0] != learnt[2]
    assert all(0.01 <= value < 0.1 for value in learnt)


def test_a_loss_without_it_says_so(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="takes no negatives beyond the batch"):
        _fit(data, _config(loss={"name": "acml"}), tmp_path)
