"""Pretrain the encoder: from drawings to what is drawn where, fingerprints and counts.

    ACML_DATA=... OMP_NUM_THREADS=1 python scripts/pretrain.py --out runs/tower --minutes 75

Molecules are ``library/*.parquet`` of ``$ACML_DATA``, of the training split only, drawn on the fly in
the styles of the family "train". Validation molecules are drawn once in the family "held_out".
``--minutes`` is the processor time of the trainer, so that other work on the machine makes the run
longer and not worse. A stopped run goes on from ``--out``. It ends with ``tower.safetensors`` and
``metrics.json`` in ``--out``, also where SIGTERM ends it early; copy the first to
``src/acml_plugin_image/data/``.

Seeds are fixed, but how often each drawing is seen depends on the machine's speed, so no two runs
are equal bit by bit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from acml_plugin_image.augment import augment, motions
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.encoder import PictureEncoder
from drawings import Ring
from heads import Heads, local, losses
from keep import load, save, start_from, write_tower
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from validate import score, validation_set

SEED = 11
BATCH = 96
RING = 30_000
"""Drawings kept."""

FIRST_DRAWINGS = 3_000
"""Drawings that must be there before training starts."""

LEARNING_RATE, FINAL_SHARE, WEIGHT_DECAY = 2e-3, 0.01, 0.02
WARMUP = 0.03
"""Share of the time in which the learning rate rises."""

CLIP = 5.0
EMA, EMA_START = 0.999, 10.0
"""Decay of the averaged weights; in the first steps it is (1 + step) / (EMA_START + step)."""

NEGATIVES = 1024
"""Further molecules that each drawing is told from."""

MOST_VIEWS = 5.0
"""How often each drawing is seen on average, at most: then the trainer waits for new ones."""

SIZES = ((0.35, 96), (0.7, 128), (1.0, 144))
"""Until this share of the time, pictures are this large [px]: small ones are faster."""

SAVE_SECONDS, VALIDATE_SECONDS, SAY_STEPS = 120.0, 300.0, 100
VALIDATE_FIRST = 1000
"""Validation molecules that are looked at on the way."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=75.0, help="processor time of the run")
    parser.add_argument("--init", type=Path, help="folder of a run whose weights to begin with")
    parser.add_argument("--validate", type=int, default=3000, help="validation molecules")
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    library = Path(data) / "library"
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    config = ImageConfig()
    ring = Ring(RING, config.size)
    ring.start(library, config, SEED + int(time.time()))
    held_out = validation_set(library, config, options.validate, options.out)
    ring.wait(FIRST_DRAWINGS)
    train(ring, config, held_out, options.out, 60 * options.minutes, options.init)
    ring.process.terminate()


def train(
    ring: Ring,
    config: ImageConfig,
    held_out: dict[str, np.ndarray],
    out: Path,
    seconds: float,
    init: Path | None,
) -> None:
    """Train until ``seconds`` of processor time are over, counted over all sessions of the run."""
    heads = Heads(
        config.dim, config.channels[-1], ring.bits[:FIRST_DRAWINGS], ring.counts[:FIRST_DRAWINGS]
    )
    encoder = PictureEncoder(config.dim, config.channels, config.middle, config.blocks)
    model = torch.nn.ModuleDict({"encoder": encoder, "heads": heads})
    if init is not None:
        print(f"{start_from(init, model)} tensors from {init}", file=sys.stderr)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0}]
    )
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA), use_buffers=True)
    step, before = load(out, model, mean, optimiser)
    first = step
    rng = np.random.default_rng(SEED + step)
    started = saved = validated = said = time.process_time()
    sums: dict[str, float] = {}
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    while not ended:
        now = time.process_time()
        share = (before + now - started) / seconds
        if share >= 1:
            break
        rate = learning_rate(share)
        for group in optimiser.param_groups:
            group["lr"] = rate
        size = next(size for until, size in SIZES if share < until)
        ring.wait(int((step - first) * BATCH / MOST_VIEWS))
        places = ring.pick(BATCH + NEGATIVES, rng)
        image = torch.from_numpy(ring.image[places[:BATCH]]).float()
        if size < config.size:
            image = functional.interpolate(image[:, None], size=(size, size), mode="area")[:, 0]
        model.train()
        motion = motions(BATCH, config)
        maps = encoder.look(augment(image, config, motion))
        terms = losses(
            heads,
            encoder.pool(maps),
            torch.from_numpy(ring.bits[places]).float(),
            torch.from_numpy(ring.environments[places]).float(),
            torch.from_numpy(ring.counts[places[:BATCH]]),
        )
        terms["local"] = local(
            heads,
            maps,
            torch.from_numpy(ring.places[places[:BATCH]]),
            torch.from_numpy(ring.by_atom[places[:BATCH]]).long(),
            motion,
        )
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        decay = min(EMA, (1 + step) / (EMA_START + step))
        mean.multi_avg_fn = get_ema_multi_avg_fn(decay)
        mean.update_parameters(model)
        step += 1
        for name, term in terms.items():
            sums[name] = sums.get(name, 0.0) + float(term.detach())
        if step % SAY_STEPS == 0:
            rate_now = SAY_STEPS * BATCH / (now - said)
            said = now
            report = {name: round(value / SAY_STEPS, 4) for name, value in sums.items()}
            sums = {}
            line = {"step": step, "share": round(share, 4), "size": size, "lr": round(rate, 6)}
            line |= {"images_per_s": round(rate_now), "drawn": int(ring.drawn[0]), **report}
            print(json.dumps(line), flush=True)
        if now - saved > SAVE_SECONDS:
            save(out, model, mean, optimiser, step, before + now - started)
            saved = now
        if now - validated > VALIDATE_SECONDS:
            found = score(mean.module, held_out, VALIDATE_FIRST, size)
            print(json.dumps({"step": step, "size": size, **found}), flush=True)
            validated = now
    save(out, model, mean, optimiser, step, before + time.process_time() - started)
    metrics: dict[str, float] = {"step": step, "images": step * BATCH}
    metrics |= score(mean.module, held_out, len(held_out["image"]), config.size)
    write_tower(out, mean.module["encoder"], config, metrics)
    print(json.dumps(metrics), flush=True)


def learning_rate(share: float) -> float:
    """Linear rise, then half a cosine to ``FINAL_SHARE`` of the highest rate."""
    if share < WARMUP:
        return LEARNING_RATE * (share + 1e-3) / WARMUP
    cosine = 0.5 * (1 + math.cos(math.pi * (share - WARMUP) / (1 - WARMUP)))
    return LEARNING_RATE * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    main()
