"""Names and limits of the files of a trained model. Imports nothing, so that listing models is fast."""

from __future__ import annotations

SCHEMA = 1
"""Of acml.json: what this version writes, and the highest that it reads."""

WEIGHTS, INFO, SEEN = "model.safetensors", "acml.json", "seen.safetensors"
GOLDEN, METRICS, CARD = "golden.safetensors", "metrics.json", "README.md"

FILES = (WEIGHTS, SEEN, GOLDEN, METRICS, CARD, INFO)
"""Every file of a trained model; nothing else in a repository is ever downloaded."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib")
"""Suffixes of files that are, or may be, pickles: opening one can run any program in it."""

MAX_TENSORS_BYTES = 8 << 30
"""Largest safetensors file that is downloaded or opened [bytes]."""

MAX_TEXT_BYTES = 64 << 20
"""Largest JSON, TOML or Markdown file that is downloaded or opened [bytes]."""


def max_bytes(name: str) -> int:
    """Largest size that a file of that name may have [bytes]."""
    tensors = name.endswith(".safetensors") or is_pickle(name)
    return MAX_TENSORS_BYTES if tensors else MAX_TEXT_BYTES


def is_pickle(name: str) -> bool:
    """Whether a file of that name may run a program when it is opened."""
    return name.lower().endswith(PICKLES)


def escapes(name: str) -> bool:
    r"""Whether a file's name leads out of the folder it is joined to: "..", "/x", "C:\x", "a//b"."""
    parts = name.replace("\\", "/").split("/")
    drive = len(parts[0]) > 1 and parts[0][1] == ":"
    return drive or "\0" in name or any(part in ("", ".", "..") for part in parts)
