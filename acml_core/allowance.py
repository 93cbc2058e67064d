"""A bound on the tensors that are made while a model is built from settings that a stranger wrote.

The settings of a downloaded model may ask for any width and any number of layers. What the model needs
is known before: the elements of its weights file. A model that asks for several times as much is
refused at the first tensor beyond, before its memory is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch.overrides import TorchFunctionMode

TIMES = 4
"""A model may make this many times the tensors and elements of its weights: initial values are made
apart."""

ELEMENTS_BESIDE, TENSORS_BESIDE = 1 << 24, 1 << 8
"""And this many more, for tables that are computed and not saved."""

SIZED = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn})
"""What makes a tensor of a size given as numbers or as one sequence."""

MAKING = SIZED | {torch.full, torch.eye, torch.arange}
"""All that makes a tensor from nothing."""


class TooLarge(Exception):
    """More was asked for than allowed."""


class Allowance(TorchFunctionMode):
    """Within ``with``, torch makes no more than so many tensors and elements in all.

    Raises:
        TooLarge: at the first tensor beyond.
    """

    def __init__(self, tensors: int, elements: int) -> None:
        super().__init__()
        self.tensors, self.elements = tensors, elements

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in MAKING:
            self.tensors -= 1
            self.elements -= _elements(func, args, kwargs)
            if self.tensors < 0 or self.elements < 0:
                raise TooLarge
        return func(*args, **kwargs)


def for_weights(*paths: Path) -> Allowance:
    """What a model with the weights of safetensors files may need; reads the files' headers alone.

    Raises:
        safetensors.SafetensorError, OSError: the file is damaged.
    """
    sizes: list[int] = []
    for path in paths:
        with safe_open(path, framework="pt") as file:
            sizes += [math.prod(file.get_slice(name).get_shape()) for name in list(file.keys())]
    return Allowance(TIMES * len(sizes) + TENSORS_BESIDE, TIMES * sum(sizes) + ELEMENTS_BESIDE)


def _elements(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """Of the tensor that a call of ``MAKING`` would make."""
    if func in SIZED:
        size = kwargs.get("size", args)
        if len(size) == 1 and isinstance(size[0], Sequence):
            size = size[0]
        return math.prod(size)
    if func is torch.full:
        return math.prod(kwargs.get("size", args[0] if args else ()))
    if func is torch.eye:
        return math.prod(args) ** (2 if len(args) == 1 else 1)
    if not args:  # torch.arange(end=...)
        return 0
    start, stop, step = (*((0, *args) if len(args) == 1 else args), 1)[:3]
    return max(0, math.ceil((stop - start) / step))
