"""The picture of a peak list: axes, labels, legend."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from acml_plugin_nmr.draw import _spread, draw
from acml_plugin_nmr.signal import NmrSignal

from acml_core.errors import BadInput

BOTH = NmrSignal(
    shifts_13c=(166.7, 131.6, 131.6, 60.3, 14.4),
    multiplicity_13c=("S", "D", "D", "T", "Q"),
    shifts_1h=(7.86, 4.31, 1.34, 4.04),
    multiplicity_1h=("d", "q", "t", ""),
    integral_1h=(2.0, 2.0, 3.0, 0.0),
    solvent="CDCl3",
)


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def labels(axes):
    return [text.get_text() for text in axes.texts]


def test_one_panel_a_nucleus_with_falling_ppm():
    axes = draw(BOTH).axes
    assert [one.get_xlabel() for one in axes] == [
        "13C chemical shift [ppm]",
        "1H chemical shift [ppm]",
    ]
    for one in axes:
        left, right = one.get_xlim()
        assert left > right
    assert axes[0].get_title(loc="left") == "CDCl3"
    assert [one.get_xlabel() for one in draw(BOTH.only(["shifts_13c"])).axes] == [
        "13C chemical shift [ppm]"
    ]


def test_legend_and_labels_name_multiplicity_and_count():
    carbon, proton = draw(BOTH).axes
    assert legend(carbon) == ["C", "CH", "CH$_2$", "CH$_3$"]
    assert sorted(labels(carbon)) == sorted(["166.7", "131.6 ×2", "60.3", "14.4"])
    assert legend(proton) == ["d", "t", "q", "not known"]
    assert "1.34 (3H, t)" in labels(proton)
    assert "4.04" in labels(proton)


def test_1h_sticks_are_as_high_as_their_integral():
    proton = draw(BOTH).axes[1]
    sticks = {line.get_xdata()[0]: line for line in proton.lines if len(line.get_xdata()) == 2}
    assert sticks[1.34].get_ydata()[1] == 3
    assert sticks[7.86].get_ydata()[1] == 2
    assert sticks[4.04].get_linestyle() == "--"


def test_png_is_written_and_shows_colour():
    file = io.BytesIO()
    draw(BOTH).savefig(file, format="png")
    from matplotlib.image import imread

    file.seek(0)
    pixels = imread(file)
    assert pixels.shape[0] > 300
    assert len({tuple(p) for p in pixels.reshape(-1, pixels.shape[-1])[::7]}) > 10


def test_crowded_labels_do_not_overlap_and_stay_inside():
    crowded = NmrSignal(shifts_13c=tuple(round(127 + 0.1 * i, 1) for i in range(60)))
    figure = draw(crowded)
    figure.canvas.draw()
    (axes,) = figure.axes
    boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.x0)
    assert len(boxes) == 60
    assert all(a.x1 <= b.x0 + 0.5 for a, b in pairwise(boxes))
    frame = figure.bbox
    assert boxes[0].x0 >= frame.x0
    assert boxes[-1].x1 <= frame.x1
    assert max(box.y1 for box in boxes) <= frame.y1


def test_the_longest_labels_stay_inside():
    signal = NmrSignal(shifts_1h=(12.34,), multiplicity_1h=("br s",), integral_1h=(12.0,))
    figure = draw(signal)
    figure.canvas.draw()
    assert figure.axes[0].texts[0].get_window_extent().y1 <= figure.bbox.y1


def test_more_peaks_than_any_page_holds_are_drawn_without_labels():
    figure = draw(NmrSignal(shifts_13c=tuple(i * 0.4 for i in range(500))))
    assert labels(figure.axes[0]) == ["500 peaks: too many to label"]


def test_spread_moves_labels_as_little_as_possible():
    assert _spread([1.0, 5.0], 1.0, (0, 10)) == [1.0, 5.0]
    assert _spread([5.0, 5.0], 1.0, (0, 10)) == [4.5, 5.5]
    assert _spread([0.0, 0.0, 0.1], 1.0, (0, 10)) == [0.5, 1.5, 2.5]
    assert _spread([9.9, 10.0], 1.0, (0, 10)) == [8.5, 9.5]


def test_no_peaks_is_a_clear_error():
    with pytest.raises(BadInput, match="no peaks"):
        draw(NmrSignal(solvent="CDCl3"))
