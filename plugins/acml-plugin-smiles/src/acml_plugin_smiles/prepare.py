"""SMILES to arrays, and arrays to batches. In training every string is written anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from acml_plugin_smiles import randomise
from acml_plugin_smiles.signal import SmilesSignal
from acml_plugin_smiles.tokenise import tokenise
from acml_plugin_smiles.vocabulary import MASK, PAD


def prepare(signal: SmilesSignal, config: Any) -> dict[str, np.ndarray]:
    """A string of ``T`` tokens, at most ``config.max_tokens``; what comes after is not seen.

    Returns:
        ``tokens`` (T,) int16, numbers of ``vocabulary.TOKENS``; ``syntax`` (2, T) int16, positions
        (see ``tokenise``); ``text`` (L,) uint8, the string in UTF-8, for ``collate(train=True)``.
    """
    tokens, syntax = shortened(signal.string, config.max_tokens)
    text = np.frombuffer(signal.string.encode(), dtype=np.uint8)
    return {"tokens": tokens, "syntax": syntax, "text": text}


def collate(
    items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool
) -> dict[str, Tensor]:
    """Pad to the longest string, ``T`` tokens.

    With ``train`` each string is first replaced by another one of the same molecule, and a share
    ``config.mask`` of its tokens is hidden.

    Returns:
        ``tokens`` (B, T) int64, 0 is padding; ``syntax`` (B, 2, T) int64, positions.
    """
    if train:
        numbers = randomise.draw_numbers(len(items))
        rows = []
        for item, drawn in zip(items, numbers, strict=True):
            text = randomise.rewrite(item["text"].tobytes().decode(), config, drawn)
            rows.append(shortened(text, config.max_tokens))
    else:
        rows = [(item["tokens"], item["syntax"]) for item in items]
    batch = pad(rows)
    if train and config.mask > 0:
        tokens = batch["tokens"]
        hidden = (torch.rand(tokens.shape) < config.mask) & (tokens != PAD)
        batch["tokens"] = tokens.masked_fill(hidden, MASK)
    return batch


def pad(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, Tensor]:
    """Tokens (T,) and syntax (2, T) of each row to ``tokens`` (B, T) and ``syntax`` (B, 2, T)."""
    width = max(len(tokens) for tokens, _ in rows)
    tokens = np.full((len(rows), width), PAD, dtype=np.int64)
    syntax = np.zeros((len(rows), 2, width), dtype=np.int64)
    for row, (numbers, positions) in enumerate(rows):
        tokens[row, : len(numbers)] = numbers
        syntax[row, :, : len(numbers)] = positions
    return {"tokens": torch.from_numpy(tokens), "syntax": torch.from_numpy(syntax)}


def shortened(text: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``most`` tokens; those that pointed beyond the cut point to themselves."""
    tokens, syntax = tokenise(text)
    if len(tokens) > most:
        tokens, syntax = tokens[:most], syntax[:, :most]
        syntax = np.where(syntax < most, syntax, np.arange(most, dtype=syntax.dtype))
    return tokens, syntax
