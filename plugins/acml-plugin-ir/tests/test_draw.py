"""The picture: wavenumbers fall to the right, units on both axes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from acml_plugin_ir.draw import draw
from acml_plugin_ir.read import read
from acml_plugin_ir.signal import IrSignal

from acml_core.errors import BadInput

FILES = Path(__file__).parent / "files"


def labels(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize(
    ("source", "ordinate"),
    [
        (FILES / "acetone.jdx", "absorbance"),
        (FILES / "ethanol.csv", "transmittance [%]"),
        ("IR (KBr) 3310 (br), 1720 (s), 1605 cm-1", "strength"),
    ],
)
def test_axes(source, ordinate):
    (signal,) = read(source)
    figure = draw(signal)
    (axes,) = figure.axes
    left, right = axes.get_xlim()
    assert left > right
    assert "cm" in axes.get_xlabel()
    assert axes.get_ylabel() == ordinate
    figure.savefig(io.BytesIO(), format="png")


def test_the_strongest_band_is_labelled():
    (signal,) = read(FILES / "acetone.jdx")
    top = signal.wavenumber[signal.absorbance.index(max(signal.absorbance))]
    assert f"{top:.0f}" in labels(draw(signal).axes[0])


def test_every_listed_band_is_labelled():
    (signal,) = read("IR (KBr) 3310 (br), 1720 (s), 1605 cm-1")
    assert labels(draw(signal).axes[0]) == ["1605", "1720 s", "3310 br"]


def test_nothing_to_draw():
    with pytest.raises(BadInput, match="nothing to draw"):
        draw(IrSignal())
