"""What the labels of layouts on the ink say for their molecules, read whole (``label_reader``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acml_plugin_image.overlay.align import Laid
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import NOTHING, agreement, label
from acml_plugin_image.overlay.looks import label_looks

UNREAD = -6.0
"""Log probability of one label, at least."""

CONFIDENT = -1.0
"""Mean log probability of labels below which letters may be turned by a quarter."""

TURNED = -3.0
"""Log probability that they are."""


def said(laid: Sequence[Laid], ground: Ground) -> list[float]:
    """Log probabilities of the labels, upright, or all turned by a quarter where they agree better."""
    found = _labels(laid, ground, 0)
    count = [max(int(one.layout.lettered.sum()), 1) for one in laid]
    doubtful = [i for i, value in enumerate(found) if value < CONFIDENT * count[i]]
    for quarter in (1, 2, 3):
        again = _labels([laid[i] for i in doubtful], ground, quarter)
        for i, value in zip(doubtful, again, strict=True):
            found[i] = max(found[i], value + TURNED)
    return found


def _labels(laid: Sequence[Laid], ground: Ground, quarter: int) -> list[float]:
    count = [int(one.layout.lettered.sum()) for one in laid]
    if not sum(count):
        return [0.0] * len(laid)
    at = np.concatenate([one.at[one.layout.lettered] for one in laid])
    said = np.concatenate([one.layout.label[one.layout.lettered] for one in laid])
    certain = np.concatenate([one.layout.labelled[one.layout.lettered] for one in laid])
    seen = label_looks(ground, at, np.repeat([one.unit for one in laid], count), quarter)
    spelt = agreement(seen, said)
    plain = seen[:, label(NOTHING).symbol]
    value = np.where(certain, spelt, np.logaddexp(spelt, plain))
    parts = np.split(np.maximum(value, UNREAD), np.cumsum(count)[:-1])
    return [float(part.sum()) for part in parts]
