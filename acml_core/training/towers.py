"""The measurement's side of a training run: prepared signals, and outputs of a locked tower.

A tower that is locked and sees no augmentation gives the same output every epoch, so it runs once and
its outputs are kept on disk under a hash of everything that they depend on.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

import acml_core
from acml_core import plugins
from acml_core.cache import cache_dir
from acml_core.data.dataset import Measured
from acml_core.encoder import Encoder, to_device
from acml_core.errors import AcmlError
from acml_core.files import write_tensors
from acml_core.modality import Modality
from acml_core.model import INFERENCE_BATCH
from acml_core.training.config import Unlock


def set_lock(encoder: Encoder, unlock: Unlock) -> list[nn.Parameter]:
    """Let ``none``, the ``last`` layers or ``all`` of a tower learn. Returns what learns."""
    for parameter in encoder.parameters():
        parameter.requires_grad_(unlock == "all")
    if unlock == "last":
        for module in encoder.last_layers():
            for parameter in module.parameters():
                parameter.requires_grad_(True)
    return [p for p in encoder.parameters() if p.requires_grad]


class Tower:
    """One modality's encoder in training, fed by signal numbers.

    Args:
        encoder: shared with the model; its lock is set here.
        augment: whether training batches are augmented.
    """

    def __init__(
        self,
        modality: Modality,
        measured: Measured,
        encoder: Encoder,
        unlock: Unlock,
        augment: bool,
        device: torch.device,
    ) -> None:
        self.modality = modality
        self.encoder = encoder
        self.augment = augment
        self.device = device
        self.items = [modality.prepare(signal) for signal in measured.signals]
        self.learning = set_lock(encoder, unlock)
        self.locked = not self.learning
        self._cached: Tensor | None = None

    def train(self) -> None:
        """Train mode for what learns. A locked tower, or its locked layers, stay in eval mode."""
        self.encoder.eval()
        for module in self.encoder.modules():
            own = list(module.parameters())
            if own and all(p.requires_grad for p in own):
                module.train()

    def features(self, signals: np.ndarray) -> Tensor:
        """Tower outputs of a training batch: ``(B, dim)``, with gradient where it learns."""
        if self.locked and not self.augment:
            if self._cached is None:
                self._cached = self._load_or_compute().to(self.device)
            return self._cached[torch.from_numpy(signals).to(self.device)]
        items = [self.items[i] for i in signals]
        batch = to_device(self.modality.collate(items, train=self.augment), self.device)
        if self.locked:
            with torch.no_grad():
                return self.encoder(batch)
        return self.encoder(batch)

    def _load_or_compute(self) -> Tensor:
        path = cache_dir() / "features" / f"{self._fingerprint()}.safetensors"
        try:
            return load_file(path)["features"]
        except (OSError, SafetensorError, KeyError):
            pass  # not there, or damaged
        features = self._compute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(path, {"features": features})
        except (OSError, AcmlError) as error:  # the run needs the features, not the file
            print(f"The tower's outputs could not be cached ({error}).", file=sys.stderr)
        return features

    @torch.inference_mode()
    def _compute(self) -> Tensor:
        self.encoder.eval()
        out = []
        for start in range(0, len(self.items), INFERENCE_BATCH):
            items = self.items[start : start + INFERENCE_BATCH]
            batch = to_device(self.modality.collate(items, train=False), self.device)
            out.append(self.encoder(batch).float().cpu())
        return torch.cat(out)

    def _fingerprint(self) -> str:
        """Hash of prepared signals, plugin settings and versions, and the tower's weights."""
        name = self.modality.name
        about = {
            "core": acml_core.__version__,
            "plugins": [(i.distribution, i.version) for i in plugins.installed() if i.name == name],
            "modality": [name, type(self.modality).__qualname__],
            "config": self.modality.config.model_dump(mode="json"),
        }
        digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
        for item in self.items:
            for key in sorted(item):
                # shape and type first: 2 + 1 peaks must not read the same as 1 + 2
                digest.update(f"{key} {item[key].dtype.str} {item[key].shape}\n".encode())
                digest.update(item[key].tobytes())
        digest.update(hash_weights([self.encoder]).encode())
        return digest.hexdigest()[:32]


def hash_weights(modules: Sequence[nn.Module]) -> str:
    """sha256 of names and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for module in modules:
        for name, value in sorted(module.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
