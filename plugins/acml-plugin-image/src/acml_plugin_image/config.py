"""Settings of the image modality."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from acml_core.modality import Settings
from acml_plugin_image.styles import Family

MIN_SIZE = 32


class ImageConfig(Settings):
    """Every number that changes ``prepare``, ``collate``, ``encoder`` or ``simulate``."""

    size: int = Field(144, ge=MIN_SIZE, le=512, description="side of the ink map [px]")
    margin: float = Field(0.04, ge=0, lt=0.4, description="free border [share of the side]")

    dim: int = Field(512, ge=8, description="length of an embedding")
    channels: tuple[int, ...] = Field(
        (16, 32, 64, 256), description="channels of the maps at strides 2, 4, 8 and 16"
    )
    middle: tuple[int, ...] = Field(
        (32, 32, 64), description="channels inside the bottlenecks at strides 4, 8 and 16"
    )
    blocks: tuple[int, ...] = Field((1, 2, 3), description="bottlenecks at strides 4, 8 and 16")

    looks: tuple[float, ...] = Field(
        (1.0,),
        min_length=1,
        description="scales, at most 1, at which a picture is seen outside training; the mean counts",
    )
    mirrored: bool = Field(
        False,
        description="outside training a picture is seen mirrored too; twice the time, the mean counts",
    )

    weights: Literal["bundled", "none"] = Field(
        "bundled",
        description="weights at the start: the bundled ones where they fit, or none",
    )
    hf_repo: str = Field(
        "",
        description="repository or folder of a transformers vision model to use as the encoder instead,"
        " such as facebook/convnextv2-atto-1k-224 (extra [hf]); dim and what follows then do not count",
    )
    hf_revision: str = Field("main", description="branch, tag or (best) commit of hf_repo")
    hf_download: bool = Field(
        False, description="fetch hf_repo where it is not in the local cache of Hugging Face"
    )
    allow_pickle: bool = Field(
        False,
        description="load hf_repo from a pickle, which can run code, if it has no safetensors",
    )
    max_megapixels: float = Field(
        64.0, gt=0, description="largest page that read takes [million pixels]"
    )

    styles: Family = Field("train", description="family of styles that simulate draws in")
    drawings: int = Field(4, ge=1, description="drawings of each molecule to train on")

    turn_degrees: float = Field(5.0, ge=0, description="training: turn, sd [degree]")
    quarter_turn: float = Field(
        0.3, ge=0, le=1, description="training: share turned by 90, 180 or 270 degrees"
    )
    mirror: float = Field(0.1, ge=0, le=1, description="training: share mirrored")
    scale: float = Field(0.2, ge=0, description="training: most shrinking")
    stretch: float = Field(0.05, ge=0, description="training: relative stretch of one axis, sd")
    shift: float = Field(0.03, ge=0, description="training: shift, sd [half sides]")
    thicken: float = Field(0.25, ge=0, le=1, description="training: share with thicker lines")
    thin: float = Field(0.1, ge=0, le=1, description="training: share with thinner lines")
    blur: float = Field(0.2, ge=0, le=1, description="training: share blurred over 3 pixels")
    bend: float = Field(0.25, ge=0, description="training: sd of log exponent of the ink")
    noise: float = Field(0.12, ge=0, description="training: most noise, of full ink")

    @property
    def max_pixels(self) -> int:
        """Largest page that ``read`` takes [px]."""
        return round(1e6 * self.max_megapixels)

    @model_validator(mode="after")
    def _stages(self) -> ImageConfig:
        if not len(self.channels) == 4 == len(self.middle) + 1 == len(self.blocks) + 1:
            raise ValueError("channels has 4 numbers, middle and blocks have 3")
        if not all(0 < scale <= 1 for scale in self.looks):
            raise ValueError("each of looks is above 0 and at most 1")
        return self
