"""Fine-tuning, probes and trees: what they learn, and what they leave as it was."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from acml_core.artefact import Artefact
from acml_core.config import parse
from acml_core.errors import ConfigError
from acml_core.property.config import FinetuneConfig, Mode
from acml_core.property.member import Member, learn, learn_each, raw
from acml_core.property.metrics import figures
from acml_core.property.probe import probe
from acml_core.property.scaling import Scaling
from acml_core.property.split import Parts, split
from acml_core.property.table import PropertyTable

MODES: tuple[Mode, ...] = ("full", "probe", "boosting")


def random_parts(table: PropertyTable) -> Parts:
    return split([str(one) for one in table.graphs.smiles], "random")


def said(model: Artefact, table: PropertyTable, parts: Parts, config: FinetuneConfig) -> np.ndarray:
    """(N, T) of all molecules."""
    member = learn(model.model.graph_encoder, table, parts, config)
    found = raw([member], table.graphs, config.fingerprint)[0]
    return Scaling.of(table.task, table.y[parts.train]).finished(table.task, found)


@pytest.mark.parametrize("mode", MODES)
def test_values_are_learnt_and_the_model_stays(
    model: Artefact, logp: PropertyTable, mode: Mode
) -> None:
    if mode == "boosting":
        pytest.importorskip("sklearn")
    parts = random_parts(logp)
    config = FinetuneConfig(mode=mode, epochs=50, batch_size=32, patience=50)
    before = copy.deepcopy(model.model.graph_encoder.state_dict())
    state = torch.random.get_rng_state()
    value = said(model, logp, parts, config)
    error = figures("regression", logp.y[parts.test], value[parts.test])
    spread = float(np.std(logp.y[parts.test] - logp.y[parts.train].mean()))
    assert error["rmse"] < (0.9 if mode == "boosting" else 0.7) * spread
    after = model.model.graph_encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before), "the model was changed"
    assert torch.equal(state, torch.random.get_rng_state()), "random numbers were drawn"


@pytest.mark.parametrize("mode", MODES)
def test_probabilities_are_those_of_the_table(
    model: Artefact, groups: PropertyTable, mode: Mode, fast: FinetuneConfig
) -> None:
    """Rare classes are weighed while they are learnt; what is said afterwards is not."""
    if mode == "boosting":
        pytest.importorskip("sklearn")
    y = groups.y.copy()
    y[np.random.default_rng(0).random(len(y)) < 0.85, 0] = 0  # a rare class, hard to tell
    rare = PropertyTable(groups.graphs, groups.targets, y, "classification", [], groups.rows)
    parts = random_parts(rare)
    config = FinetuneConfig(**{**fast.model_dump(), "mode": mode, "epochs": 12})
    value = said(model, rare, parts, config)[parts.train]
    share = np.nanmean(y[parts.train], axis=0)
    assert share[0] < 0.15
    assert value.mean(0)[0] == pytest.approx(share[0], abs=0.06)
    assert ((value >= 0) & (value <= 1)).all()


def test_the_same_seed_gives_the_same(
    model: Artefact, logp: PropertyTable, fast: FinetuneConfig
) -> None:
    parts = random_parts(logp)
    config = fast.model_copy(update={"epochs": 2, "head_epochs": 1})
    assert np.array_equal(said(model, logp, parts, config), said(model, logp, parts, config))


def test_early_stopping_keeps_the_best_epoch(
    model: Artefact, logp: PropertyTable, fast: FinetuneConfig
) -> None:
    lines: list[str] = []
    rash = {"epochs": 30, "patience": 2, "lr": 0.02, "encoder_lr": 0.02, "way": "free"}
    config = fast.model_copy(update=rash)
    parts = random_parts(logp)
    member = learn(model.model.graph_encoder, logp, parts, config, report=lines.append)
    found = [float(line.split()[-1]) for line in lines]
    assert len(found) < 30
    assert min(found) == found[-3], "it went on for two epochs, and no further"
    value = Scaling.of("regression", logp.y[parts.train]).finished(
        "regression", raw([member], logp.graphs)[0]
    )
    figure = figures("regression", logp.y[parts.validation], value[parts.validation])["rmse"]
    assert figure == pytest.approx(min(found), abs=1e-3)


def test_a_head_may_learn_alone_first(
    model: Artefact, logp: PropertyTable, fast: FinetuneConfig
) -> None:
    parts = random_parts(logp)
    first = []
    for alone in (0, 10):
        lines: list[str] = []
        config = fast.model_copy(update={"epochs": 1, "head_epochs": alone})
        learn(model.model.graph_encoder, logp, parts, config, report=lines.append)
        first.append(float(lines[0].split()[-1]))
    assert first[1] < first[0]


def test_validation_chooses_between_rash_and_careful(
    model: Artefact, logp: PropertyTable, fast: FinetuneConfig
) -> None:
    """The careful way begins with the probe, and is no worse than that on validation molecules."""
    parts, encoder = random_parts(logp), model.model.graph_encoder

    def error(member: Member) -> float:
        value = Scaling.of("regression", logp.y[parts.train]).finished(
            "regression", raw([member], logp.graphs)[0]
        )
        return figures("regression", logp.y[parts.validation], value[parts.validation])["rmse"]

    lines: list[str] = []
    hasty = fast.model_copy(update={"epochs": 1, "careful_epochs": 3})
    tuned = error(learn(encoder, logp, parts, hasty, report=lines.append))
    probed = error(learn(encoder, logp, parts, FinetuneConfig(mode="probe")))
    free, *careful = (float(line.split()[-1]) for line in lines)
    assert len(careful) == 4, "the linear model as it was, then three epochs"
    assert careful[0] == pytest.approx(probed, abs=1e-3)
    assert min(careful) < free, "one epoch of a new head is not enough"
    assert tuned == pytest.approx(min(careful), abs=1e-3)
    blunt = fast.model_copy(update={"epochs": 60, "patience": 60, "careful_epochs": 1})
    blunt = blunt.model_copy(update={"careful_lr": 1e-9})
    lines.clear()
    chosen = error(learn(encoder, logp, parts, blunt, report=lines.append))
    assert chosen == pytest.approx(min(float(line.split()[-1]) for line in lines), abs=1e-3)


def test_a_probe_does_not_mind_what_was_not_measured() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 5)).astype(np.float32)
    y = np.stack([x[:, 0] > 1.2, x[:, 1] > 0], axis=1).astype(float)
    y[::2, 0] = np.nan
    y[:, 1] = np.where(rng.random(500) < 0.02, y[:, 1], np.nan)
    head = probe("classification", x[:400], y[:400], x[400:], y[400:])
    logits = head.raw(x)
    known = np.isfinite(y[:, 0])
    assert figures("classification", y[known, :1], logits[known, :1])["roc_auc"] > 0.98
    chance = 1 / (1 + np.exp(-logits[:, 0]))
    assert chance.mean() == pytest.approx(np.nanmean(y[:, 0]), abs=0.04)


def test_settings_that_do_not_fit_are_named() -> None:
    with pytest.raises(ConfigError, match="fingerprint = true needs mode = probe or boosting"):
        parse(FinetuneConfig, {"fingerprint": True})
    with pytest.raises(ConfigError, match="mode"):
        parse(FinetuneConfig, {"mode": "frozen"})


def test_the_first_seed_chooses_the_way_for_all(
    model: Artefact, logp: PropertyTable, fast: FinetuneConfig
) -> None:
    parts, encoder = random_parts(logp), model.model.graph_encoder
    timid = {"epochs": 2, "careful_epochs": 1, "careful_lr": 1e-9}  # a linear model as it was
    for lr, way in ((1e-9, "careful"), (3e-3, "free")):
        settings = {**timid, "lr": lr, "epochs": 60 if way == "free" else 2}
        config = fast.model_copy(update=settings)
        lines: list[str] = []
        members = learn_each([(0, encoder), (1, encoder)], logp, parts, config, report=lines.append)
        assert [one.way for one in members] == [way, way]
        second = lines.index("seed 1: full")
        assert ("epoch   0" in lines[second + 1]) == (way == "careful"), "the linear model"
        assert sum("epoch   1 " in line for line in lines[second:]) == 1, "the other way was tried"
        alone = config.model_copy(update={"way": way})
        again = learn(encoder, logp, parts, alone, seed=1)
        assert np.array_equal(raw([again], logp.graphs), raw(members[1:], logp.graphs))
