"""The ink map does not depend on colours, light, size or damage that leaves the structure."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.ink import background, bounding_box, drawn
from acml_plugin_image.modality import Picture
from acml_plugin_image.prepare import fit, ink_map
from acml_plugin_image.signal import ImageSignal
from PIL import Image, ImageOps
from pydantic import ValidationError
from scipy.ndimage import uniform_filter

from acml_core.data import table

FILES = Path(__file__).parent / "files"
SIZE, MARGIN = 144, 0.04
BLUR = 5
"""Pixels."""


@pytest.fixture
def picture() -> Image.Image:
    return Image.open(FILES / "paracetamol.png").convert("RGB")


def like(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two ink maps, both blurred: a line that moves by a pixel is the same line."""
    a, b = (uniform_filter(x.astype(float), BLUR).ravel() for x in (one, other))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


@pytest.fixture
def expected(picture: Image.Image) -> np.ndarray:
    return ink_map(picture, SIZE, MARGIN)


def test_shape_type_and_margin(expected: np.ndarray) -> None:
    assert expected.shape == (SIZE, SIZE)
    assert expected.dtype == np.uint8
    border = round(MARGIN * SIZE) - 1
    assert not expected[:border].any()
    assert not expected[:, :border].any()
    columns = np.flatnonzero(expected.any(axis=0))
    assert np.ptp(columns) + 1 == pytest.approx((1 - 2 * MARGIN) * SIZE, abs=3)


def test_inverted_picture_is_the_same(picture: Image.Image, expected: np.ndarray) -> None:
    assert like(ink_map(ImageOps.invert(picture), SIZE, MARGIN), expected) > 0.999


def test_upside_down_is_turned_ink(picture: Image.Image, expected: np.ndarray) -> None:
    turned = ink_map(picture.rotate(180), SIZE, MARGIN)
    assert like(np.rot90(turned, 2), expected) > 0.93


@pytest.mark.parametrize("factor", [0.5, 2.5, 6.0])
def test_size_does_not_matter(picture: Image.Image, expected: np.ndarray, factor: float) -> None:
    size = tuple(round(side * factor) for side in picture.size)
    resized = picture.resize(size, Image.Resampling.BICUBIC)
    assert like(ink_map(resized, SIZE, MARGIN), expected) > 0.93


def test_uneven_light_is_taken_out(picture: Image.Image, expected: np.ndarray) -> None:
    values = np.asarray(picture, dtype=float)
    rows = np.linspace(0.55, 1.0, values.shape[0])[:, None, None]
    dim = Image.fromarray((values * rows).astype(np.uint8))
    assert like(ink_map(dim, SIZE, MARGIN), expected) > 0.95


def test_yellow_on_white_is_ink() -> None:
    values = np.full((100, 100, 3), 255, np.uint8)
    values[40:60, 30:70] = (255, 255, 0)
    assert ink_map(Image.fromarray(values), SIZE, MARGIN).max() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16", "F"])
def test_modes(picture: Image.Image, expected: np.ndarray, mode: str) -> None:
    if mode == "I;16":
        grey = np.asarray(picture.convert("L")).astype(np.uint16) * 200
        changed = Image.fromarray(grey)
    elif mode == "F":
        changed = Image.fromarray(np.asarray(picture.convert("L")).astype(np.float32) / 7)
    else:
        changed = picture.convert(mode)
    assert like(ink_map(changed, SIZE, MARGIN), expected) > 0.8


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255)])
def test_transparent_paper(expected: np.ndarray, picture: Image.Image, ink: tuple) -> None:
    """Black or white ink on nothing."""
    alpha = 255 - np.asarray(picture.convert("L"))
    values = np.zeros((*alpha.shape, 4), np.uint8)
    values[..., :3] = ink
    values[..., 3] = alpha
    assert like(ink_map(Image.fromarray(values), SIZE, MARGIN), expected) > 0.9


def test_specks_do_not_move_the_box() -> None:
    values = np.full((200, 200), 255, np.uint8)
    values[80:120, 80:84] = 0
    values[80:84, 80:120] = 0
    values[2, 3] = values[190, 5] = 0
    ink = values < 128
    assert bounding_box(ink) == (80, 120, 80, 120)
    assert bounding_box(np.zeros((5, 5), bool)) is None


def test_pale_letters_at_the_rim_are_in_the_box() -> None:
    """As sulphur's yellow is in a grey copy; dust as pale is not."""
    ink = np.zeros((200, 200))
    ink[60:120, 60:120] = 1.0
    ink[85:95, 150:156] = 0.22
    assert bounding_box(drawn(ink)) == (60, 120, 60, 156)
    ink[40:160:20, 10:190:20] = 0.22
    ink[40:160:20, 11:191:20] = 0.22
    assert bounding_box(drawn(ink)) == (60, 120, 60, 156)


def test_what_lies_around_the_box_is_shown_where_asked() -> None:
    """A smudge that is too pale for the box is in the border; the box itself is as before."""
    pixels = np.full((100, 140), 255, dtype=np.uint8)
    pixels[40:60, 40:100] = 0
    pixels[45:50, 110:112] = 195
    shown = Image.fromarray(pixels)
    inner, (factor, dx, dy) = fit(shown, 120, 0.0)
    whole, (factor_again, dx_again, dy_again) = fit(shown, 120, 0.0, 30)
    assert whole.shape == (180, 180)
    assert (factor_again, dx_again, dy_again) == pytest.approx((factor, dx + 30, dy + 30), abs=1e-6)
    away = np.abs(whole[30:150, 30:150].astype(int) - inner)
    assert np.median(away[inner > 0]) < 1  # edges are softer where something lies around them
    x, y = factor * 111 + dx + 30, factor * 47.5 + dy + 30
    assert whole[round(y), round(x)] > 20
    assert not fit(Image.new("L", (50, 50), 255), 120, 0.0, 30)[0].any()


def test_background_follows_a_slope() -> None:
    y, x = np.mgrid[0:1:72j, 0:1:72j]
    surface = 120 + 60 * x - 30 * y
    thumb = surface[..., None].copy()
    thumb[30:34, 10:60] = 0  # a bond
    one, fy, fx, *_ = background(thumb)[0]
    assert [one, fy, fx] == pytest.approx([120, -30, 60], abs=6)


def test_blank_gives_zeros() -> None:
    rng = np.random.default_rng(0)
    noise = np.clip(rng.normal(250, 1.0, (200, 200)), 0, 255).astype(np.uint8)
    for values in (np.full((200, 200), 255, np.uint8), np.zeros((10, 10), np.uint8), noise):
        assert ink_map(Image.fromarray(values), SIZE, MARGIN).sum() < 255 * 20


def test_augmentation_changes_pictures_and_keeps_their_ink() -> None:
    plugin = Picture(ImageConfig())
    items = [
        plugin.prepare(ImageSignal(image=(FILES / "paracetamol.png").read_bytes()))
        for _ in range(6)
    ]
    plain = plugin.collate(items, train=False)["image"]
    assert plain.dtype == torch.uint8
    torch.manual_seed(0)
    first = plugin.augment(plugin.collate(items, train=True))["image"]
    torch.manual_seed(0)
    assert torch.equal(plugin.augment(plugin.collate(items, train=True))["image"], first)
    assert first.shape == plain.shape
    assert 0 <= float(first.min()) <= float(first.max()) <= 255
    assert not torch.equal(first[0], first[1])
    share = first.sum() / plain.sum()
    assert 0.4 < float(share) < 3, "augmentation removes or invents too much ink"


def test_a_signal_must_be_a_picture() -> None:
    with pytest.raises(ValidationError, match="PNG"):
        ImageSignal(image=b"##TITLE=ethanol")
    with pytest.raises(ValidationError, match="cannot be decoded"):
        ImageSignal(image=(FILES / "paracetamol.png").read_bytes()[:5000])
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "BMP")
    assert not ImageSignal(image=buffer.getvalue()).missing


def test_damage_inside_a_picture_of_a_table_is_a_reject(tmp_path: Path) -> None:
    """A training table with damaged pictures is read, and what is read can be prepared."""
    good = (FILES / "paracetamol.png").read_bytes()
    inside = bytearray(good)
    inside[len(good) // 2 : len(good) // 2 + 40] = bytes(40)
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    size = b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    bomb = good[:12] + size + good[12 + len(size) :]
    path = tmp_path / "pictures.parquet"
    pictures = [good, bytes(inside), good[:-2000] + good[-12:], bomb]
    pq.write_table(pa.table({"smiles": ["C", "CC", "CCC", "CCCC"], "image": pictures}), path)
    found = table.read(path, ImageSignal)
    assert [one.smiles for one in found.signals] == ["C"]
    assert [reject.row for reject in found.rejects] == [2, 3, 4]
    assert "cannot be decoded" in found.rejects[0].reason
    assert "cannot be decoded" in found.rejects[1].reason
    assert "more than 64 million" in found.rejects[2].reason
    assert Picture(ImageConfig()).prepare(found.signals[0])["image"].any()
