"""How a structure may be drawn: two families of styles that share no font, palette or line width.

``train`` is what the encoder learns from, ``held_out`` what it is tested with: other fonts, line
widths, label sizes, colours, backgrounds and (in ``degrade``) other damage to the picture. What the
chemistry itself needs (layout, rotation, abbreviations, stereo labels) is in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

Family = Literal["train", "held_out"]
Colour = tuple[float, float, float]

BUILTIN_FONTS = ("BuiltinTelexRegular", "BuiltinRobotoRegular")
TRAIN_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "cmss10.ttf")
HELD_OUT_FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSansMono.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralBol.ttf",
    "DejaVuSans-Oblique.ttf",
    "cmr10.ttf",
)
"""Files in the font folder of matplotlib, which acml-core depends on."""

WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Style:
    """One way to draw a structure.

    Attributes:
        size: side of the square picture [px].
        layout: which program places the atoms.
        shuffle: number the atoms anew before the layout, which then comes out another way.
        mirror: mirror the layout; the labels stay readable.
        rotate: of the layout, labels upright [degree].
        line: width of bonds [px].
        font: a built-in name of RDKit or a font file.
        font_size: height of labels [bond lengths].
        label_padding: free space around labels [label sizes].
        offset: between the lines of a double bond [bond lengths].
        margin: free border [share of the picture].
        palette: "bw", "default", "cdk", "avalon", or one colour for everything.
        background: red, green, blue, 0 to 1.
        acs: bond and label sizes of the ACS's guidelines of 1996.
        comic: hand-drawn look.
        split_bonds: two-coloured bonds are drawn as two lines.
        aromatic: how aromatic rings are shown.
        abbreviate: largest share of atoms that abbreviations (Ph, OMe, CF3) may cover; 0 for none.
        labels: which carbons are spelt out.
        hydrogens: draw every hydrogen atom (small molecules only).
        stereo_labels: print R, S, E and Z.
        unknown_stereo: wavy and crossed bonds where the stereochemistry is not stated.
        legend: text below the structure.
    """

    size: int
    layout: Literal["rdkit", "coordgen"]
    shuffle: bool
    mirror: bool
    rotate: float
    line: float
    font: str
    font_size: float
    label_padding: float
    offset: float
    margin: float
    palette: str | Colour
    background: Colour
    acs: bool
    comic: bool
    split_bonds: bool
    aromatic: Literal["kekule", "dashed", "circle"]
    abbreviate: float
    labels: Literal["none", "methyl", "all"]
    hydrogens: bool
    stereo_labels: bool
    unknown_stereo: bool
    legend: str


PLAIN = Style(
    size=300,
    layout="rdkit",
    shuffle=False,
    mirror=False,
    rotate=0.0,
    line=2.0,
    font=BUILTIN_FONTS[0],
    font_size=0.55,
    label_padding=0.05,
    offset=0.16,
    margin=0.06,
    palette="bw",
    background=WHITE,
    acs=False,
    comic=False,
    split_bonds=False,
    aromatic="kekule",
    abbreviate=0.0,
    labels="none",
    hydrogens=False,
    stereo_labels=False,
    unknown_stereo=False,
    legend="",
)
"""A drawing as papers have it, from which others differ."""


def sample(rng: np.random.Generator, family: Family) -> Style:
    """A random style of a family."""
    return _train(rng) if family == "train" else _held_out(rng)


def _train(rng: np.random.Generator) -> Style:
    fonts = (*BUILTIN_FONTS, *BUILTIN_FONTS, *map(font_path, TRAIN_FONTS))
    palette: str | Colour = "bw"
    if _chance(rng, 0.45):
        palette = "default"
    elif _chance(rng, 0.1):
        palette = _colour(rng, 0.0, 0.45)
    return Style(
        size=int(rng.integers(160, 261)),
        rotate=_rotation(rng, 30.0),
        line=float(rng.uniform(1.0, 2.5)),
        font=fonts[rng.integers(len(fonts))],
        font_size=float(rng.uniform(0.45, 0.7)),
        label_padding=float(rng.uniform(0.0, 0.1)),
        offset=float(rng.uniform(0.12, 0.19)),
        margin=float(rng.uniform(0.02, 0.12)),
        palette=palette,
        background=WHITE if _chance(rng, 0.85) else _colour(rng, 0.82, 1.0),
        acs=_chance(rng, 0.08),
        comic=_chance(rng, 0.04),
        **_chemistry(rng),
    )


def _held_out(rng: np.random.Generator) -> Style:
    fonts = tuple(map(font_path, HELD_OUT_FONTS))
    dark = _chance(rng, 0.15)
    light_ink = _colour(rng, 0.75, 1.0)
    dark_ink = _colour(rng, 0.0, 0.5)
    palette: str | Colour = light_ink if dark else dark_ink
    if not dark and _chance(rng, 0.6):
        palette = "cdk" if _chance(rng, 0.5) else "avalon"
    thin = _chance(rng, 0.3)
    return Style(
        size=int(rng.integers(300, 461)),
        rotate=_rotation(rng, 15.0),
        line=float(rng.uniform(0.7, 0.95) if thin else rng.uniform(2.7, 4.0)),
        font=fonts[rng.integers(len(fonts))],
        font_size=float(rng.uniform(0.72, 0.8) if _chance(rng, 0.5) else rng.uniform(0.4, 0.44)),
        label_padding=float(rng.uniform(0.11, 0.18)),
        offset=float(rng.uniform(0.195, 0.22)),
        margin=float(rng.uniform(0.13, 0.2)),
        palette=palette,
        background=_colour(rng, 0.0, 0.2) if dark else _colour(rng, 0.75, 1.0),
        acs=False,
        comic=False,
        **_chemistry(rng),
    )


def _chemistry(rng: np.random.Generator) -> dict[str, Any]:
    """What both families vary alike."""
    draw = rng.random()
    labels = rng.random()
    return {
        "layout": "coordgen" if _chance(rng, 0.3) else "rdkit",
        "shuffle": _chance(rng, 0.3),
        "mirror": _chance(rng, 0.5),
        "split_bonds": _chance(rng, 0.1),
        "aromatic": "circle" if draw < 0.1 else "dashed" if draw < 0.12 else "kekule",
        "abbreviate": float(rng.uniform(0.3, 0.6)) if _chance(rng, 0.15) else 0.0,
        "labels": "methyl" if labels < 0.2 else "all" if labels < 0.23 else "none",
        "hydrogens": _chance(rng, 0.02),
        "stereo_labels": _chance(rng, 0.04),
        "unknown_stereo": _chance(rng, 0.04),
        "legend": _legend(rng) if _chance(rng, 0.05) else "",
    }


def _rotation(rng: np.random.Generator, step: float) -> float:
    """Half of the structures lie on multiples of ``step``, the others anyhow [degree]."""
    if _chance(rng, 0.5):
        return step * float(rng.integers(round(360 / step)))
    return float(rng.uniform(0, 360))


def _legend(rng: np.random.Generator) -> str:
    """A compound number as in papers: "7", "12a", "(31)"."""
    text = str(rng.integers(1, 60)) + ("abcdef"[rng.integers(6)] if _chance(rng, 0.5) else "")
    return f"({text})" if _chance(rng, 0.3) else text


def _colour(rng: np.random.Generator, low: float, high: float) -> Colour:
    """Red, green and blue, each between two bounds."""
    red, green, blue = rng.uniform(low, high, 3)
    return (float(red), float(green), float(blue))


def _chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


@cache
def font_path(name: str) -> str:
    """Path of one of matplotlib's fonts; RDKit's own where it is not there."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    return str(path) if path.is_file() else BUILTIN_FONTS[0]
