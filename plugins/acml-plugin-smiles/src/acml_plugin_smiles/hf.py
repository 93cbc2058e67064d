"""Any SMILES model of the transformers library as the tower: its tokenizer and its encoder.

Nothing is downloaded, no pickle opened and no remote code run unless the setting that allows it, and
is named after it, is on. Needs the extra ``[hf]``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from acml_core.encoder import Encoder
from acml_core.errors import BadInput, Unsupported
from acml_plugin_smiles import randomise

Pooling = Literal["mean", "cls", "pooler"]
SETTING = "--set modality.smiles"
NO_LIMIT = 10**6
"""Tokenizers without a stated longest input give a number far above this."""


def tokenizer(config: Any) -> Any:
    """The model's tokenizer, kept once a process.

    Raises:
        Unsupported: the extra is not installed.
        BadInput: not there, or it needs something that no setting allows.
    """
    return _tokenizer(
        config.hf_repo, config.hf_revision, config.hf_trust_remote_code, config.hf_download
    )


@lru_cache(maxsize=8)
def _tokenizer(repo: str, revision: str, trust: bool, download: bool) -> Any:
    transformers = library()
    with _clear(repo, revision):
        return transformers.AutoTokenizer.from_pretrained(
            repo, **_where(repo, revision, trust, download)
        )


def model(config: Any) -> nn.Module:
    """A new instance of the model, without the head that it was pretrained with.

    Raises:
        Unsupported: the extra is not installed.
        BadInput: not there, weights only as pickle, or remote code, where no setting allows it.
    """
    transformers = library()
    # transformers would otherwise ask a service to convert a repository that has no safetensors.
    os.environ.setdefault("DISABLE_SAFETENSORS_CONVERSION", "1")
    where = _where(
        config.hf_repo, config.hf_revision, config.hf_trust_remote_code, config.hf_download
    )
    if not config.hf_allow_pickle:
        where["use_safetensors"] = True
    with _clear(config.hf_repo, config.hf_revision):
        return transformers.AutoModel.from_pretrained(config.hf_repo, dtype=torch.float32, **where)


def prepare(text: str, config: Any) -> dict[str, np.ndarray]:
    """``tokens`` (T,) int32, the tokenizer's numbers; ``text`` (L,) uint8, the string in UTF-8."""
    return {
        "tokens": np.array(_numbers([text], config)[0], dtype=np.int32),
        "text": np.frombuffer(text.encode(), dtype=np.uint8),
    }


def collate(
    items: Sequence[dict[str, np.ndarray]], config: Any, *, train: bool
) -> dict[str, Tensor]:
    """``tokens`` (B, T) int64 and ``filled`` (B, T) int64, 1 where there is a token."""
    if train:
        drawn = randomise.draw_numbers(len(items))
        texts = [item["text"].tobytes().decode() for item in items]
        rewritten = [randomise.rewrite(one, config, n) for one, n in zip(texts, drawn, strict=True)]
        rows: Sequence[Any] = _numbers(rewritten, config)
    else:
        rows = [item["tokens"] for item in items]
    width = max(len(row) for row in rows)
    tokens = np.full((len(rows), width), tokenizer(config).pad_token_id or 0, dtype=np.int64)
    filled = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
        filled[i, : len(row)] = 1
    return {"tokens": torch.from_numpy(tokens), "filled": torch.from_numpy(filled)}


class HfEncoder(Encoder):
    """``{"tokens": (B, T), "filled": (B, T)}`` to (B, dim) float32; ``dim`` is the model's width.

    Pooling: ``mean`` over the filled tokens, ``cls`` the first token, ``pooler`` the model's own.
    """

    def __init__(self, inner: Any, pooling: Pooling) -> None:
        super().__init__()
        self.inner = inner
        self.pooling = pooling
        self.dim = int(inner.config.hidden_size)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        filled = batch["filled"]
        out = self.inner(input_ids=batch["tokens"], attention_mask=filled)
        if self.pooling == "pooler":
            pooled = getattr(out, "pooler_output", None)
            if pooled is None:
                raise BadInput(
                    "the model has no pooler",
                    source=str(self.inner.config.name_or_path),
                    remedy=f"Give {SETTING}.hf_pooling=mean or cls.",
                )
            return pooled.float()
        states = out.last_hidden_state.float()
        if self.pooling == "cls":
            return states[:, 0]
        weight = filled[..., None].to(states.dtype)
        return (states * weight).sum(1) / weight.sum(1).clamp(min=1)

    def last_layers(self) -> list[nn.Module]:
        """The last of the model's layers: of its longest list of modules."""
        lists = [m for m in self.inner.modules() if isinstance(m, nn.ModuleList) and len(m)]
        return [max(lists, key=len)[-1]] if lists else super().last_layers()


def library() -> Any:
    """The transformers library.

    Raises:
        Unsupported: it is not installed.
    """
    try:
        import transformers
    except ImportError:
        raise Unsupported(
            "a model of the transformers library needs the extra [hf]",
            remedy="Run: pip install 'acml-plugin-smiles[hf]'",
        ) from None
    return transformers


def _numbers(texts: list[str], config: Any) -> list[list[int]]:
    made = tokenizer(config)
    limit = made.model_max_length if made.model_max_length < NO_LIMIT else config.max_tokens
    return made(texts, truncation=True, max_length=min(limit, config.max_tokens))["input_ids"]


def _where(repo: str, revision: str, trust: bool, download: bool) -> dict[str, Any]:
    return {
        "revision": revision or None,
        "trust_remote_code": trust,
        "local_files_only": not download or Path(repo).is_dir(),
    }


class _clear:
    """Turns what transformers raises into one line that names the setting to change."""

    def __init__(self, repo: str, revision: str) -> None:
        self.source = f"{repo}@{revision}" if revision else repo

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, OSError | ValueError | ImportError | RuntimeError):
            return
        said = " ".join(str(error).split())
        if "trust_remote_code" in said:
            what = "the model is made of Python code that its repository holds"
            remedy = (
                "Read that code; to run it on this machine all the same, give"
                f" {SETTING}.hf_trust_remote_code=true."
            )
        elif "safetensors" in said:
            what = "the model has no weights as safetensors at this revision"
            remedy = (
                "Name a revision that has them (hf_revision), or, where you trust the file, give"
                f" {SETTING}.hf_allow_pickle=true: opening a pickle can run any program."
            )
        elif isinstance(error, OSError):
            what = f"the model is not on this machine, or not whole ({said[:160]})"
            remedy = f"Let it be fetched with {SETTING}.hf_download=true."
        else:
            what = f"the model cannot be loaded ({said[:200]})"
            remedy = "Check hf_repo and hf_revision."
        raise BadInput(what, source=self.source, remedy=remedy) from None
