"""Letters in a picture that a layout has no place for: they speak for another molecule."""

from __future__ import annotations

import numpy as np

from acml_plugin_image.overlay.align import LETTER, Laid, from_labels
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import CHARGES, symbols
from acml_plugin_image.overlay.letters import SMALLEST, middles
from acml_plugin_image.overlay.strokes import feet

LARGEST = 1.0
"""Height and width of a letter, at most [bond lengths]."""

BEYOND = 0.15
"""How far beyond a label the middle of one of its letters lies, at most [bond lengths]."""

FROM_BONDS = 0.25
"""The middle of a piece of a bond is nearer to it than this [bond lengths]."""


WITH_NUMBER = 2
"""Characters of several hydrogens or charges: "H3", "2+"."""


def stray_letters(laid: Laid, ground: Ground) -> int:
    """Number of pieces of ink of a letter's size that belong to no bond and no label.

    Those of a compound's number below the drawing are one together.

    Lone ions may stand so near to each other that one's place covers another's letters: without bonds
    there are as many stray letters, at least, as all labels together do not have.
    """
    layout = laid.layout
    size = (ground.boxes[:, 2:] - ground.boxes[:, :2]).max(axis=1) / ground.counted_in(laid.unit)
    kept = (size > SMALLEST) & (size < LARGEST)
    middle = middles(ground.boxes[kept]).astype(np.complex64)
    far = np.ones(len(middle), dtype=bool)
    if len(middle) and layout.lettered.any():
        unit = np.array([[laid.unit]], dtype=np.float32)
        far &= from_labels(layout, laid.at[None], middle, unit)[0] > LETTER + BEYOND
    if not len(layout.bonds):
        written = sum(_characters(*one) for one in layout.label.tolist())
        return max(int(far.sum()), len(middle) - written)
    if len(middle):
        _, foot = feet(layout, laid.at[None], middle)
        far &= np.abs(foot[0] - middle) > FROM_BONDS * laid.unit
    number = ground.legend[kept]
    return int(far[~number].sum()) + int(far[number].any())


def _characters(symbol: int, charge: int, hydrogens: int) -> int:
    """Letters, digits and signs of a label, at most."""
    return (
        len(symbols()[symbol])
        + min(hydrogens, WITH_NUMBER)
        + min(abs(CHARGES[charge]), WITH_NUMBER)
    )
