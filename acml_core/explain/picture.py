"""An explanation as one picture: molecule, spectrum, checks. SVG or PNG.

RDKit draws the molecule, the plugin its spectrum, matplotlib the checks; an SVG holds the three as
nested drawings, a PNG as one raster of the same layout.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acml_core.errors import BadInput
from acml_core.explain.colours import colour, scale
from acml_core.explain.panels import checks, spectrum
from acml_core.files import whole, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from acml_core.explain.match import Explanation

SUFFIXES = (".svg", ".png")
PIXELS_PER_INCH = 96.0
"""Of the layout, as in CSS."""

PNG_SCALE = 2
"""Pixels of a PNG for one of the layout."""

MOLECULE_WIDTH, LEAST_HEIGHT = 440, 330
"""Of the molecule's drawing [pixels of the layout]; it is as tall as the spectrum beside it."""

BOND_PIXELS = 46.0
"""Longest bond; shorter where a molecule is large."""

RADIUS = 0.42
"""Of an atom's disc, in bond lengths."""


@dataclass(frozen=True)
class Piece:
    """A drawing in its place [pixels of the layout]."""

    x: float
    y: float
    width: float
    height: float
    svg: str
    png: bytes


def write(explanation: Explanation, path: Path) -> None:
    """Write the picture.

    Raises:
        BadInput: neither .svg nor .png.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BadInput(
            f"no picture is written as {path.suffix or 'a file without suffix'}",
            source=path,
            remedy=f"Use one of: {', '.join(SUFFIXES)}.",
        )
    pieces = _layout(explanation)
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".svg":
        write_text(path, _svg(pieces))
    else:
        picture = _png(pieces)
        with whole(path) as part:
            part.write_bytes(picture)


def _layout(explanation: Explanation) -> list[Piece]:
    top = _figure(checks.caption(explanation), 0, 0)
    drawn = spectrum.draw(explanation)
    wide = 0.0 if drawn is None else drawn.get_figwidth() * PIXELS_PER_INCH
    tall = 0.0 if drawn is None else drawn.get_figheight() * PIXELS_PER_INCH
    row = max(LEAST_HEIGHT, round(tall))
    y = top.height
    pieces = [top, _molecule(explanation, 0, y, row)]
    if drawn is not None:
        pieces.append(_figure(drawn, MOLECULE_WIDTH, y + (row - tall) / 2))
    width = max(MOLECULE_WIDTH + wide, top.width)
    below = checks.draw(explanation, width / PIXELS_PER_INCH)
    if below is not None:
        pieces.append(_figure(below, 0, y + row))
    return pieces


def _molecule(explanation: Explanation, x: float, y: float, height: int) -> Piece:
    from rdkit.Chem.Draw import rdMolDraw2D

    losses = explanation.found.atoms
    limit = scale(losses)
    colours = {i: colour(float(loss), limit)[:3] for i, loss in enumerate(losses)}
    atoms = list(colours)

    def drawn(drawer: Any) -> Any:
        options = drawer.drawOptions()
        options.useBWAtomPalette()
        options.addAtomIndices = True
        options.annotationFontScale = 0.55
        options.fillHighlights = True
        options.padding = 0.08
        options.fixedBondLength = BOND_PIXELS * drawer.Width() / MOLECULE_WIDTH
        rdMolDraw2D.PrepareAndDrawMolecule(
            drawer,
            explanation.mol,
            highlightAtoms=atoms,
            highlightAtomColors=colours,
            highlightAtomRadii=dict.fromkeys(atoms, RADIUS),
            highlightBonds=[],
        )
        drawer.FinishDrawing()
        return drawer.GetDrawingText()

    size = (MOLECULE_WIDTH, height)
    larger = (MOLECULE_WIDTH * PNG_SCALE, height * PNG_SCALE)
    svg, png = rdMolDraw2D.MolDraw2DSVG(*size), rdMolDraw2D.MolDraw2DCairo(*larger)
    return Piece(x, y, MOLECULE_WIDTH, height, drawn(svg), drawn(png))


def _figure(figure: Figure, x: float, y: float) -> Piece:
    import matplotlib

    text, raster = io.StringIO(), io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "acml"}):  # the same picture is the same file
        figure.savefig(text, format="svg", metadata={"Date": None})
    figure.savefig(raster, format="png", dpi=PIXELS_PER_INCH * PNG_SCALE)
    wide, tall = figure.get_size_inches() * PIXELS_PER_INCH
    return Piece(x, y, float(wide), float(tall), text.getvalue(), raster.getvalue())


def _size(pieces: list[Piece]) -> tuple[int, int]:
    wide = max(one.x + one.width for one in pieces)
    return round(wide), round(max(one.y + one.height for one in pieces))


def _svg(pieces: list[Piece]) -> str:
    width, height = _size(pieces)
    inner = []
    for number, one in enumerate(pieces):
        body = _own_names(one.svg[one.svg.index("<svg") :], f"p{number}-")
        head, rest = body.split(">", 1)
        box = re.search(r"viewBox=['\"]([^'\"]+)['\"]", head)
        view = box.group(1) if box else f"0 0 {one.width:.0f} {one.height:.0f}"
        inner.append(
            f'<svg x="{one.x:.1f}" y="{one.y:.1f}" width="{one.width:.1f}"'
            f' height="{one.height:.1f}" viewBox="{view}">{rest.strip()}'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:rdkit="http://www.rdkit.org/xml"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join(inner)
        + "\n</svg>\n"
    )


def _own_names(svg: str, prefix: str) -> str:
    """The drawing with a prefix before every id: each is one name in the whole file."""
    for mark in (' id="', " id='", 'href="#', "href='#", "url(#"):
        svg = svg.replace(mark, mark + prefix)
    return svg


def _png(pieces: list[Piece]) -> bytes:
    from PIL import Image

    width, height = _size(pieces)
    sheet = Image.new("RGB", (width * PNG_SCALE, height * PNG_SCALE), "white")
    for one in pieces:
        with Image.open(io.BytesIO(one.png)) as drawing:
            place = (round(one.x * PNG_SCALE), round(one.y * PNG_SCALE))
            sheet.paste(drawing.convert("RGB"), place)
    stream = io.BytesIO()
    sheet.save(stream, format="PNG")
    return stream.getvalue()
