"""A vision model of transformers as the encoder (extra ``[hf]``), such as ConvNeXt V2.

S. Woo et al., arXiv:2301.00808. Safetensors only, unless the user allows pickles by name; code of a
repository never runs; nothing is fetched unless the user asks for it by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from acml_core.encoder import Encoder
from acml_core.errors import ArtefactError, Unsupported

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue, 0 to 1; used where the repository states no others."""

PREPROCESSOR = "preprocessor_config.json"


class VisionEncoder(Encoder):
    """``{"image": (B, S, S)}`` to (B, dim): the model's pooled output.

    The ink map is shown as black ink on white paper in three equal channels, normalised as the
    repository's preprocessor says.

    Args:
        repo: repository on the Hub, or a local folder.
        revision: branch, tag or commit.
        download: fetch what is not in the local cache.
        allow_pickle: take a repository without safetensors.

    Raises:
        Unsupported: transformers is not installed.
        ArtefactError: the model is not there, or not in a form that is loaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, repo: str, revision: str, download: bool, allow_pickle: bool) -> None:
        super().__init__()
        try:
            from transformers import AutoModel
        except ImportError:
            raise Unsupported(
                "a transformers model as encoder needs transformers",
                remedy="pip install 'acml-plugin-image[hf]'",
            ) from None
        common: dict[str, Any] = {"revision": revision, "local_files_only": not download}
        try:
            self.model = AutoModel.from_pretrained(
                repo,
                use_safetensors=None if allow_pickle else True,
                trust_remote_code=False,
                **common,
            )
            mean, std = _normalisation(repo, common)
        except (OSError, ValueError, KeyError) as error:
            raise ArtefactError(
                f"the model cannot be loaded ({str(error).splitlines()[0]})",
                source=f"{repo}@{revision}",
                remedy="Check hf_repo and hf_revision. hf_download = true fetches what is not in"
                " the local cache; allow_pickle = true takes a repository without safetensors.",
            ) from None
        sizes = getattr(self.model.config, "hidden_sizes", None)
        self.dim = int(sizes[-1] if sizes else self.model.config.hidden_size)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """``(B, dim)`` float32."""
        paper = 1 - batch["image"].unsqueeze(1).float() / 255
        found = self.model(pixel_values=(paper - self.mean) / self.std)
        pooled = getattr(found, "pooler_output", None)
        if pooled is None:  # tokens (B, T, dim), or a map (B, dim, H, W)
            last = found.last_hidden_state
            pooled = last.mean(dim=1) if last.ndim == 3 else last.mean(dim=(2, 3))
        return pooled.float()

    def last_layers(self) -> list[nn.Module]:
        """What ``unlock = "last"`` trains: the last stage and the norm after it."""
        norm = getattr(self.model, "layernorm", None)
        encoder = getattr(self.model, "encoder", None)
        stages = getattr(encoder, "stages", None) or getattr(encoder, "layer", None)
        if stages is None:
            return [self.model]
        return [stages[-1], *([norm] if norm is not None else [])]


def _normalisation(
    repo: str, common: dict[str, Any]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the channels that the model was trained with."""
    from transformers.utils import cached_file

    path = cached_file(repo, PREPROCESSOR, _raise_exceptions_for_missing_entries=False, **common)
    if path is None:
        return IMAGENET_MEAN, IMAGENET_STD
    stated = json.loads(Path(path).read_text(encoding="utf-8"))
    mean = tuple(float(x) for x in stated.get("image_mean") or IMAGENET_MEAN)
    std = tuple(float(x) for x in stated.get("image_std") or IMAGENET_STD)
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise ValueError(f"{PREPROCESSOR} states no mean and std of three channels")
    return mean, std
