"""Labels are read whole: element, charge and hydrogens, abbreviations, ions anywhere on the paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acml_plugin_image.depict import abbreviations, depict
from acml_plugin_image.modality import Picture
from acml_plugin_image.overlay.ground import Ground
from acml_plugin_image.overlay.labels import (
    CHARGES,
    HYDROGENS,
    NOTHING,
    OFF,
    agreement,
    label,
    label_of,
    symbols,
)
from acml_plugin_image.pictures import png
from acml_plugin_image.signal import ImageSignal
from acml_plugin_image.styles import PLAIN
from PIL import Image
from rdkit import Chem
from rdkit.Chem import rdAbbreviations

RIVALS = {
    "ions alone": ("O.O.[Cl-].[Cl-].[Cl-].[Gd+3]", "O.O.[Cl-].[Cl-].[Cl-].[Eu+3]"),
    "one atom": ("[Ne]", "[Ni]", "[Na+]", "O"),
    "a cation": (
        "CC(=O)[O-].CC(=O)[O-].CC(=O)[O-].[Tb+3]",
        "CC(=O)[O-].CC(=O)[O-].CC(=O)[O-].[Tl+3]",
    ),
    "charge": ("[Cl-].[Cl-].[Fe+2]", "[Cl-].[Cl-].[Fe+3]"),
    "bound metal": ("[F][Pu]([F])([F])([F])([F])[F]", "[F][Re]([F])([F])([F])([F])[F]"),
    "hydrogens": ("NCCc1ccccc1", "[NH3+]CCc1ccccc1", "OCCc1ccccc1"),
    "component": ("[Al+3].[O-2].[O-2].[Zr+4]", "[Al+3].[O-2].[O-2].[Ti+4]", "[Al+3].[O-2].[O-2]"),
}
"""The first of each is drawn."""


def signal_of(picture: Image.Image) -> ImageSignal:
    return ImageSignal(image=png(picture))


@pytest.mark.parametrize("name", RIVALS)
def test_the_right_label_wins(name: str) -> None:
    mols = [Chem.MolFromSmiles(text) for text in RIVALS[name]]
    picture = depict(mols[0], PLAIN, np.random.default_rng(0))
    scores = Picture().rerank(signal_of(picture), mols)
    assert scores[0] > scores[1:].max(), dict(zip(RIVALS[name], scores.round(2), strict=True))


def test_names_of_abbreviated_groups_are_read() -> None:
    mols = [Chem.MolFromSmiles(f"c1cc(C#N)ccc1{end}") for end in ("C(F)(F)F", "C(C)(C)C", "OC")]
    for i, mol in enumerate(mols):
        picture = depict(mol, replace(PLAIN, abbreviate=0.8), np.random.default_rng(0))
        assert Picture().rerank(signal_of(picture), mols).argmax() == i


def test_a_page_may_lie_on_its_side() -> None:
    mols = [Chem.MolFromSmiles(text) for text in RIVALS["a cation"]]
    picture = depict(mols[0], PLAIN, np.random.default_rng(0))
    for turn in (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180):
        assert Picture().rerank(signal_of(picture.transpose(turn)), mols).argmax() == 0


def test_carbons_may_be_spelt_out() -> None:
    mols = [Chem.MolFromSmiles(text) for text in ("CC=CS", "CC=CF", "CC=NO", "CCCS")]
    style = replace(PLAIN, labels="all", rotate=40.0)
    ground = Ground.of(depict(mols[0], style, np.random.default_rng(0)))
    assert ground is not None
    assert ground.spelt
    picture = depict(mols[0], style, np.random.default_rng(0))
    assert Picture().rerank(signal_of(picture), mols).argmax() == 0


def test_an_ordinary_drawing_is_not_spelt_out() -> None:
    ground = Ground.of(depict(Chem.MolFromSmiles("CCOc1ccccc1N"), PLAIN, np.random.default_rng(0)))
    assert ground is not None
    assert not ground.spelt


def test_ions_are_assigned_to_their_letters() -> None:
    mol = Chem.MolFromSmiles("[Al+3].[Cl-].[Zr+4].[Br-]")
    picture = depict(mol, PLAIN, np.random.default_rng(0))
    rows = {row["element"]: row for row in Picture().assign(signal_of(picture), mol)}
    assert set(rows) == {"Al", "Cl", "Zr", "Br"}
    places = [(row["x_px"], row["y_px"]) for row in rows.values()]
    for i, (x, y) in enumerate(places):
        for other in places[:i]:
            assert np.hypot(x - other[0], y - other[1]) > 20, "each has letters of its own"


def test_labels_of_atoms() -> None:
    ammonium = Chem.MolFromSmiles("[NH4+]").GetAtomWithIdx(0)
    assert label_of(ammonium) == label("N", 1, 4)
    assert label_of(Chem.MolFromSmiles("[Pt-6]").GetAtomWithIdx(0)) == label("Pt", CHARGES[0])
    group = rdAbbreviations.CondenseMolAbbreviations(
        Chem.MolFromSmiles("c1ccccc1C(F)(F)F"), abbreviations(), 1.0
    )
    (short,) = [atom for atom in group.GetAtoms() if not atom.GetAtomicNum()]
    assert symbols()[label_of(short).symbol] == "CF<sub>3</sub>"
    short.SetProp("_displayLabel", "a name of somebody")
    assert label_of(short) == label(OFF)


def test_every_symbol_is_there_once() -> None:
    twice = {one for one in symbols() if symbols().count(one) > 1}
    assert twice == {"Ac"}, "actinium and an acetyl group: the letters are the same"
    assert label_of(Chem.MolFromSmiles("[Ac]").GetAtomWithIdx(0)) == label("Ac")
    assert {NOTHING, OFF, "Og", "OAc", "NO<sub>2</sub>"} <= set(symbols())


def test_charge_and_hydrogens_count_for_elements_alone() -> None:
    rng = np.random.default_rng(0)
    seen = -rng.random((3, len(symbols()) + len(CHARGES) + HYDROGENS))
    said = np.array([label("N", 1, 3), label("OMe"), label(NOTHING)])
    expected = [
        seen[0, said[0, 0]]
        + seen[0, len(symbols()) + CHARGES.index(1)]
        + seen[0, len(symbols()) + len(CHARGES) + 3],
        seen[1, said[1, 0]],
        seen[2, said[2, 0]],
    ]
    assert agreement(seen, said) == pytest.approx(expected)
