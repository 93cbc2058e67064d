"""Drawings on PDF pages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from acml_plugin_image.modality import Picture
from acml_plugin_image.segment import drawings
from PIL import Image, ImageDraw
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from acml_core.errors import BadInput

MOLECULES = ("CC(=O)Nc1ccc(O)cc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "OCC1OC(O)C(O)C(O)C1O")
LINES = [
    "The compounds were prepared as described before (82 %).",
    "A second line, 13C NMR d 170.1",
]
DPI = 200


def drawing(smiles: str, side: int = 330) -> Image.Image:
    drawer = rdMolDraw2D.MolDraw2DCairo(side, side)
    drawer.drawOptions().useBWAtomPalette()
    drawer.DrawMolecule(Chem.MolFromSmiles(smiles))
    drawer.FinishDrawing()
    return Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB")


@pytest.fixture
def page() -> Image.Image:
    """Three structures among text, at 200 dpi."""
    found = Image.new("RGB", (1654, 1200), "white")
    pen = ImageDraw.Draw(found)
    for row in range(6):
        pen.text((100, 60 + 30 * row), LINES[row % 2] * 2, fill="black", font_size=24)
    pen.line((100, 250, 1500, 250), fill="black", width=3)  # a rule
    for number, smiles in enumerate(MOLECULES):
        found.paste(drawing(smiles), (100 + 500 * number, 400))
    for row in range(6):
        pen.text((100, 900 + 30 * row), LINES[row % 2] * 2, fill="black", font_size=24)
    return found


def test_page_is_cut_into_its_drawings(page: Image.Image) -> None:
    found = list(drawings(page, DPI))
    assert len(found) == len(MOLECULES)
    for one in found:
        assert 100 < max(one.size) < 420


def test_pages_of_a_pdf(page: Image.Image, tmp_path: Path) -> None:
    """Pillow writes a page as one embedded picture."""
    pytest.importorskip("pypdfium2")
    path = tmp_path / "paper.pdf"
    page.save(path, resolution=DPI, save_all=True, append_images=[drawing(MOLECULES[0])])
    origins = [one.origin for one in Picture().read(path)]
    assert origins == [
        "paper.pdf:page 1, drawing 1",
        "paper.pdf:page 1, drawing 2",
        "paper.pdf:page 1, drawing 3",
        "paper.pdf:page 2, drawing 1",
    ]


def test_vector_graphics_of_a_pdf(tmp_path: Path) -> None:
    """matplotlib writes lines and glyphs, no embedded picture."""
    pytest.importorskip("pypdfium2")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4))
    for left in (0.5, 3.0):
        x = [left, left + 0.5, left + 0.5, left, left - 0.4, left - 0.4, left]
        figure.add_artist(_polygon(x, [1, 1.3, 1.9, 2.2, 1.9, 1.3, 1]))
    figure.text(0.1, 0.9, "Figure 1. Two rings.", fontsize=9)
    path = tmp_path / "rings.pdf"
    figure.savefig(path)
    assert len(list(Picture().read(path))) == 2


def test_pdf_without_drawing_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    path = tmp_path / "empty.pdf"
    Image.new("RGB", (600, 800), "white").save(path)
    with pytest.raises(BadInput, match="no drawing"):
        list(Picture().read(path))


def test_damaged_pdf_is_refused(page: Image.Image, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    path = tmp_path / "damaged.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"\x07\x08" * 400)
    with pytest.raises(BadInput, match=r"damaged\.pdf"):
        list(Picture().read(path))


def _polygon(x: list[float], y: list[float]) -> object:
    from matplotlib.lines import Line2D

    return Line2D([value / 6 for value in x], [value / 4 for value in y], color="black", lw=1)
