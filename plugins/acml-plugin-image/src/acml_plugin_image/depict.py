"""Draw a molecule in a given style, with RDKit."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from rdkit import Chem
from rdkit.Chem import rdAbbreviations, rdCoordGen, rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from acml_core.errors import BadInput
from acml_plugin_image.styles import WHITE, Style

MAX_COORDGEN_ATOMS, MAX_COORDGEN_RING = 50, 12
"""Largest molecule and ring that CoordGen lays out; it takes hours for a ring of 42 atoms."""

MAX_HYDROGEN_ATOMS = 12
"""Heavy atoms of the largest molecule that is drawn with all its hydrogens."""

CIRCLE_RADIUS = 0.58
"""Of an aromatic ring's circle [radius of the ring]."""

NUMBER = "_acml_number"
"""Property of an atom: its number in the molecule that was given."""

DISPLAYED = "_displayLabel"
"""RDKit's property of an atom: the letters that stand there instead of its symbol."""

REASON = 120
"""Characters that are kept of RDKit's messages."""

LEGEND_SHARE = 0.1
"""Of the picture's height that a legend gets."""


def depict(mol: Chem.Mol, style: Style, rng: np.random.Generator) -> Image.Image:
    """The drawing, (size, size) RGB.

    Args:
        mol: sanitised; not changed.
        style: how to draw.
        rng: for the order of the atoms where ``style.shuffle``.

    Raises:
        BadInput: RDKit cannot draw it.
    """
    return depict_with_places(mol, style, rng)[0]


def depict_with_places(
    mol: Chem.Mol, style: Style, rng: np.random.Generator
) -> tuple[Image.Image, np.ndarray]:
    """As ``depict``, and where the atoms are.

    Returns:
        the drawing, and (n, 3) float64: x and y [px] and the number in ``mol`` of each atom that is
        drawn by itself, not inside an abbreviation.
    """
    picture, drawn, at = depict_with_atoms(mol, style, rng)
    number = [atom.GetIntProp(NUMBER) if atom.HasProp(NUMBER) else -1 for atom in drawn.GetAtoms()]
    places = np.column_stack([at, number])
    return picture, places[places[:, 2] >= 0]


def depict_with_atoms(
    mol: Chem.Mol, style: Style, rng: np.random.Generator
) -> tuple[Image.Image, Chem.Mol, np.ndarray]:
    """As ``depict``, and what is drawn.

    Returns:
        the drawing, the molecule as it is drawn, with abbreviations as atoms, and (n, 2) float64, x and
        y of its atoms [px].
    """
    try:
        ready, circles = _prepared(mol, style, rng)
        try:
            return _drawn(ready, circles, style)
        except RuntimeError:  # a wavy bond that is too short to wave
            return _drawn(ready, circles, replace(style, unknown_stereo=False))
    except (RuntimeError, ValueError) as error:
        raise BadInput(
            f"RDKit cannot draw {Chem.MolToSmiles(mol)[:80]!r} ({' '.join(str(error).split())[:120]})",
            remedy="Check the structure.",
        ) from None


def _prepared(
    mol: Chem.Mol, style: Style, rng: np.random.Generator
) -> tuple[Chem.Mol, list[tuple[int, ...]]]:
    """The molecule with its layout, and the aromatic rings to draw a circle in."""
    mol = Chem.Mol(mol)
    for atom in mol.GetAtoms():
        atom.SetIntProp(NUMBER, atom.GetIdx())
    if style.abbreviate:
        mol = rdAbbreviations.CondenseMolAbbreviations(mol, abbreviations(), style.abbreviate)
    elif style.hydrogens and mol.GetNumHeavyAtoms() <= MAX_HYDROGEN_ATOMS:
        mol = Chem.AddHs(mol)
    if style.shuffle:
        mol = Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist())
    if style.layout == "coordgen" and fits_coordgen(mol):
        rdCoordGen.AddCoords(mol)
    else:
        rdDepictor.Compute2DCoords(mol)
    if style.mirror:
        conformer = mol.GetConformer()
        places = conformer.GetPositions()
        places[:, 0] *= -1
        conformer.SetPositions(places)
    if style.stereo_labels:
        Chem.AssignStereochemistry(mol, cleanIt=False, force=True)
    circles = _aromatic_rings(mol) if style.aromatic == "circle" else []
    kekulise = style.aromatic == "kekule" or (style.aromatic == "circle" and not circles)
    mol = rdMolDraw2D.PrepareMolForDrawing(mol, kekulize=kekulise, addChiralHs=False)
    if circles:
        mol = _without_ring_bonds(mol)
    if style.labels == "all" and not style.abbreviate:
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() == 6 and not atom.GetFormalCharge():
                atom.SetProp(DISPLAYED, _carbon(atom.GetTotalNumHs()))
    return mol, circles


def _drawn(
    mol: Chem.Mol, circles: list[tuple[int, ...]], style: Style
) -> tuple[Image.Image, Chem.Mol, np.ndarray]:
    drawer = rdMolDraw2D.MolDraw2DCairo(style.size, style.size)
    options: Any = drawer.drawOptions()  # its stubs know no properties
    if style.acs:
        bond = rdMolDraw2D.MeanBondLength(mol)
        rdMolDraw2D.SetACS1996Mode(options, bond if bond > 0 else 1.5)
        options.fixedBondLength = -1.0  # fit the picture, whatever the guidelines' 14.4 pt are
        options.scalingFactor = 20.0
    else:
        options.bondLineWidth = style.line
        options.baseFontSize = style.font_size
        options.additionalAtomLabelPadding = style.label_padding
        options.multipleBondOffset = style.offset
    options.fontFile = style.font
    options.minFontSize = -1
    options.maxFontSize = -1
    options.padding = style.margin
    options.rotate = style.rotate
    options.comicMode = style.comic
    options.splitBonds = style.split_bonds
    options.explicitMethyl = style.labels == "methyl"
    options.addStereoAnnotation = style.stereo_labels
    options.unspecifiedStereoIsUnknown = style.unknown_stereo
    options.prepareMolsBeforeDrawing = False
    options.legendFraction = LEGEND_SHARE
    _colours(options, style)
    drawer.DrawMolecule(mol, legend=style.legend)
    for ring in circles:
        _circle(drawer, mol, ring, style)
    points = map(drawer.GetDrawCoords, range(mol.GetNumAtoms()))
    at = np.array([(point.x, point.y) for point in points]).reshape(-1, 2)
    drawer.FinishDrawing()
    picture = Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB")
    return picture, mol, at


def _colours(options: Any, style: Style) -> None:
    if style.palette == "bw":
        options.useBWAtomPalette()
    elif style.palette == "cdk":
        options.useCDKAtomPalette()
    elif style.palette == "avalon":
        options.useAvalonAtomPalette()
    elif isinstance(style.palette, tuple):
        options.setAtomPalette({-1: style.palette})
        options.setSymbolColour(style.palette)
        options.setLegendColour(style.palette)
        options.setAnnotationColour(style.palette)
    if style.background != WHITE:
        options.setBackgroundColour(style.background)


def fits_coordgen(mol: Chem.Mol) -> bool:
    rings = mol.GetRingInfo().AtomRings()
    largest = max(map(len, rings), default=0)
    return mol.GetNumAtoms() <= MAX_COORDGEN_ATOMS and largest <= MAX_COORDGEN_RING


def _aromatic_rings(mol: Chem.Mol) -> list[tuple[int, ...]]:
    """Rings of six aromatic atoms, as lists of atom numbers; bonds in between have no other ring."""
    rings = [
        ring
        for ring in mol.GetRingInfo().AtomRings()
        if len(ring) == 6 and all(mol.GetAtomWithIdx(i).GetIsAromatic() for i in ring)
    ]
    inside = {i for ring in rings for i in ring}
    aromatic = {atom.GetIdx() for atom in mol.GetAromaticAtoms()}
    return rings if aromatic == inside else []


def _without_ring_bonds(mol: Chem.Mol) -> Chem.Mol:
    """Aromatic bonds as single lines, hydrogens kept as they were."""
    mol = Chem.RWMol(mol)
    for atom in mol.GetAromaticAtoms():
        hydrogens = atom.GetTotalNumHs()
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(hydrogens)
    for atom in list(mol.GetAromaticAtoms()):
        atom.SetIsAromatic(False)
    for bond in mol.GetBonds():
        if bond.GetIsAromatic():
            bond.SetIsAromatic(False)
            bond.SetBondType(Chem.BondType.SINGLE)
    mol.UpdatePropertyCache(strict=False)
    return mol.GetMol()


def _circle(drawer: Any, mol: Chem.Mol, ring: tuple[int, ...], style: Style) -> None:
    points = [drawer.GetDrawCoords(i) for i in ring]
    x = sum(point.x for point in points) / len(points)
    y = sum(point.y for point in points) / len(points)
    radius = CIRCLE_RADIUS * sum(math.hypot(p.x - x, p.y - y) for p in points) / len(points)
    point = Chem.rdGeometry.Point2D
    drawer.SetColour(style.palette if isinstance(style.palette, tuple) else (0.0, 0.0, 0.0))
    drawer.SetFillPolys(False)
    drawer.SetLineWidth(style.line)
    drawer.DrawEllipse(point(x - radius, y - radius), point(x + radius, y + radius), True)


def _carbon(hydrogens: int) -> str:
    return "C" if not hydrogens else "CH" if hydrogens == 1 else f"CH<sub>{hydrogens}</sub>"


@cache
def abbreviations() -> Any:
    return rdAbbreviations.GetDefaultAbbreviations()
