"""Pretrain the bundled SMILES tower: masked tokens, and the fingerprint of the whole molecule.

    export ACML_DATA=...
    python scripts/pretrain.py --minutes 40 --work CHECKPOINTS
    python scripts/pretrain.py --minutes 40 --work CHECKPOINTS      # goes on where it was stopped

The time is processor time of the training process, so that a busy machine gives as good weights as an
idle one, later. Random SMILES of ZINC, MOSES and real molecules, training side of the split only. One
string in four has 15 % of its tokens hidden; the others predict, from the pooled vector, a Morgan
fingerprint and counts of atoms and rings, and find their fingerprint among those of the batch (InfoNCE:
A. van den Oord et al., arXiv:1807.03748). The average of the weights over the last steps is kept as
float16.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from acml_plugin_smiles import weights
from acml_plugin_smiles.encoder import SmilesEncoder
from acml_plugin_smiles.layout import lay_out
from acml_plugin_smiles.modality import Smiles, SmilesConfig
from acml_plugin_smiles.vocabulary import TOKENS
from pretrain_data import BITS, COUNTS, IGNORE, MASKED_ROWS, SOURCES, Batches, Molecules
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from acml_core import bundled
from acml_core.errors import ArtefactError
from acml_core.memory import give_back_free_memory
from acml_core.training import checkpoint
from acml_core.training.schedule import factor

SEED, VALIDATION_SEED = 20261122, 1
BATCH = 256
MOST_TOKENS = 160
"""Longer strings are cut: they cost much, and teach little more."""

LR, WEIGHT_DECAY, WARMUP, CLIP = 1.5e-3, 0.02, 0.03, 1.0
FINGERPRINT_WEIGHT = 40.0
"""Some 1 bit in 40 is set: this makes the loss one of each set bit, of the size of the others'."""

COUNT_WEIGHT = 1.0
MATCH_WIDTH, TEMPERATURE = 256, 0.05
"""Of the space in which a string finds its fingerprint."""

EMA_DECAY = 0.998
CHECKPOINT_S = 120.0
VALIDATE_S = 600.0
VALIDATION_MOLECULES = 3000


class Heads(nn.Module):
    """What is predicted from tokens and from the pooled vector; not kept."""

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.token = nn.Linear(width, len(TOKENS))
        self.bits = nn.Linear(dim, BITS)
        self.counts = nn.Linear(dim, COUNTS)
        self.match_string = nn.Linear(dim, MATCH_WIDTH)
        self.match_bits = nn.Sequential(
            nn.Linear(BITS, dim), nn.GELU(), nn.Linear(dim, MATCH_WIDTH)
        )
        nn.init.constant_(self.bits.bias, -math.log(FINGERPRINT_WEIGHT))

    def similarity(self, pooled: Tensor, bits: Tensor) -> Tensor:
        """Cosine of each string (B, dim) with each fingerprint (N, BITS): (B, N)."""
        strings = functional.normalize(self.match_string(pooled), dim=-1)
        return strings @ functional.normalize(self.match_bits(bits), dim=-1).T


def losses(encoder: SmilesEncoder, heads: Heads, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The four terms of a batch."""
    layout = lay_out(batch["tokens"], batch["syntax"])
    states = encoder.states(layout)
    wanted = batch["wanted"][layout.order][layout.row, layout.position]
    hidden = wanted != IGNORE
    whole = batch["whole"]
    pooled = encoder.pool(states, layout)[whole]
    bits = unpack(batch["bits"][whole])
    logits = heads.similarity(pooled, bits) / TEMPERATURE
    own = torch.arange(len(bits))
    return {
        "token": functional.cross_entropy(heads.token(states[hidden]), wanted[hidden]),
        "bits": functional.binary_cross_entropy_with_logits(heads.bits(pooled), bits),
        "match": (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own))
        / 2,
        "counts": functional.smooth_l1_loss(heads.counts(pooled), batch["counts"][whole]),
    }


def unpack(bits: Tensor) -> Tensor:
    """(B, BITS / 8) uint8 to (B, BITS) float32."""
    return torch.from_numpy(np.unpackbits(bits.numpy(), axis=1)).float()


@torch.inference_mode()
def validate(encoder: SmilesEncoder, heads: Heads, batches: list[dict[str, Tensor]]) -> str:
    """Accuracy at hidden tokens; recall@1 of whole strings among their fingerprints, in two ways.

    By the likelihood of each fingerprint under the predicted bits, and in the space of matches.
    """
    right = total = 0
    predicted, true, pooled = [], [], []
    for batch in batches:
        layout = lay_out(batch["tokens"], batch["syntax"])
        states = encoder.states(layout)
        wanted = batch["wanted"][layout.order][layout.row, layout.position]
        hidden = wanted != IGNORE
        right += int((heads.token(states[hidden]).argmax(-1) == wanted[hidden]).sum())
        total += int(hidden.sum())
        whole = batch["whole"]
        pooled.append(encoder.pool(states, layout)[whole])
        predicted.append(heads.bits(pooled[-1]))
        true.append(unpack(batch["bits"][whole]))
    logits, bits = torch.cat(predicted), torch.cat(true)
    # One of two molecules with the same fingerprint is as good as the other.
    recall = [
        float((bits[score.argmax(1)] == bits).all(1).float().mean())
        for score in (logits @ bits.T, heads.similarity(torch.cat(pooled), bits))
    ]
    return (
        f"masked tokens {right / total:.4f}; recall@1 of {len(bits)}:"
        f" by predicted bits {recall[0]:.4f}, by matching {recall[1]:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=40.0, help="processor time of training [min]"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--out", type=Path, default=weights.TOWER.path, help="the float16 weights")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    give_back_free_memory()

    torch.manual_seed(SEED)
    config = SmilesConfig(weights="none")
    encoder = Smiles(config).encoder()
    heads = Heads(config.width, config.dim)
    model = nn.ModuleDict({"encoder": encoder, "heads": heads})
    optimiser = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=WEIGHT_DECAY, fused=True)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    step, elapsed = 0, 0.0
    try:
        state, tensors = checkpoint.load(options.work, {"model": model}, optimiser)
        step, elapsed, average = state["step"], state["elapsed"], tensors["average"]
    except ArtefactError as error:
        if (options.work / checkpoint.FILE).exists():
            raise SystemExit(str(error)) from None

    held_out = Batches(
        Molecules("validation", {"real_molecules": 1.0}),
        config,
        BATCH,
        MOST_TOKENS,
        VALIDATION_SEED,
    )
    # Only whole strings take part in the retrieval.
    whole = round(BATCH * (1 - MASKED_ROWS))
    validation = [held_out[i] for i in range(-(-VALIDATION_MOLECULES // whole))]
    train = Batches(Molecules("train", SOURCES), config, BATCH, MOST_TOKENS, SEED)
    loader = DataLoader(train, batch_size=None, sampler=range(step, 10**9), num_workers=1)
    before = elapsed - time.process_time()
    saved = validated = time.monotonic()
    begun = step
    for batch in loader:
        elapsed = before + time.process_time()
        progress = elapsed / (options.minutes * 60)
        if progress >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = LR * factor(progress, WARMUP)
        terms = losses(encoder, heads, batch)
        loss = (
            terms["token"]
            + terms["match"]
            + FINGERPRINT_WEIGHT * terms["bits"]
            + COUNT_WEIGHT * terms["counts"]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        step += 1
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - decay)
        now = time.monotonic()
        if step % 20 == 0 or step == begun + 1:
            said = ", ".join(f"{name} {float(value.detach()):.4f}" for name, value in terms.items())
            print(f"step {step}, {elapsed / 60:.1f} min: {said}", flush=True)
        if now - saved > CHECKPOINT_S:
            state = {"step": step, "elapsed": elapsed}
            checkpoint.save(options.work, {"model": model}, {"average": average}, optimiser, state)
            saved = now
        if now - validated > VALIDATE_S:
            print(f"step {step}: {validate(encoder, heads, validation)}", flush=True)
            validated = time.monotonic()

    state = {"step": step, "elapsed": elapsed}
    checkpoint.save(options.work, {"model": model}, {"average": average}, optimiser, state)
    model.load_state_dict(average)
    model.eval()
    result = validate(encoder, heads, validation)
    print(f"step {step}, {elapsed / 60:.1f} min, averaged weights: {result}", flush=True)
    bundled.write(options.out, encoder, weights.shape(config), validation=result, steps=str(step))
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
