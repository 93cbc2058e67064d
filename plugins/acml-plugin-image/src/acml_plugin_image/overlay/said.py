"""What the labels of layouts on the ink say for their molecules, read whole (``label_reader``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acml_plugin_image.overlay.align import Laid
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import NOTHING, agreement, label
from acml_plugin_image.overlay.letters import letters
from acml_plugin_image.overlay.looks import label_looks

UNREAD = -6.0
"""Log probability of one label, at least."""

NEAR, ASIDE = 0.6, -0.5
"""Letters so near to where a label should stand may be its own [bond lengths], and the log probability:
large letters at a drawing's rim draw the layout towards them."""

TURNED = -5.0
"""Log probability that a page lies on a side or upside down."""


def said(laid: Sequence[Laid], ground: Ground, quarter: int) -> list[float]:
    """Log probabilities that labels say what the layouts have there, each a sum over the drawing.

    Args:
        quarter: quarter turns by which letters are turned, 0 to 3.
    """
    count = [int(one.layout.lettered.sum()) for one in laid]
    if not sum(count):
        return [0.0] * len(laid)
    at = np.concatenate([one.at[one.layout.lettered] for one in laid])
    expected = np.concatenate([one.layout.label[one.layout.lettered] for one in laid])
    certain = np.concatenate([one.layout.labelled[one.layout.lettered] for one in laid])
    size = [ground.unit_of_letters(one.unit) for one in laid]
    unit = np.repeat(size, count)
    seen = label_looks(ground, at, unit, quarter)
    spelt = agreement(seen, expected)
    site, place = _near(laid, size, count, at, ground)
    if len(site):
        there = agreement(label_looks(ground, place, unit[site], quarter), expected[site])
        np.maximum.at(spelt, site, there + ASIDE)
    plain = seen[:, label(NOTHING).symbol]
    value = np.where(certain, spelt, np.logaddexp(spelt, plain))
    parts = np.split(np.logaddexp(value, UNREAD), np.cumsum(count)[:-1])
    return [float(part.sum()) for part in parts]


def _near(
    laid: Sequence[Laid],
    size: Sequence[float],
    count: Sequence[int],
    at: np.ndarray,
    ground: Ground,
) -> tuple[np.ndarray, np.ndarray]:
    """Letters near labels: numbers (m,) in ``at`` of the labels, and places (m,) [px]."""
    sites, places = [np.zeros(0, dtype=int)], [np.zeros(0, dtype=np.complex64)]
    begin = 0
    for one, unit, number in zip(laid, size, count, strict=True):
        own = at[begin : begin + number]
        middles = letters(ground.boxes, unit)
        site, letter = np.nonzero(np.abs(own[:, None] - middles) < NEAR * one.unit)
        sites.append(site + begin)
        places.append(middles[letter])
        begin += number
    return np.concatenate(sites), np.concatenate(places)


def read_page(
    laid: Sequence[Laid], values: Sequence[float], ground: Ground, weight: float, behind: float
) -> tuple[int, list[float]]:
    """How the page lies, from the candidate that agrees best, and what labels say then.

    Args:
        laid: the candidates' layouts.
        values: the evidence for each without what labels say.
        weight: of what labels say, beside that evidence.
        behind: labels of a layout whose evidence is so much less than the best one's are not read.

    Returns:
        quarter turns by which its letters are turned, and ``said`` of each layout: ``UNREAD`` for each
        label that is not read.
    """
    least = max(values, default=0.0) - behind
    near = [i for i, value in enumerate(values) if value >= least]
    ways, own = [laid[i] for i in near], np.array([values[i] for i in near])
    upright = said(ways, ground, 0)
    total = weight * np.array(upright) + own
    most = max(total, default=0.0)
    few = np.flatnonzero(own + TURNED > most)  # the others cannot win, whatever they say
    turned = 0
    for quarter in range(1, 4 if len(few) else 1):
        found = said([ways[i] for i in few], ground, quarter)
        agreed = float(max(weight * np.array(found) + own[few])) + TURNED
        if agreed > most:
            most, turned = agreed, quarter
    every = [UNREAD * float(one.layout.labelled.sum()) for one in laid]
    for i, letters_say in zip(near, said(ways, ground, turned) if turned else upright, strict=True):
        every[i] = letters_say
    return turned, every
