"""What happens to a drawing on its way: printing, scanning, photographing, compressing.

Two families without a common effect, as in ``styles``: ``train`` and ``held_out``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from acml_plugin_image.styles import Family

Rng = np.random.Generator
Effect = Callable[[Image.Image, Rng], Image.Image]

CLEAN = 0.3
"""Share of pictures that stay as they were drawn."""

GREY = 0.5
"""Share of the others that lose their colours."""

MAX_EFFECTS = 3


def degrade(picture: Image.Image, effects: Sequence[Effect], rng: Rng) -> Image.Image:
    """The picture after up to ``MAX_EFFECTS`` random effects in their order; the size may change."""
    if rng.random() < CLEAN:
        return picture
    if rng.random() < GREY:
        picture = picture.convert("L")
    count = int(rng.integers(1, MAX_EFFECTS + 1))
    for i in sorted(rng.choice(len(effects), size=count, replace=False)):
        picture = effects[i](picture, rng)
    return picture


# ---- train --------------------------------------------------------------------------------------


def skew(picture: Image.Image, rng: Rng) -> Image.Image:
    """Laid crookedly on the scanner: turned by a few degrees, sheared a little."""
    angle, shear = np.radians(rng.uniform(-7, 7)), rng.uniform(-0.08, 0.08)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) * 1.06
    centre = np.array(picture.size) / 2
    a, b = matrix
    shift = centre - matrix @ centre
    data = (a[0], a[1], shift[0], b[0], b[1], shift[1])
    fill = picture.getpixel((0, 0))
    mode, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return picture.transform(picture.size, mode, data, bilinear, fillcolor=fill)


def shrink(picture: Image.Image, rng: Rng) -> Image.Image:
    """Low resolution."""
    share = rng.uniform(0.45, 0.8)
    width, height = (max(64, int(side * share)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def fade(picture: Image.Image, rng: Rng) -> Image.Image:
    """Pale ink on greyish paper."""
    low, high = rng.uniform(0, 110), rng.uniform(200, 255)
    table = np.linspace(low, high, 256).astype(np.uint8).tolist()
    return picture.point(table * len(picture.getbands()))


def gradient(picture: Image.Image, rng: Rng) -> Image.Image:
    """Light from one side."""
    values = np.asarray(picture, dtype=np.float32)
    ends = rng.uniform(0.65, 1.0, 4)
    rows = np.linspace(ends[0], ends[1], values.shape[0], dtype=np.float32)
    columns = np.linspace(ends[2], ends[3], values.shape[1], dtype=np.float32)
    light = rows[:, None] * columns[None, :]
    return _image(values * (light if values.ndim == 2 else light[..., None]))


def paper(picture: Image.Image, rng: Rng) -> Image.Image:
    """Uneven paper: smooth noise of a random grain."""
    values = np.asarray(picture, dtype=np.float32)
    grain = int(rng.integers(2, 16))
    height, width = values.shape[:2]
    coarse = rng.normal(0, rng.uniform(3, 14), (height // grain + 2, width // grain + 2))
    smooth = Image.fromarray(coarse.astype(np.float32)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    texture = np.asarray(smooth)
    return _image(values + (texture if values.ndim == 2 else texture[..., None]))


def blur(picture: Image.Image, rng: Rng) -> Image.Image:
    """Out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.3)))


def noise(picture: Image.Image, rng: Rng) -> Image.Image:
    """Noise of a sensor."""
    values = np.asarray(picture, dtype=np.float32)
    return _image(values + rng.normal(0, rng.uniform(3, 20), values.shape))


def threshold(picture: Image.Image, rng: Rng) -> Image.Image:
    """Scanned as black and white: ink is what differs clearly enough from the paper."""
    grey = picture.convert("L")
    ends = np.percentile(np.asarray(grey), (0.5, 50))
    limit = ends[0] + (ends[1] - ends[0]) * rng.uniform(0.45, 0.85)
    return grey.point([0 if value < limit else 255 for value in range(256)])


def compress(picture: Image.Image, rng: Rng) -> Image.Image:
    """JPEG."""
    return _jpeg(picture, int(rng.integers(25, 75)))


# ---- held out -----------------------------------------------------------------------------------


def perspective(picture: Image.Image, rng: Rng) -> Image.Image:
    """Photographed from the side."""
    width, height = picture.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    moved = corners + rng.uniform(-0.06, 0.06, (4, 2)) * [width, height]
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    data = np.linalg.solve(np.array(rows), np.array(values)).tolist()
    fill = picture.getpixel((0, 0))
    mode, bicubic = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    return picture.transform(picture.size, mode, data, bicubic, fillcolor=fill)


def turn(picture: Image.Image, rng: Rng) -> Image.Image:
    """Upside down, or on its side."""
    return picture.rotate(90 * int(rng.integers(1, 4)))


def thicken(picture: Image.Image, rng: Rng) -> Image.Image:
    """Too much toner: the darkest of each pixel's neighbours."""
    return picture.filter(ImageFilter.MinFilter(3))


def motion(picture: Image.Image, rng: Rng) -> Image.Image:
    """A shaking hand: smeared along one direction."""
    kernel = np.zeros((5, 5))
    step = [(0, 1), (1, 0), (1, 1), (1, -1)][rng.integers(4)]
    for i in range(-2, 3):
        kernel[2 + i * step[0], 2 + i * step[1]] = 1
    return picture.filter(ImageFilter.Kernel((5, 5), kernel.ravel().tolist()))


def vignette(picture: Image.Image, rng: Rng) -> Image.Image:
    """Darker towards the corners, around a random centre."""
    values = np.asarray(picture, dtype=np.float32)
    height, width = values.shape[:2]
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    cx, cy = rng.uniform(-0.4, 0.4, 2)
    light = 1 - rng.uniform(0.1, 0.25) * ((x - cx) ** 2 + (y - cy) ** 2)
    return _image(values * (light if values.ndim == 2 else light[..., None]))


def scan_lines(picture: Image.Image, rng: Rng) -> Image.Image:
    """Every few rows a little darker, as on a screen."""
    values = np.array(picture, dtype=np.float32)
    values[:: int(rng.integers(2, 6))] *= rng.uniform(0.75, 0.92)
    return _image(values)


def show_through(picture: Image.Image, rng: Rng) -> Image.Image:
    """The other side of the page: the picture itself, mirrored and turned, faintly."""
    back = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(
        float(rng.uniform(0, 360)), fillcolor=picture.getpixel((0, 0))
    )
    return Image.blend(picture, back, rng.uniform(0.05, 0.12))


def speckle(picture: Image.Image, rng: Rng) -> Image.Image:
    """Dust and dead pixels: salt and pepper."""
    values = np.array(picture)
    hit = rng.random(values.shape[:2])
    share = rng.uniform(0.001, 0.01)
    values[hit < share] = 0
    values[hit > 1 - share] = 255
    return _image(values)


def dither(picture: Image.Image, rng: Rng) -> Image.Image:
    """A fax: two levels, Floyd-Steinberg."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=(0.5, 40))  # paper becomes white
    return grey.convert("1").convert("L")


def quantise(picture: Image.Image, rng: Rng) -> Image.Image:
    """GIF with few colours."""
    return picture.convert("RGB").quantize(int(rng.integers(3, 9))).convert("RGB")


def compress_hard(picture: Image.Image, rng: Rng) -> Image.Image:
    """JPEG at its worst."""
    return _jpeg(picture, int(rng.integers(8, 20)))


TRAIN: tuple[Effect, ...] = (
    skew,
    shrink,
    fade,
    gradient,
    paper,
    blur,
    noise,
    threshold,
    compress,
)
"""In the order in which they happen."""

HELD_OUT: tuple[Effect, ...] = (
    thicken,
    show_through,
    dither,
    quantise,
    speckle,
    turn,
    perspective,
    motion,
    vignette,
    scan_lines,
    compress_hard,
)

EFFECTS: Mapping[Family, tuple[Effect, ...]] = {"train": TRAIN, "held_out": HELD_OUT}


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    result = Image.open(buffer)
    result.load()
    return result


def _image(values: np.ndarray) -> Image.Image:
    """Grey (H, W) or colour (H, W, 3) values, 0 to 255, cut where they are outside."""
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
