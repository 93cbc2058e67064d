"""Readers: every format, and what is no picture."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acml_plugin_image.config import ImageConfig
from acml_plugin_image.modality import Picture
from PIL import Image
from scipy.ndimage import uniform_filter

from acml_core.errors import BadInput

FILES = Path(__file__).parent / "files"
PNG = (FILES / "paracetamol.png").read_bytes()
SVG = (FILES / "paracetamol.svg").read_text()


@pytest.fixture
def plugin() -> Picture:
    return Picture()


@pytest.fixture
def picture() -> Image.Image:
    return Image.open(io.BytesIO(PNG)).convert("RGB")


def ink(plugin: Picture, signal: object) -> np.ndarray:
    """Ink map, blurred: a line that moves by a pixel is the same line."""
    return uniform_filter(plugin.prepare(signal)["image"].astype(float), 5)


def same_structure(plugin: Picture, signal: object) -> float:
    a = ink(plugin, signal).ravel()
    b = ink(plugin, next(plugin.read(FILES / "paracetamol.png"))).ravel()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".gif", ".bmp", ".webp"])
def test_raster_formats(plugin: Picture, picture: Image.Image, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    picture.save(path)
    (signal,) = plugin.read(path)
    assert signal.origin == f"scan{suffix}:1"
    assert same_structure(plugin, signal) > 0.95


def test_content_and_not_suffix_tells(plugin: Picture, tmp_path: Path) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(PNG)
    assert len(list(plugin.read(path))) == 1


def test_pages_of_a_tiff(plugin: Picture, picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "pages.tiff"
    blank = Image.new("RGB", picture.size, "white")
    picture.save(path, save_all=True, append_images=[blank, picture.rotate(180)])
    origins = [signal.origin for signal in plugin.read(path)]
    assert origins == ["pages.tiff:1", "pages.tiff:3"], "the blank page is no query"


def test_animation_gives_its_first_frame(
    plugin: Picture, picture: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "moving.gif"
    picture.save(path, save_all=True, append_images=[picture.rotate(90), picture.rotate(180)])
    assert len(list(plugin.read(path))) == 1


def test_camera_orientation_is_followed(
    plugin: Picture, picture: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.rotate(180).save(path, exif=exif, quality=95)
    assert same_structure(plugin, next(plugin.read(path))) > 0.95


def test_svg(plugin: Picture, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    (signal,) = plugin.read(FILES / "paracetamol.svg")
    assert same_structure(plugin, signal) > 0.6
    assert next(plugin.read(SVG)).image == signal.image
    packed = tmp_path / "drawing.svgz"
    compress = zlib.compressobj(wbits=31)
    packed.write_bytes(compress.compress(SVG.encode()) + compress.flush())
    assert next(plugin.read(packed)).image == signal.image


def test_svg_opens_no_other_file(plugin: Picture, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300">'
    path = tmp_path / "reference.svg"
    path.write_text(f'{head}<image href="{secret}" width="400" height="300"/></svg>')
    with pytest.raises(BadInput, match="blank"):
        list(plugin.read(path))
    path.write_text(f'<!DOCTYPE svg [<!ENTITY a "aaaa">]>{head}&a;</svg>')
    with pytest.raises(BadInput, match="entities"):
        list(plugin.read(path))


def test_folder(plugin: Picture, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(PNG)
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "broken.png").write_bytes(PNG[:500])
    (tmp_path / "notes.txt").write_text("left alone")
    rejected: list[BadInput] = []
    origins = [one.origin for one in plugin.read(tmp_path, on_reject=rejected.append)]
    assert origins == ["a.png:1", "b.png:1"]
    assert [Path(error.source or "").name for error in rejected] == ["broken.png"]
    with pytest.raises(BadInput, match=r"broken\.png"):
        list(plugin.read(tmp_path))


def test_tables_without_smiles_are_queries(plugin: Picture, tmp_path: Path) -> None:
    (tmp_path / "beside.png").write_bytes(PNG)
    cells = [PNG, None, b"no picture"]
    pq.write_table(pa.table({"image": cells}), tmp_path / "queries.parquet")
    rejected: list[BadInput] = []
    found = list(plugin.read(tmp_path / "queries.parquet", on_reject=rejected.append))
    assert [one.origin for one in found] == ["queries.parquet:1"]
    assert rejected[0].line == 3
    text = base64.b64encode(PNG).decode()
    (tmp_path / "queries.csv").write_text(f"image,smiles\n{text},C\nbeside.png,CC\n")
    found = list(plugin.read(tmp_path / "queries.csv"))
    assert [one.smiles for one in found] == ["C", "CC"]
    assert found[0].image == found[1].image


def test_data_address(plugin: Picture) -> None:
    text = "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert len(list(plugin.read(text))) == 1
    with pytest.raises(BadInput, match="base64"):
        list(plugin.read("data:image/png;base64,***"))


# ---- what is refused ----------------------------------------------------------------------------


def test_blank_is_refused(plugin: Picture, tmp_path: Path) -> None:
    for name, colour in (("white", 255), ("black", 0), ("grey", 128)):
        path = tmp_path / f"{name}.png"
        Image.new("L", (300, 300), colour).save(path)
        with pytest.raises(BadInput, match=rf"{name}\.png: the picture is blank"):
            list(plugin.read(path))


def test_bombs_are_refused(plugin: Picture, tmp_path: Path) -> None:
    """A PNG of a few bytes that says it has 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    for side in (9_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        path = tmp_path / f"bomb{side}.png"
        body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body)
        with pytest.raises(BadInput, match="million"):
            list(plugin.read(path))


def test_size_limit_is_a_setting(picture: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    picture.save(path)
    small = Picture(ImageConfig(max_megapixels=0.01))
    with pytest.raises(BadInput, match="max_megapixels"):
        list(small.read(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("spectrum.jdx", "##TITLE=ethanol\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n"),
        ("peaks.mgf", "BEGIN IONS\nPEPMASS=195.1\n41.0 10\nEND IONS\n"),
        ("smiles.txt", "CCO ethanol\n"),
    ],
)
def test_other_measurements_are_refused(
    plugin: Picture, tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match="Give PNG, JPEG"):
        list(plugin.read(path))


def test_text_is_refused(plugin: Picture) -> None:
    with pytest.raises(BadInput, match="this text is no picture"):
        list(plugin.read("c1ccccc1 and a solvent"))


def test_a_photo_is_a_signal(plugin: Picture, tmp_path: Path) -> None:
    """Anything that shows something is a query: the answer's probability is to be low."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    path = tmp_path / "cat.jpg"
    coarse.resize((640, 480), Image.Resampling.BICUBIC).save(path)
    (signal,) = plugin.read(path)
    assert plugin.prepare(signal)["image"].any()


def test_upside_down_and_inverted(plugin: Picture, picture: Image.Image, tmp_path: Path) -> None:
    from PIL import ImageOps

    path = tmp_path / "negative.png"
    ImageOps.invert(picture).rotate(180).save(path)
    (signal,) = plugin.read(path)
    turned = np.rot90(ink(plugin, signal), 2).ravel()
    plain = ink(plugin, next(plugin.read(FILES / "paracetamol.png"))).ravel()
    assert turned @ plain / np.sqrt((turned @ turned) * (plain @ plain)) > 0.93
