"""Train the shift network on measured 13C and 1H lists.

    ACML_DATA=... OMP_NUM_THREADS=1 python scripts/train_shifts.py --out runs/shifts --minutes 20

Molecules of the training split only (by InChIKey-14, as everywhere). The assigned subset names its
atoms; every other list is paired with the predicted shifts in order, anew at each step. Until
``WARM_SHARE`` of the time the assigned molecules alone teach, so that the order is right when it
counts. ``--minutes`` is processor time. It ends with ``shifts.safetensors`` (half precision) and
``metrics.json`` (errors on validation and test molecules) in ``--out``; copy the first to
``src/acml_plugin_nmr/data/``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from acml_plugin_nmr.shifts.network import GRAPH, ShiftNetwork
from safetensors.torch import load_file, save_file
from shift_data import NUCLEI, Rows, batches, in_order, load, targets
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from acml_core.data.split import SPLITS
from acml_core.files import whole, write_text

SEED = 7
BATCH = 64
LEARNING_RATE, WEIGHT_DECAY, CLIP = 2e-3, 1e-4, 1.0
WARMUP = 0.03
WARM_SHARE = 0.12
"""Share of the time in which only molecules with named atoms teach."""

DROPOUT = 0.1
WEIGHT = {"13c": 1.0, "1h": 0.5}
EMA = 0.999
SAVE_SECONDS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=20.0, help="processor time")
    options = parser.parse_args()
    data = os.environ.get("ACML_DATA")
    if not data:
        sys.exit("set ACML_DATA to the folder of the data")
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    rows = load(Path(data) / "nmr")
    for name, number in zip(SPLITS, np.bincount(rows.split, minlength=3), strict=True):
        print(f"{name}: {number} lists", file=sys.stderr)
    model = train(rows, 60 * options.minutes, options.out)
    metrics = {
        split: {
            kind: errors(model, rows, rows.split == SPLITS.index(split), exact)
            for kind, exact in (("assigned", True), ("in order", False))
        }
        for split in ("validation", "test")
    }
    write_text(options.out / "metrics.json", json.dumps(metrics, indent=1))
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    with whole(options.out / "shifts.safetensors") as part:
        save_file(state, part, metadata={"settings": json.dumps({"graph": GRAPH.model_dump()})})
    print(json.dumps(metrics, indent=1))


def train(rows: Rows, seconds: float, out: Path) -> ShiftNetwork:
    """Train until ``seconds`` of processor time are over; gives the averaged weights."""
    model = ShiftNetwork(dropout=DROPOUT)
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(EMA), use_buffers=True)
    optimiser = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    before = _resume(out, model, mean, optimiser)
    teaching = rows.split == SPLITS.index("train")
    named = np.flatnonzero(teaching & rows.exact)
    everything = np.flatnonzero(teaching)
    rng = np.random.default_rng([SEED, int(before)])
    started = saved = time.process_time()
    share = before / seconds
    epoch = 0
    while share < 1:
        total = dict.fromkeys(NUCLEI, 0.0)
        count = 0
        for index in batches(named if share < WARM_SHARE else everything, BATCH, rng):
            share = (before + time.process_time() - started) / seconds
            if share >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = rate(share)
            model.train()
            centre, scale = model(rows.graphs.batch(index))
            loss = torch.zeros(())
            for column, nucleus in enumerate(NUCLEI):
                found = targets(rows, nucleus, index)
                if found is None:
                    continue
                one = nll(centre[:, column], scale[:, column], found)
                total[nucleus] += float(one.detach())
                loss = loss + WEIGHT[nucleus] * one
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimiser.step()
            mean.update_parameters(model)
            count += 1
        epoch += 1
        ended = before + time.process_time() - started
        if time.process_time() - saved > SAVE_SECONDS:
            _save(out, model, mean, optimiser, ended)
            saved = time.process_time()
        look = errors(mean.module, rows, rows.split == SPLITS.index("validation"), True)
        line = {"epoch": epoch, "share": round(share, 3), "validation": look}
        line |= {f"loss_{n}": round(total[n] / max(count, 1), 3) for n in NUCLEI}
        print(json.dumps(line), flush=True)
    return mean.module.eval()


def nll(centre: torch.Tensor, scale: torch.Tensor, found) -> torch.Tensor:
    """Mean Laplace negative log likelihood, sites and shifts of each group in order."""
    site = found.atom[in_order(centre[found.atom], found.atom_group)]
    shift = found.shift[in_order(found.shift, found.shift_group)]
    width = scale[site]
    return ((centre[site] - shift).abs() / width + width.log()).mean()


@torch.inference_mode()
def errors(model: ShiftNetwork, rows: Rows, mask: np.ndarray, exact: bool) -> dict[str, float]:
    """Mean and median absolute error [ppm] by nucleus, and how many atoms."""
    model.eval()
    index = np.flatnonzero(mask & (rows.exact == exact))
    gaps: dict[str, list[torch.Tensor]] = {n: [] for n in NUCLEI}
    for start in range(0, len(index), 256):
        part = index[start : start + 256]
        centre, _ = model(rows.graphs.batch(part))
        for column, nucleus in enumerate(NUCLEI):
            found = targets(rows, nucleus, part)
            if found is not None:
                value = centre[:, column]
                site = found.atom[in_order(value[found.atom], found.atom_group)]
                shift = found.shift[in_order(found.shift, found.shift_group)]
                gaps[nucleus].append((value[site] - shift).abs())
    result = {}
    for nucleus, parts in gaps.items():
        if parts:
            gap = torch.cat(parts)
            result[f"mae_{nucleus}_ppm"] = round(float(gap.mean()), 3)
            result[f"median_{nucleus}_ppm"] = round(float(gap.median()), 3)
            result[f"atoms_{nucleus}"] = len(gap)
    return result


def rate(share: float) -> float:
    """Learning rate: a short rise, then a cosine to a hundredth."""
    if share < WARMUP:
        return LEARNING_RATE * share / WARMUP
    return LEARNING_RATE * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def _save(out: Path, model, mean, optimiser, seconds: float) -> None:
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in mean.state_dict().items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{k}": v for k, v in state.items()}
    with whole(out / "checkpoint.safetensors") as part:
        save_file(
            {k: v.contiguous().clone() for k, v in tensors.items()},
            part,
            metadata={"seconds": str(seconds)},
        )


def _resume(out: Path, model, mean, optimiser) -> float:
    path = out / "checkpoint.safetensors"
    if not path.exists():
        return 0.0
    from safetensors import safe_open

    tensors = load_file(path)
    for prefix, module in (("model.", model), ("mean.", mean)):
        module.load_state_dict(
            {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        )
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, number, name = key.split(".", 2)
            state.setdefault(int(number), {})[name] = value
    plain = optimiser.state_dict()
    optimiser.load_state_dict({**plain, "state": state})
    with safe_open(path, framework="pt") as file:
        return float(file.metadata()["seconds"])


if __name__ == "__main__":
    main()
