"""Standard tests of a plugin in a model: it learns, it is saved and loaded, its recipes are valid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from acml_core import artefact
from acml_core.components import Choice, losses, make
from acml_core.config import parse
from acml_core.encoder import Encoder
from acml_core.graphs.build import build
from acml_core.modality import Modality, Signal
from acml_core.probability import Calibration
from acml_core.testing.installing import installed
from acml_core.testing.samples import Samples, starter_signals
from acml_core.training.config import TrainConfig, from_recipe
from acml_core.training.fit import new_model

SMALL = TrainConfig(
    graph=Choice(name="gine", dim=32, layers=2),
    projector=Choice(name="residual", dims=(32,)),
)
"""A model that costs next to nothing beside the plugin's encoder."""

STEPS = 3
LEARNING_RATE = 1e-3
ROWS = 32
TOLERANCE = 1e-5
"""Largest difference of a vector before saving and after loading."""

MOLECULES = ("CCO", "c1ccccc1", "CC(=O)O", "CCN(CC)CC", "OC1CCCCC1", "CC#N", "ClCCl", "C1CCOC1")
"""Structures for signals that state none."""


class TrainingTests(Samples):
    """The plugin in training and in an artefact."""

    def test_three_training_steps_lower_the_loss(
        self, plugin: Modality, signals: list[Signal]
    ) -> None:
        """On one batch; and what of the encoder can learn receives a gradient."""
        rows = _rows(type(self), signals)
        if len(rows) < 2:
            pytest.skip("needs a starter table, or an example of two signals or more")
        model = new_model(SMALL, {plugin.name: plugin}).eval()  # no dropout: one loss to compare
        items = [plugin.prepare(signal) for signal in rows]
        batch = plugin.collate(items, train=False)
        graphs, numbers, rejects = build([one.smiles for one in rows], progress=False)
        assert not rejects, rejects[0]
        criterion = make(losses, SMALL.loss)

        def loss() -> Tensor:
            _, graph = model.graph_embeddings(graphs.batch(numbers))
            z_graph = model.project_graphs(plugin.name, graph)
            features = model.head(plugin.name).encoder(batch)
            z_modality = model.project_features(plugin.name, features)
            return criterion(z_graph, z_modality, torch.from_numpy(numbers))["loss"]

        optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
        first = float(loss().detach())
        for _ in range(STEPS):
            optimiser.zero_grad()
            loss().backward()
            _has_gradient(model.head(plugin.name).encoder)  # type: ignore[arg-type]
            optimiser.step()
        with torch.no_grad():
            last = float(loss())
        assert np.isfinite(last)
        assert last < first, f"loss {first:.4f} before, {last:.4f} after"

    def test_saved_model_loads_and_agrees(
        self, plugin: Modality, signals: list[Signal], tmp_path: Path
    ) -> None:
        """An artefact loads, passes its golden check, and encodes as the model that was saved."""
        example = signals[0].model_copy(update={"smiles": signals[0].smiles or MOLECULES[0]})
        model = new_model(SMALL, {plugin.name: plugin})
        expected = model.encode_signals(plugin.name, signals)
        with installed(type(plugin)) as name:
            artefact.save(
                tmp_path,
                model,
                calibrations={name: Calibration.constant(1.0)},
                examples={name: example},
                seen=[],
                metrics={},
                training=SMALL.model_dump(mode="json"),
                data={},
                command="",
            )
            loaded = artefact.load(tmp_path)
        again = loaded.model.modalities[name]
        assert again.config == plugin.config
        vectors = loaded.model.encode_signals(name, signals)
        assert torch.allclose(vectors, expected, rtol=TOLERANCE, atol=TOLERANCE)
        assert list(tmp_path.glob("*.part")) == []

    def test_recipes_are_valid(self, plugin: Modality) -> None:
        """Every recipe is a training run's settings, and those for the plugin are the plugin's."""
        cls = type(plugin)
        for recipe, path in cls.recipes().items():
            config = from_recipe(cls, recipe)
            assert set(config.modality) <= {cls.name}, f"{path.name} sets other modalities"
            parse(cls.Config, config.modality.get(cls.name, {}), source=path)


def _rows(cls: type[Samples], signals: list[Signal]) -> list[Signal]:
    """Signals with a structure each: of the starter, or the example's with others' structures."""
    rows = list(starter_signals(cls)[:ROWS])
    if len(rows) >= 2:
        return rows
    return [
        one.model_copy(update={"smiles": smiles})
        for one, smiles in zip(signals, MOLECULES, strict=False)
    ]


def _has_gradient(encoder: Encoder) -> None:
    parameters = [p for p in encoder.parameters() if p.requires_grad]
    if not parameters:  # nothing of it can learn, and nothing needs to
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    assert gradients, "no gradient reaches the encoder, so 'unlock' cannot work"
    assert all(torch.isfinite(g).all() for g in gradients), "a gradient is not finite"
    assert any(bool((g != 0).any()) for g in gradients), "every gradient of the encoder is zero"
