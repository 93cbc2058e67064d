"""From scores to probabilities: one scale, fitted on validation molecules.

``p = softmax(scale * score)`` over the candidates; the scale is the one under which the validation
queries' true molecules are likeliest among all molecules of the data set. Guo et al.,
arXiv 1706.04599, call this temperature scaling.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from acml_core.evaluation.ranking import Side
from acml_core.library.score import scores

SCALE_RANGE = (1e-3, 1e4)
MAX_QUERIES = 3000
"""More than this many queries change the scale by nothing that shows."""


def fit_scale(queries: Side, gallery: Side, seed: int = 0) -> float:
    """The scale that makes the true molecules likeliest.

    Args:
        queries: validation measurements.
        gallery: candidate molecules, each once, every query's own among them.
    """
    rng = np.random.default_rng(seed)
    if len(queries) > MAX_QUERIES:
        queries = queries.take(np.sort(rng.permutation(len(queries))[:MAX_QUERIES]))
    column = {int(molecule): i for i, molecule in enumerate(gallery.molecule)}
    true = torch.tensor([column[int(molecule)] for molecule in queries.molecule])
    blocks = [(block, true[rows]) for rows, block in scores(queries.vectors, gallery.vectors)]

    def loss(log_scale: float) -> float:
        scale = float(np.exp(log_scale))
        total = 0.0
        for block, answer in blocks:
            total += float(
                torch.nn.functional.cross_entropy(block * scale, answer, reduction="sum")
            )
        return total / len(queries)

    low, high = np.log(SCALE_RANGE)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 0.02})
    return float(np.exp(found.x))
