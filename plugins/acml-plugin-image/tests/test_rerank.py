"""The second opinion: the right one of close rivals wins, and nothing makes it fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from acml_plugin_image import degrade, styles
from acml_plugin_image.depict import depict, depict_with_places
from acml_plugin_image.modality import Picture
from acml_plugin_image.overlay.align import judged
from acml_plugin_image.overlay.alike import lent
from acml_plugin_image.overlay.ground import Ground, line_length
from acml_plugin_image.overlay.layouts import layouts
from acml_plugin_image.overlay.rerank import judged_all, laid_out
from acml_plugin_image.overlay.stray import stray_letters
from acml_plugin_image.overlay.tries import tried
from acml_plugin_image.pictures import png
from acml_plugin_image.signal import ImageSignal
from acml_plugin_image.styles import PLAIN
from PIL import Image, ImageDraw, ImageFont
from rdkit import Chem
from rdkit.Chem import Draw, rdDepictor, rdMolTransforms

RIVALS = {
    "chain": ("CCCCOC(=O)c1ccccc1", "CCCOC(=O)c1ccccc1", "CCCCCOC(=O)c1ccccc1"),
    "place": ("Cc1ccc(N)c(Cl)c1", "Cc1ccc(N)cc1Cl", "Cc1cc(N)ccc1Cl", "Cc1cccc(N)c1Cl"),
    "ring": ("O=C1CCCCC1c1ccccc1", "O=C1CCCC1c1ccccc1", "O=C1CCCCCC1c1ccccc1"),
    "element": ("CC(=O)Nc1ccc(F)cc1", "CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(Br)cc1"),
    "bond": ("CC(=O)CCc1ccccc1", "CC(O)CCc1ccccc1", "CC(=O)C=Cc1ccccc1", "CC(=O)C#Cc1ccccc1"),
}  # fmt: skip
"""The first of each is drawn."""

WAYS = {
    "plain": PLAIN,
    "turned": replace(PLAIN, rotate=71.0, mirror=True),
    "another font": replace(PLAIN, font=styles.font_path("DejaVuSerif.ttf"), font_size=0.7),
    "thick": replace(PLAIN, line=5.0, size=360, rotate=200.0),
    "thin, light on dark": replace(
        PLAIN, line=0.9, palette=(0.9, 1.0, 0.8), background=(0.1, 0.0, 0.2)
    ),
    "CoordGen": replace(PLAIN, layout="coordgen", rotate=30.0),
    "circles": replace(PLAIN, aromatic="circle"),
    "methyl groups spelt out": replace(PLAIN, labels="methyl", legend="12a"),
}


def signal_of(picture: Image.Image) -> ImageSignal:
    return ImageSignal(image=png(picture))


def both_ways(mol: Chem.Mol, dihedral: tuple[int, int, int, int]) -> Iterator[Image.Image]:
    """Drawings with what hangs on a bond on the one side, and on the other."""
    rdDepictor.Compute2DCoords(mol)
    for angle in (0.0, 180.0):
        rdMolTransforms.SetDihedralDeg(mol.GetConformer(), *dihedral, angle)
        yield Draw.MolToImage(mol, size=(300, 300))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rivals", RIVALS)
def test_the_right_one_of_rivals_wins(rivals: str, way: str) -> None:
    mols = [Chem.MolFromSmiles(text) for text in RIVALS[rivals]]
    picture = depict(mols[0], WAYS[way], np.random.default_rng(0))
    scores = Picture().rerank(signal_of(picture), mols)
    assert scores[0] > scores[1:].max(), dict(zip(RIVALS[rivals], scores.round(2), strict=True))


def test_no_more_are_looked_at_once_one_explains_the_picture() -> None:
    """The picture's own molecule among the first ten ends it; without it all are looked at."""
    texts = [f"CCCC(=O)Oc1ccc({group})cc1" for group in ("C#N", "Cl", "Br", "S", "OC", "CN", "CO")]
    mols = [Chem.MolFromSmiles(text) for text in (*texts, "CCO", "CCN", "c1ccccc1", *texts)]
    own = Chem.MolFromSmiles("CCCC(=O)Nc1ccc(C2CC2)cc1")
    picture = depict(own, PLAIN, np.random.default_rng(0))
    ground = Ground.of(picture)
    assert ground is not None
    early = judged_all([*mols[:3], own, *mols[3:]], ground)
    assert early.clear
    assert early.best[3] is not None
    assert not any(early.best[10:])
    late = judged_all([*mols, own], ground)
    assert late.clear
    assert late.best[-1] is not None
    for some in ([*mols[:3], own, *mols[3:]], [*mols, own]):
        scores = Picture().rerank(signal_of(picture), some)
        assert some[int(scores.argmax())] is own


def test_a_homologue_does_not_end_it() -> None:
    """Its chain's end may be taken for a label: what is next to it is looked at, too."""
    chains = [Chem.MolFromSmiles("C" * n + "C(=O)c1ccccc1") for n in range(1, 13)]
    ground = Ground.of(depict(chains[3], PLAIN, np.random.default_rng(0)))
    assert ground is not None
    last = judged_all([*chains[:3], *chains[4:], chains[3]], ground)
    found = [-np.inf if pair is None else pair[1] for pair in last.best]
    assert int(np.argmax(found)) == 11


@pytest.mark.parametrize("effect", [degrade.speckle, degrade.skew, degrade.compress_hard])
def test_damage_does_not_matter(effect: degrade.Effect) -> None:
    mols = [Chem.MolFromSmiles(text) for text in RIVALS["place"]]
    picture = effect(depict(mols[0], PLAIN, np.random.default_rng(0)), np.random.default_rng(1))
    assert Picture().rerank(signal_of(picture), mols).argmax() == 0


def test_a_ring_is_turned_until_its_letters_agree() -> None:
    """The strokes of a ring that hangs on one bond lie on ink either way; its nitrogen does not."""
    mol = Chem.MolFromSmiles("O=C(O)CCc1cccnc1")
    for picture in both_ways(mol, (3, 4, 5, 6)):
        signal = signal_of(picture)
        nitrogen, carbon = Picture().rerank(
            signal, [Chem.MolFromSmiles("O=C(O)CCc1cccnc1"), Chem.MolFromSmiles("O=C(O)CCc1ccccc1")]
        )
        assert nitrogen > carbon
        (row,) = [row for row in Picture().assign(signal, mol) if row["element"] == "N"]
        assert row["ink"] > 0.7


def test_large_letters_do_not_move_the_drawing() -> None:
    """They lie beyond the strokes on one side, so that the middle of the ink is not theirs."""
    mol = Chem.MolFromSmiles("CCc1ccccc1NC")
    style = replace(PLAIN, font_size=0.8, labels="methyl", size=380)
    ground = Ground.of(depict(mol, style, np.random.default_rng(0)))
    assert ground is not None
    found = laid_out(mol, ground)
    assert found is not None
    assert found.quality > 0.9


def test_a_substituent_may_lie_on_the_other_side() -> None:
    """The layout is that of no program: the acetyl group is turned over."""
    mol = Chem.MolFromSmiles("CC(=O)c1ccc2c(c1)OCCN2")
    for picture in both_ways(mol, (0, 1, 3, 4)):
        ground = Ground.of(picture)
        assert ground is not None
        found = laid_out(Chem.MolFromSmiles("CC(=O)c1ccc2c(c1)OCCN2"), ground)
        assert found is not None
        assert found.quality > 0.9


def test_abbreviations_and_salts() -> None:
    rng = np.random.default_rng(5)
    mol = Chem.MolFromSmiles("COc1ccc(C(F)(F)F)cc1C(=O)OC")
    other = Chem.MolFromSmiles("COc1ccc(C(F)(F)F)cc1CC(=O)OC")
    picture = depict(mol, replace(PLAIN, abbreviate=0.6), rng)
    scores = Picture().rerank(signal_of(picture), [other, mol])
    assert scores[1] > scores[0]
    salts = [Chem.MolFromSmiles(text) for text in ("CC(N)Cc1ccccc1.Cl", "CC(N)CCc1ccccc1.Cl")]
    picture = depict(salts[0], PLAIN, rng)
    scores = Picture().rerank(signal_of(picture), salts)
    assert scores[0] > scores[1]


@pytest.mark.parametrize("share", [0.35, 0.45, 0.52, 0.6])
def test_however_much_of_a_chain_is_abbreviated(share: float) -> None:
    """The largest group that may be abbreviated is nBu, nPent, nHex or nHept, the other nPr."""
    texts = ("CCCC=CCCCCCCC", "CCCC=CCCCCCC", "CCCC#CCCCCCCC", "CCCCC=CCCCCCCC", "CCCC=CCCCCCCCC")
    mols = [Chem.MolFromSmiles(text) for text in texts]
    picture = depict(mols[0], replace(PLAIN, abbreviate=share), np.random.default_rng(0))
    scores = Picture().rerank(signal_of(picture), mols)
    assert scores[0] > scores[1:].max(), dict(zip(texts, scores.round(2), strict=True))


def test_fewer_atoms_do_not_hide_more() -> None:
    """A short form that fits its strokes well, though not its letters, is not the last."""
    texts = ("CCCCC(C)(Cl)Cl", "CCCC(Cl)(Cl)Cl", "CCCCCC(Cl)Cl", "CCCC(C)(Cl)Cl")
    mols = [Chem.MolFromSmiles(text) for text in texts]
    style = replace(PLAIN, abbreviate=0.4, labels="methyl", rotate=20.0)
    scores = Picture().rerank(signal_of(depict(mols[0], style, np.random.default_rng(0))), mols)
    assert scores[0] > scores[1:].max(), dict(zip(texts, scores.round(2), strict=True))


def test_letters_that_are_small_for_their_bonds_are_read() -> None:
    texts = ("CCS(=O)OC", "CCS(=O)OO", "CCC(=O)OC", "CCS(=O)NC", "CCP(=O)OC")
    mols = [Chem.MolFromSmiles(text) for text in texts]
    picture = depict(mols[0], replace(PLAIN, font_size=0.28, size=360), np.random.default_rng(0))
    scores = Picture().rerank(signal_of(picture), mols)
    assert scores[0] > scores[1:].max(), dict(zip(texts, scores.round(2), strict=True))


def test_whatever_is_shown_the_scores_are_finite() -> None:
    rng = np.random.default_rng(0)
    empty, atom = Chem.MolFromSmiles(""), Chem.MolFromSmiles("C")
    huge = Chem.MolFromSmiles("C" * 400)
    chain = Chem.MolFromSmiles("CCO")
    metal = Chem.MolFromSmiles("[Cl-].[Cl-].[Fe+2]")
    noise = Image.fromarray(rng.integers(0, 255, (200, 240, 3), dtype=np.uint8))
    dot = Image.new("L", (80, 80), 255)
    dot.putpixel((40, 40), 0)
    line = Image.fromarray(
        np.where(np.arange(90)[:, None] == 40, 0, 255).astype(np.uint8).repeat(90, 1)
    )
    letter = depict(Chem.MolFromSmiles("O"), PLAIN, rng)
    for picture in (noise, dot, line, letter, Image.new("RGB", (64, 64), "white")):
        mols = [empty, atom, huge, chain, metal]
        scores = Picture().rerank(signal_of(picture), mols)
        assert np.isfinite(scores).all()
        assert scores[0] == scores[2] == scores.min()
    assert Picture().rerank(signal_of(noise), []).shape == (0,)


def test_scores_do_not_depend_on_other_candidates() -> None:
    """But for the best one, which they are compared to, and which shows how the page lies."""
    mols = [Chem.MolFromSmiles(text) for text in RIVALS["bond"]]
    signal = signal_of(depict(mols[1], PLAIN, np.random.default_rng(0)))
    together = Picture().rerank(signal, mols)
    beside = [Picture().rerank(signal, [mols[1], mol])[1] for mol in mols]
    assert np.allclose(together, beside, atol=1e-4)


def by_number(places: np.ndarray) -> dict[int, complex]:
    """Places of atoms in a drawing [px], of ``depict_with_places``, by their numbers."""
    return {int(number): complex(x, y) for x, y, number in places}


def test_atoms_are_assigned_to_their_places() -> None:
    """Also where hydrogens are atoms of their own and come first."""
    mol = Chem.MolFromSmiles("O=C1CCCC(C#N)C1CCN")
    full, heavy = Chem.AddHs(mol), mol.GetNumAtoms()
    hydrogens = full.GetNumAtoms() - heavy
    order = [*range(heavy, full.GetNumAtoms()), *range(heavy)]
    picture, places = depict_with_places(mol, replace(PLAIN, rotate=40.0), np.random.default_rng(0))
    drawn = by_number(places)
    for given in (mol, Chem.RenumberAtoms(full, order)):
        rows = Picture().assign(signal_of(picture), given)
        assert len(rows) == mol.GetNumAtoms()
        for row in rows:
            number = row["atom"] if given is mol else row["atom"] - hydrogens
            assert row["element"] == mol.GetAtomWithIdx(number).GetSymbol()
            assert abs(complex(row["x_px"], row["y_px"]) - drawn[number]) < 8
            assert row["ink"] > 0.7
    assert Picture().assign(signal_of(picture), Chem.MolFromSmiles("")) == []


@pytest.mark.parametrize(
    "smiles", ["FS(F)(F)(F)(F)F", "O=[Zn]", "O=C([O-])[O-].[Mg+2]", "ClC(Cl)Cl"]
)
def test_large_letters_do_not_draw_few_bonds_out(smiles: str) -> None:
    """As long as each atom is near a place of its element, symmetry may exchange them."""
    mol = Chem.MolFromSmiles(smiles)
    style = replace(PLAIN, font_size=0.7, size=220)
    picture, places = depict_with_places(mol, style, np.random.default_rng(0))
    drawn = by_number(places)
    bond = mol.GetBondWithIdx(0)
    length = abs(drawn[bond.GetBeginAtomIdx()] - drawn[bond.GetEndAtomIdx()])
    for row in Picture().assign(signal_of(picture), mol):
        place = complex(row["x_px"], row["y_px"])
        own = [
            drawn[atom.GetIdx()] for atom in mol.GetAtoms() if atom.GetSymbol() == row["element"]
        ]
        assert min(abs(place - one) for one in own) < 0.4 * length


@pytest.mark.parametrize(
    "smiles",
    [
        "O=C([O-])C(=O)[O-].O=C([O-])C(=O)[O-].O=C([O-])C(=O)[O-].[Al+3].[Al+3]",
        "CC(C)[O-].CC(C)[O-].CC(C)[O-].CCCCOCCOCCOCCO.[Al+3]",
        "[C-]#N.[C-]#N.[C-]#N.[C-]#N.[Na+].[Na+].[Co+2]",
    ],
)
def test_each_component_lies_on_its_own_ink(smiles: str) -> None:
    """Equal components may exchange their places, and equal atoms; others do not."""
    mol = Chem.MolFromSmiles(smiles)
    picture, places = depict_with_places(mol, replace(PLAIN, size=400), np.random.default_rng(0))
    drawn = by_number(places)
    found = set()
    for row in Picture().assign(signal_of(picture), mol):
        place = complex(row["x_px"], row["y_px"])
        nearest = min(drawn, key=lambda number: abs(drawn[number] - place))
        here, there = mol.GetAtomWithIdx(row["atom"]), mol.GetAtomWithIdx(nearest)
        assert here.GetSymbol() == there.GetSymbol()
        assert here.GetFormalCharge() == there.GetFormalCharge()
        found.add(nearest)
    assert len(found) == mol.GetNumAtoms()


def test_letters_without_a_place_speak_against_a_candidate() -> None:
    """The ion is faint, and its absence alone leaves no ink unexplained that would count."""
    salt = Chem.MolFromSmiles("CCCCCCCC(=O)O.[Cu+2]")
    acid = Chem.MolFromSmiles("CCCCCCCC(=O)O")
    scores = Picture().rerank(
        signal_of(depict(salt, PLAIN, np.random.default_rng(0))), [acid, salt]
    )
    assert scores[1] == 0 > scores[0]


def test_letters_may_take_the_place_of_strokes_that_fit_well() -> None:
    """Without abbreviations all strokes but one lie on ink, too: the letters of "Et" are ink."""
    mol = Chem.MolFromSmiles("CCC1=CC(=O)C(C)S1")
    style = replace(PLAIN, abbreviate=0.6, font_size=0.75)
    ground = Ground.of(depict(mol, style, np.random.default_rng(0)))
    assert ground is not None
    found = laid_out(mol, ground)
    assert found is not None
    assert 0 in found.layout.element  # an abbreviation


def test_a_legend_does_not_move_the_drawing() -> None:
    mol = Chem.MolFromSmiles("CCCCCCCCCCCCOc1ccc(C=O)cc1")
    style = replace(PLAIN, legend="10", size=360)
    ground = Ground.of(depict(mol, style, np.random.default_rng(0)))
    assert ground is not None
    found = laid_out(mol, ground)
    assert found is not None
    assert found.inked.mean() > 0.95


def test_a_number_below_the_drawing_speaks_against_nothing() -> None:
    """A compound's number right below it counts as one letter, unless a candidate covers it."""
    mol = Chem.MolFromSmiles("CCCCCCCC(C)C(=O)OC")
    picture = depict(mol, PLAIN, np.random.default_rng(0))
    bare = Ground.of(picture)
    lowest = int(np.nonzero((np.asarray(picture.convert("L")) < 128).any(axis=1))[0].max())
    numbered = picture.convert("L")
    font = ImageFont.truetype(styles.font_path("DejaVuSans.ttf"), 22)
    place = (picture.width // 2, min(lowest + 3, picture.height - 24))
    ImageDraw.Draw(numbered).text(place, "28b", fill=0, font=font, anchor="mt")
    ground = Ground.of(numbered)
    assert bare is not None
    assert ground is not None
    assert not bare.legend.any()
    assert int(ground.legend.sum()) == 3
    found = judged_all([mol], ground).best[0]
    plain = judged_all([mol], bare).best[0]
    assert found is not None
    assert plain is not None
    assert stray_letters(found[0], ground) == 1
    assert found[1] > plain[1] - 8.0


def test_fewer_ions_do_not_win() -> None:
    """They stand near enough to each other that one's place covers another's letters."""
    mols = [Chem.MolFromSmiles(".".join(["[Ag]"] * count)) for count in (5, 4)]
    picture = depict(mols[0], PLAIN, np.random.default_rng(0))
    found = Picture().rerank(signal_of(picture), mols)
    assert found[0] > found[1]


def test_layouts_do_not_change_the_molecule() -> None:
    mol = Chem.MolFromSmiles("COc1ccccc1")
    before = mol.ToBinary()
    ground = Ground.of(depict(mol, PLAIN, np.random.default_rng(0)))
    assert ground is not None
    assert tried(layouts(mol), ground, 0.0).ways
    assert mol.ToBinary() == before


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0, 70.0])
def test_the_length_of_lines_does_not_depend_on_their_width(width: int, angle: float) -> None:
    page = Image.new("L", (400, 400))
    step = 150 * np.exp(1j * np.deg2rad(angle))
    ends = [(200 + s * step.real, 200 + s * step.imag) for s in (-1, 1)]
    ImageDraw.Draw(page).line(ends, fill=255, width=width)
    assert line_length(np.asarray(page) > 127) == pytest.approx(300, rel=0.3)


def test_isomers_lend_each_other_their_places() -> None:
    """Bonds lie on the same lines wherever the letters are; a chain with one bond more lends none."""
    drawn, isomer, longer = (Chem.MolFromSmiles(s) for s in ("CCOCCN", "CCNCCO", "CCOCCCN"))
    ground = Ground.of(depict(drawn, PLAIN, np.random.default_rng(0)))
    assert ground is not None
    right, other = (laid_out(mol, ground) for mol in (drawn, longer))
    assert right is not None
    layout = next(layouts(isomer))
    wrong = judged(layout, right.at + 3 * right.unit, ground)
    found = lent([right, wrong, other], ground)
    assert other is not None
    for own, one in ((found[0], right), (found[2], other)):  # but its own, the other way round
        assert [laid.at.tolist() for laid in own] == [one.at[::-1].tolist()]
    assert max(laid.quality for laid in found[1]) > 0.9


def test_a_ring_is_turned_by_one_atom_until_its_letters_agree() -> None:
    """Its strokes fit at twelve turns, each plain and mirrored; the letters fit at two of these."""
    texts = ("C1CSCCOCCSCCO1", "C1CCCOCC1", "C1COCCOCCOCCO1")
    mols = [Chem.MolFromSmiles(text) for text in texts]
    for angle in (0.0, 40.0, 130.0, 220.0):
        style = replace(PLAIN, rotate=angle, mirror=angle > 90)
        picture = depict(mols[0], style, np.random.default_rng(0))
        scores = Picture().rerank(signal_of(picture), mols)
        assert scores[0] > scores[1:].max(), dict(zip(texts, scores.round(2), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_what_hangs_on_a_crowded_atom_may_stand_in_any_order(seed: int) -> None:
    texts = ("CCCS(=O)(=O)CS(=O)(=O)C(F)(F)C(F)(F)F", "CCCS(=O)(=O)NS(=O)(=O)C(F)(F)C(F)(F)F")
    mols = [Chem.MolFromSmiles(text) for text in texts]
    picture = depict(mols[0], replace(PLAIN, shuffle=True), np.random.default_rng(seed))
    scores = Picture().rerank(signal_of(picture), mols)
    assert scores[0] > scores[1], dict(zip(texts, scores.round(2), strict=True))


def test_salts_are_refined_where_their_strokes_fit() -> None:
    """Oxalates may lie the wrong way round at first: much seems to speak against the right answer."""
    texts = (
        "O=C([O-])C(=O)[O-].O=C([O-])C(=O)[O-].O=C([O-])C(=O)[O-].[Bi+3].[Bi+3]",
        "O=C([O-])OC(=O)[O-].O=C([O-])OC(=O)[O-].[Ca+2].[Mg+2]",
    )
    mols = [Chem.MolFromSmiles(text) for text in texts]
    ground = Ground.of(depict(mols[0], PLAIN, np.random.default_rng(0)))
    assert ground is not None
    found = judged_all(mols, ground).best
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][1] > found[1][1] - 15  # 120 less while only what lies near the best was refined
