"""Fill a folder with fonts for training readers: families of open licences, and relatives.

    python scripts/fonts.py FOLDER
    ACML_DATA=... python scripts/train_reader.py --fonts FOLDER

Needs npm and its registry: Fontsource packs Google's fonts, each with its licence (OFL-1.1,
Apache-2.0 or UFL-1.0). No family is one of ``styles.HELD_OUT_FONTS`` or was drawn after one: no Times
(STIX), no DejaVu, no Computer Modern. Relatives are slanted, narrower or wider, lighter or bolder.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from fontTools.misc.transform import Transform
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphCoordinates

SANS = (
    *("open-sans", "roboto-condensed", "lato", "arimo", "ubuntu", "pt-sans", "barlow"),
    *("ibm-plex-sans", "fira-sans", "nunito"),
)
SERIF = (
    *("merriweather", "lora", "pt-serif", "libre-baskerville", "eb-garamond", "crimson-text"),
    *("playfair-display", "noto-serif", "vollkorn", "bitter", "arvo", "roboto-slab"),
    *("ibm-plex-serif", "cardo", "gelasio", "spectral", "alegreya"),
)
MONO = (
    *("roboto-mono", "source-code-pro", "ibm-plex-mono", "inconsolata", "jetbrains-mono"),
    *("courier-prime", "cousine", "space-mono", "anonymous-pro", "pt-mono"),
)
FORMS = ("400-normal", "700-normal", "400-italic")

SHOWN = "ABCDEFGHIKLMNOPRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-−–±.,:()[]*'#= "
"""Characters that drawings of structures may have."""
NEEDED = "BCFHINOPRSlaeirst0123456789+-()"
"""A font without one of these is left out."""

RELATIVES = 2
"""Of each upright font, and one of each italic one."""
SLANT = 0.25
"""Shift over height, at most."""
WIDTH = 0.22
"""Log of the width's factor, at most."""
WEIGHT = 0.012
"""By which the strokes' edges move out, sd [em]."""
THINNEST = -0.004
"""The same, at least: thin strokes would vanish."""


def pack(families: tuple[str, ...], folder: Path) -> None:
    """Fontsource's packages of these families, as npm fetches them."""
    names = [f"@fontsource/{name}" for name in families]
    subprocess.run(["npm", "pack", "--silent", *names], cwd=folder, check=True)


def packed(folder: Path) -> list[tuple[str, TTFont]]:
    """Names and fonts in those packages, with the characters ``SHOWN`` alone."""
    found = []
    for path in sorted(folder.glob("*.tgz")):
        with tarfile.open(path) as file:
            for member in sorted(file.getnames()):
                name = Path(member).name
                if not name.endswith(tuple(f"-latin-{form}.woff" for form in FORMS)):
                    continue
                content = file.extractfile(member)
                assert content is not None
                font = TTFont(io.BytesIO(content.read()))
                if set(map(ord, NEEDED)) <= set(font.getBestCmap()) and "glyf" in font:
                    found.append((Path(name).stem, small(font)))
    return found


def small(font: TTFont) -> TTFont:
    options = Options()
    options.hinting, options.layout_features, options.notdef_outline = False, [], True
    subsetter = Subsetter(options)
    subsetter.populate(text=SHOWN)
    subsetter.subset(font)
    font.flavor = None
    return font


def relative(font: TTFont, slant: float, width: float, weight: float) -> TTFont:
    """A changed copy.

    Args:
        slant: shift over height.
        width: factor.
        weight: by which each edge moves out [em].
    """
    buffer = io.BytesIO()
    font.save(buffer)
    buffer.seek(0)
    result = TTFont(buffer)
    move = Transform(width, 0, slant, 1, 0, 0)
    outlines, em = result.getGlyphSet(), result["head"].unitsPerEm
    changed: dict[str, Glyph] = {}
    for name in result.getGlyphOrder():
        record, pen = DecomposingRecordingPen(outlines), TTGlyphPen(None)
        outlines[name].draw(record)
        record.replay(TransformPen(pen, move))
        changed[name] = pen.glyph()
    for name, glyph in changed.items():
        if glyph.numberOfContours > 0:
            embolden(glyph, weight * em)
            glyph.recalcBounds(result["glyf"])
        result["glyf"][name] = glyph
        advance, _ = result["hmtx"][name]
        result["hmtx"][name] = (round(advance * width), getattr(glyph, "xMin", 0))
    return result


def embolden(glyph: Glyph, step: float) -> None:
    """Move each point of the outlines along the normal there, outwards for ``step`` above 0."""
    places = np.array(glyph.coordinates, dtype=float)
    begin = 0
    for end in glyph.endPtsOfContours:
        part = places[begin : end + 1]
        if len(part) > 2:
            along = np.roll(part, -1, axis=0) - np.roll(part, 1, axis=0)
            length = np.maximum(np.hypot(*along.T), 1e-6)[:, None]
            # TrueType's outer outlines run clockwise, with the ink on their right.
            places[begin : end + 1] += step * np.stack([-along[:, 1], along[:, 0]], 1) / length
        begin = end + 1
    glyph.coordinates = GlyphCoordinates([(round(x), round(y)) for x, y in places])


def relatives(font: TTFont, upright: bool, rng: np.random.Generator) -> list[TTFont]:
    made = []
    for _ in range(RELATIVES if upright else 1):
        slant = float(rng.uniform(-0.3, 1) * SLANT) if upright and rng.random() < 0.6 else 0.0
        width = float(np.exp(rng.uniform(-WIDTH, WIDTH)))
        weight = max(float(rng.normal(0, WEIGHT)), THINNEST)
        made.append(relative(font, slant, width, weight))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--packages", type=Path, help="folder of npm's .tgz files, if fetched")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        fetched = options.packages or Path(name)
        if not options.packages:
            pack(SANS + SERIF + MONO, fetched)
        for stem, font in packed(fetched):
            font.save(options.folder / f"{stem}.ttf")
            for i, changed in enumerate(relatives(font, "normal" in stem, rng)):
                changed.save(options.folder / f"{stem}-{i}.ttf")
    print(f"{len(list(options.folder.glob('*.ttf')))} fonts in {options.folder}")


if __name__ == "__main__":
    main()
