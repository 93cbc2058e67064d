"""How well validation molecules are found by their drawings, without any graph encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import targets
import torch
from acml_plugin_image.config import ImageConfig
from drawings import MAX_ATOMS, draw, real
from rdkit import Chem
from torch import Tensor, nn
from torch.nn import functional

SEED = 5
BATCH = 100


def validation_set(
    library: Path, config: ImageConfig, count: int, out: Path
) -> dict[str, np.ndarray]:
    """``count`` real molecules of the validation split, each drawn once in held-out styles."""
    cache = out / f"validation_{count}_{config.size}.npz"
    if cache.exists():
        with np.load(cache) as file:
            return dict(file)
    rng = np.random.default_rng(SEED)
    smiles = real(library, "validation")
    rows: dict[str, list[np.ndarray]] = {"image": [], "bits": [], "environments": []}
    for i in rng.permutation(len(smiles)):
        mol = Chem.MolFromSmiles(smiles[i])
        if mol is None or not 1 < mol.GetNumAtoms() <= MAX_ATOMS:
            continue
        rows["image"].append(draw(mol, "held_out", config, rng))
        rows["bits"].append(targets.bits(mol))
        rows["environments"].append(targets.environments(mol))
        if len(rows["image"]) == count:
            break
    result = {name: np.stack(values) for name, values in rows.items()}
    np.savez(cache, **result)
    return result


@torch.no_grad()
def score(
    model: nn.Module, held_out: dict[str, np.ndarray], count: int, size: int
) -> dict[str, float]:
    """Of the first ``count`` drawings, at ``size`` pixels, the share whose own molecule comes first.

    Molecules are ranked by the cosine of predicted and true fingerprints, and by that in the
    contrastive space. Ties count as failures.
    """
    model.eval()
    encoder, heads = model["encoder"], model["heads"]  # type: ignore[index]
    image = torch.from_numpy(held_out["image"][:count])
    if size < image.shape[-1]:
        image = functional.interpolate(image[:, None].float(), (size, size), mode="area")[:, 0]
    h = torch.cat([encoder({"image": part}) for part in image.split(BATCH)])
    bits = torch.from_numpy(held_out["bits"][:count]).float()
    found = torch.sigmoid(heads.bits(h))
    fingerprint = functional.normalize(found, dim=1) @ functional.normalize(bits, dim=1).T
    environments = torch.from_numpy(held_out["environments"][:count]).float()
    cosine = heads.pictures(h) @ heads.molecules(bits, environments).T
    return {
        "molecules": len(image),
        "recall@1_fingerprint": recall(fingerprint, 1),
        "recall@1_contrast": recall(cosine, 1),
        "recall@10_contrast": recall(cosine, 10),
    }


def recall(scores: Tensor, top: int) -> float:
    """Share of rows whose diagonal element is among the ``top`` largest of its row."""
    own = scores.diagonal()[:, None]
    return float(((scores >= own).sum(dim=1) <= top).float().mean())
