"""Settings of learning a property."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from acml_core.config import Settings

Mode = Literal["full", "probe", "boosting"]
Way = Literal["chosen", "free", "careful"]


class FinetuneConfig(Settings):
    """Settings of ``acml finetune``; all but the first two concern the mode ``full``."""

    mode: Mode = Field(
        "full",
        description="full: encoder and head learn; probe: a linear model on the frozen encoder;"
        " boosting: gradient-boosted trees on the frozen encoder",
    )
    fingerprint: bool = Field(
        False, description="ECFP4 bits beside the readout; of a frozen encoder"
    )
    head_epochs: int = Field(
        0, ge=0, description="passes in which the head alone learns, before the encoder joins"
    )
    epochs: int = Field(12, ge=1, description="passes over the training molecules, at most")
    way: Way = Field(
        "chosen",
        description="free: a new head and the encoder learn freely; careful: both change little, from"
        " a linear model on the frozen encoder; chosen: the first seed or member tries both, and"
        " validation chooses for all of them",
    )
    careful_epochs: int = Field(6, ge=1, description="the same of the careful way")
    careful_lr: float = Field(
        1e-4, gt=0, description="highest learning rate of the careful way, of encoder and head"
    )
    max_samples: int = Field(
        35_000,
        ge=1,
        description="molecules looked at in all, at most: large tables get fewer epochs",
    )
    batch_size: int = Field(64, ge=2, description="molecules a step")
    lr: float = Field(1e-3, gt=0, description="highest learning rate of the head")
    encoder_lr: float = Field(3e-4, gt=0, description="highest learning rate of the graph encoder")
    weight_decay: float = Field(0.01, ge=0, description="AdamW's, on matrices only")
    dropout: float = Field(0.2, ge=0, lt=1, description="before each layer of the head")
    warmup: float = Field(0.1, ge=0, lt=1, description="share of the run that warms up")
    clip: float = Field(1.0, gt=0, description="largest gradient norm")
    patience: int = Field(4, ge=1, description="epochs without a better validation before the end")
    average: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="of the moving average of weights, per epoch's tenth; 0 for none",
    )
    max_class_weight: float = Field(
        10.0, ge=1, description="largest weight of the rare class against the frequent one"
    )

    @model_validator(mode="after")
    def _fits(self) -> FinetuneConfig:
        if self.fingerprint and self.mode == "full":
            raise ValueError("fingerprint = true needs mode = probe or boosting")
        return self
