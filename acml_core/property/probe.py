"""The mode ``probe``: a linear model a target on a frozen encoder's readouts."""

from __future__ import annotations

import numpy as np
import torch

from acml_core.property.network import Head, Standardise
from acml_core.property.table import Task
from acml_core.semantics.probes import balanced, fit


def probe(
    task: Task, x: np.ndarray, y: np.ndarray, x_validation: np.ndarray, y_validation: np.ndarray
) -> Head:
    """Logistic or ridge regression, its penalty chosen on validation molecules.

    Classes are balanced while it is fitted; afterwards the bias is set back, so that probabilities
    are those of the training molecules.

    Args:
        x, x_validation: (n, d) readouts.
        y, y_validation: (n, T) scaled targets; nan is not measured.
    """
    classes = task == "classification"
    scale, (weight, bias) = fit(
        "presence" if classes else "value", x, y, x_validation, y_validation
    )
    if classes:
        ones, zeros = balanced(y)
        bias = bias - np.log(ones / zeros)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        head = Head("linear", x.shape[1], y.shape[1])
        assert isinstance(head.first, Standardise)
        for place, array in (
            (head.last.weight, weight.T),
            (head.last.bias, bias),
            (head.first.centre, scale.centre),
            (head.first.spread, scale.spread),
        ):
            place.copy_(torch.from_numpy(array))
    return head.eval()
