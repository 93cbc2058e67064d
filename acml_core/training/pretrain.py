"""Unimodal pretraining of a tower, so that it is worth locking: measurement -> fingerprint.

The target is the molecule's Morgan fingerprint (radius 2), by bit, with binary cross entropy. Bits
are weighed by nothing; rare ones count as rarely as they are. Validation and test molecules are
never seen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from acml_core.data.dataset import Dataset
from acml_core.fingerprints import fingerprints
from acml_core.training.config import TrainConfig
from acml_core.training.precision import autocast
from acml_core.training.sampler import SignalsOf, batches
from acml_core.training.schedule import Clock, factor
from acml_core.training.towers import Tower


def pretrain(
    tower: Tower,
    dataset: Dataset,
    config: TrainConfig,
    max_seconds: float | None,
    report: Callable[[str], None],
) -> None:
    """Train the tower's encoder in place. It is unlocked meanwhile and left as it was found."""
    name = tower.modality.name
    measured = dataset.measured[name]
    rng = np.random.default_rng(config.seed)
    signals = SignalsOf(measured, len(dataset.graphs))
    train = dataset.molecules("train")
    train = train[signals.has(train)]
    bits = config.tower.fingerprint_bits
    target = fingerprints([dataset.graphs.smiles[i] for i in train], bits)
    row_of = np.full(len(dataset.graphs), -1)
    row_of[train] = np.arange(len(train))

    encoder, device = tower.encoder, tower.device
    was_learning = {id(p) for p in tower.learning}
    for parameter in encoder.parameters():
        parameter.requires_grad_(True)
    encoder.train()
    head = nn.Linear(encoder.dim, bits).to(device)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(
        parameters, lr=config.tower.lr, weight_decay=config.weight_decay, fused=True
    )
    steps = -(-len(train) // config.batch_size)
    clock = Clock(steps * config.tower.pretrain_epochs, max_seconds)
    step = 0
    while clock.progress(step) < 1:
        total = 0.0
        for molecules in batches(rng.permutation(train), config.batch_size):
            if clock.progress(step) >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.tower.lr * factor(clock.progress(step), config.warmup)
            batch = tower.place(tower.collate(signals.draw(molecules, rng), train=True), train=True)
            wanted = torch.from_numpy(np.unpackbits(target[row_of[molecules]], axis=1)[:, :bits])
            with autocast(config.precision, device):
                logits = head(encoder(batch))
                loss = nn.functional.binary_cross_entropy_with_logits(
                    logits.float(), wanted.to(device).float()
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step += 1
            total += float(loss.detach())
        report(f"tower {name}: step {step}, fingerprint loss {total / steps:.4f}")
    for parameter in encoder.parameters():
        parameter.requires_grad_(id(parameter) in was_learning)
    encoder.eval()
