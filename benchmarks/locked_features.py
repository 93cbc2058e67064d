"""Molecules a second of training steps: outputs of a locked tower cached, against recomputed.

The same model, batches and loss on the NMR plugin's starter table; only the tower's part differs.
Run from the repository's root: ``python benchmarks/locked_features.py``.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch
from torch import nn

from acml_core import plugins
from acml_core.components import losses, make
from acml_core.config import merge, parse
from acml_core.data.dataset import load
from acml_core.training.config import TrainConfig, from_recipe
from acml_core.training.fit import new_model
from acml_core.training.sampler import SignalsOf, batches
from acml_core.training.towers import Tower


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modality", default="nmr")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    modality_class = plugins.get(args.modality)
    recipe = from_recipe(modality_class, None).model_dump(mode="json")
    config = parse(TrainConfig, merge(recipe, {"unlock": "none", "augment": False}))
    modality = modality_class()
    dataset = load([modality.starter()], [modality], config.split)
    model = new_model(config, {modality.name: modality})
    head = model.head(modality.name)
    cpu = torch.device("cpu")
    tower = Tower(
        modality, dataset.measured[modality.name], head.encoder, "none", augment=False, device=cpu
    )
    sampler = SignalsOf(dataset.measured[modality.name], len(dataset.graphs))
    criterion = make(losses, config.loss)
    molecules = dataset.molecules("train")

    def recomputed(signals: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            items = [tower.items[i] for i in signals]
            return head.encoder(modality.collate(items, train=False))

    def epoch(features: object, graph_too: bool) -> float:
        rng = np.random.default_rng(0)
        start = time.perf_counter()
        for chosen in batches(rng.permutation(molecules), config.batch_size):
            out = features(sampler.draw(chosen, rng))  # type: ignore[operator]
            if graph_too:
                _, graph = model.graph_embeddings(dataset.graphs.batch(chosen))
                z_graph = model.project_graphs(modality.name, graph)
                z_modality = model.project_features(modality.name, out)
                loss = criterion(z_graph, z_modality, torch.from_numpy(chosen))["loss"]
                loss.backward()
                model.zero_grad(set_to_none=True)
        return len(molecules) / (time.perf_counter() - start)

    assert isinstance(head.encoder, nn.Module)
    tower.features(np.arange(2))  # fills the cache
    same = torch.allclose(tower.features(np.arange(64)), recomputed(np.arange(64)), atol=1e-5)
    print(f"{len(molecules)} molecules, batch {config.batch_size}; outputs equal: {same}")
    print(f"{'':24}{'cached':>12}{'recomputed':>12}{'ratio':>8}   [molecules/s]")
    for label, graph_too in (("tower alone", False), ("whole training step", True)):
        cached = statistics.median(epoch(tower.features, graph_too) for _ in range(args.repeats))
        again = statistics.median(epoch(recomputed, graph_too) for _ in range(args.repeats))
        print(f"{label:24}{cached:12.0f}{again:12.0f}{cached / again:8.2f}")


if __name__ == "__main__":
    main()
