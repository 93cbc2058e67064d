"""What lies beside the ink is left out, and a clean drawing stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from acml_plugin_image import degrade
from acml_plugin_image.depict import depict
from acml_plugin_image.dust import (
    FEW,
    MANY,
    is_dotted,
    smeared,
    without_dust,
    without_single_pixels,
    without_stripes,
)
from acml_plugin_image.prepare import ink_map
from acml_plugin_image.styles import PLAIN
from PIL import Image
from rdkit import Chem

STYLE = replace(PLAIN, aromatic="dashed")


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return depict(Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1"), STYLE, np.random.default_rng(0))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Of two ink maps, mean over all pixels [of 255]."""
    a, b = (ink_map(each, 144, 0.04).astype(float) for each in (one, other))
    return float(np.abs(a - b).mean())


@pytest.mark.parametrize("effect", [degrade.speckle, degrade.scan_lines])
def test_ink_is_that_of_the_clean_drawing(picture: Image.Image, effect: degrade.Effect) -> None:
    for seed in range(3):
        damaged = effect(picture, np.random.default_rng(seed))
        assert difference(picture, damaged) < 5, "a shift by one pixel is 4"
        assert np.abs(np.asarray(picture, float) - np.asarray(damaged, float)).mean() > 0.1


def test_single_pixels_vanish_and_lines_stay() -> None:
    page = np.full((20, 20, 3), 200, dtype=np.uint8)
    page[5, 3:17] = 0
    spotted = page.copy()
    spotted[12, 8], spotted[15, 15] = 0, 255
    assert (without_single_pixels(spotted) == page).all()
    assert (without_single_pixels(page[..., 0]) == page[..., 0]).all()


def test_stripes_vanish_and_what_crosses_them_stays() -> None:
    page = np.zeros((40, 50))
    page[::4] -= 30
    page[:, 20] -= 10
    page[15:30, 7] -= 100
    left = without_stripes(page)
    assert np.abs(left).max(axis=0).argmax() == 7
    assert (np.abs(np.delete(left, 7, axis=1)) < 1e-9).all()
    assert (left[15:30, 7] == -100).all()


def test_a_level_line_is_no_stripe() -> None:
    page = np.zeros((40, 50))
    page[20, 5:42] = -100  # more than half of the row
    assert (without_stripes(page) == page).all()
    page[20, :] -= 30
    left = without_stripes(page)
    assert left[20, 10] < -90
    assert abs(left[20, 2]) <= 30


def test_lines_of_dots_hang_together_once_smeared() -> None:
    paper = np.full((90, 90), 225, dtype=np.uint8)
    paper[10:80, 40] = 60
    fax = np.asarray(Image.fromarray(paper).convert("1").convert("L"))
    assert is_dotted(fax, without_single_pixels(fax))
    assert not is_dotted(paper, without_single_pixels(paper))
    found = smeared(fax).astype(int)
    line, beside = found[12:78, 40], np.delete(found[12:78], [39, 40, 41], axis=1)
    assert np.median(line) < beside.mean() - 60


def test_streaks_are_dust_where_there_are_many() -> None:
    ink = np.zeros((200, 200), dtype=np.float32)
    ink[80:110, 80:110] = 1
    streaks = ink.copy()
    for y in range(3, 70, 6):
        for x in range(2, 190, 14):
            streaks[y, x : x + 12] = 0.5
    assert (streaks > 0).sum() - (ink > 0).sum() > 12 * MANY
    assert (without_dust(streaks) == ink).all()
    assert (without_dust(streaks, dotted=True) == streaks).all()


def test_dust_is_what_lies_apart_from_the_drawing() -> None:
    ink = np.zeros((120, 120), dtype=np.float32)
    ink[40:60, 40:60] = 1
    ink[50, 65] = ink[75, 50] = 1  # dots beside the drawing
    alone = ink.copy()
    alone[5, 5] = alone[118, 90] = 0.5
    assert (without_dust(alone) == ink).all()
    many = ink.copy()
    many[2:118:10, 2::9] = np.maximum(many[2:118:10, 2::9], 0.5)
    found = without_dust(many)
    assert (many > 0).sum() - (ink > 0).sum() > FEW
    assert found[75, 50] == 0, "grains need to be nearer where there are many"
    assert found[50, 65] == 1
    assert (found[40:60, 40:60] == 1).all()
    assert (found[:30] == 0).all()
    assert (without_dust(np.where(ink > 0, 0, many)) > 0).any(), "of grains alone all stay"
