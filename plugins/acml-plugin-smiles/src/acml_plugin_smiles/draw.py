"""A picture of a SMILES: the structure, and beside it the string as written."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from acml_core.errors import BadInput
from acml_plugin_smiles.signal import SmilesSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCH = (8.0, 3.6)
STRUCTURE_PIXELS = (800, 640)
COLUMNS, ROWS = 34, 14
"""Characters in a line of the string, and most lines shown."""


def draw(signal: SmilesSignal) -> Figure:
    """A figure: the structure on the left, the string on the right.

    Raises:
        BadInput: there is no string, or RDKit cannot read it.
    """
    from matplotlib.figure import Figure
    from matplotlib.image import imread
    from rdkit import Chem
    from rdkit.Chem.Draw import rdMolDraw2D

    mol = Chem.MolFromSmiles(signal.string) if signal.string else None
    if mol is None:
        raise BadInput(
            "the SMILES signal has nothing to draw",
            source=signal.origin or None,
            remedy="Give a SMILES that RDKit reads.",
        )
    drawer = rdMolDraw2D.MolDraw2DCairo(*STRUCTURE_PIXELS)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    picture = imread(io.BytesIO(drawer.GetDrawingText()), format="png")

    figure = Figure(figsize=SIZE_INCH, facecolor="white", layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    left.imshow(picture, interpolation="antialiased")
    left.set_axis_off()
    left.set_title(signal.origin[:60], fontsize=9, loc="left")
    right.set_axis_off()
    # A "$" is a bond in SMILES, and would begin a formula in matplotlib.
    right.text(
        0.0, 0.5, wrapped(signal.string), family="monospace", fontsize=9, va="center",
        parse_math=False,
    )  # fmt: skip
    return figure


def wrapped(text: str) -> str:
    """The string in lines of ``COLUMNS`` characters, at most ``ROWS`` of them."""
    lines = textwrap.wrap(text, COLUMNS, break_on_hyphens=False)
    if len(lines) > ROWS:
        lines = [*lines[: ROWS - 1], f"... ({len(text)} characters)"]
    return "\n".join(lines)
