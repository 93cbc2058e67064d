"""A picture beside what the encoder sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acml_plugin_image.config import ImageConfig
from acml_plugin_image.ink import flatten
from acml_plugin_image.prepare import picture, prepare
from acml_plugin_image.signal import ImageSignal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCH = (8.0, 4.2)


def draw(signal: ImageSignal, config: ImageConfig) -> Figure:
    """A matplotlib figure with two panels; axes in pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCH, layout="constrained")
    left, right = figure.subplots(1, 2)
    page = picture(signal, config)
    left.imshow(np.asarray(flatten(page)), cmap="gray", vmin=0, vmax=255)
    left.set_title(signal.origin or "picture")
    right.imshow(prepare(signal, config)["image"], cmap="gray_r", vmin=0, vmax=255)
    right.set_title("ink, as the encoder sees it")
    for axes in (left, right):
        axes.set_xlabel("x / px")
        axes.set_ylabel("y / px")
    return figure
