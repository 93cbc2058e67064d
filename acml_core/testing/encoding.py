"""Standard tests of the encoder: its output, padding, and that making one needs no network."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import torch

from acml_core.encoder import Encoder
from acml_core.modality import Modality, Signal
from acml_core.testing.samples import Samples

TOLERANCE = 1e-4
"""Largest difference between a signal encoded alone and in a batch, absolute and relative."""

STIR = 0.02
"""Noise put on every weight, so that what starts at zero takes part."""


class EncodingTests(Samples):
    """What the encoder gives for a batch."""

    def test_encoder_output(self, plugin: Modality, signals: list[Signal]) -> None:
        """``(B, dim)`` float32, finite, in train mode and in eval mode."""
        encoder = plugin.encoder()
        assert isinstance(encoder, Encoder)
        assert isinstance(encoder.dim, int)
        items = [plugin.prepare(signal) for signal in signals]
        for train in (True, False):
            encoder.train(train)
            with torch.no_grad():
                out = encoder(plugin.collate(items, train=train))
            assert tuple(out.shape) == (len(items), encoder.dim), (
                f"shape {tuple(out.shape)} for {len(items)} signals and dim {encoder.dim}"
            )
            assert out.dtype == torch.float32, f"dtype {out.dtype}"
            assert torch.isfinite(out).all(), f"not finite (train={train})"

    def test_one_equals_row_of_many(self, plugin: Modality, signals: list[Signal]) -> None:
        """A signal's embedding does not depend on what it is batched with."""
        encoder = stirred(plugin)
        items = [plugin.prepare(signal) for signal in signals]
        with torch.no_grad():
            many = encoder(plugin.collate(items, train=False))
            for row, item in enumerate(items):
                one = encoder(plugin.collate([item], train=False))[0]
                off = float((one - many[row]).abs().max())
                assert torch.allclose(one, many[row], rtol=TOLERANCE, atol=TOLERANCE), (
                    f"signal {row} of {len(items)} differs by {off:.2g} when it is alone: "
                    "padding, or another row, reaches its embedding"
                )

    def test_encoder_sees_the_signal(self, plugin: Modality, signals: list[Signal]) -> None:
        """Signals that differ get embeddings that differ."""
        items = [plugin.prepare(signal) for signal in signals]
        if len(items) < 2:
            pytest.skip("the example is one signal that cannot be shortened, and has no starter")
        with torch.no_grad():
            out = stirred(plugin)(plugin.collate(items, train=False))
        assert not torch.allclose(out, out[:1].expand_as(out), rtol=0, atol=1e-7), (
            "every signal has the same embedding"
        )

    def test_encoder_is_new(self, plugin: Modality) -> None:
        """Two encoders share no weight."""
        first, second = plugin.encoder(), plugin.encoder()
        shared = {id(p) for p in first.parameters()} & {id(p) for p in second.parameters()}
        assert not shared, "encoder() gave the same weights twice"

    def test_encoder_downloads_nothing(
        self, plugin: Modality, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Making an encoder opens no connection and looks up no host."""
        attempts: list[str] = []

        def refuse(*args: Any, **_: Any) -> Any:
            attempts.append(repr(args[1:] or args))
            raise OSError("the network is off in this test")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket.socket, "connect_ex", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        try:
            plugin.encoder()
        except OSError:
            assert attempts, "encoder() failed, and not for want of the network"
        assert not attempts, f"encoder() tried to connect: {attempts[0]}"


def stirred(plugin: Modality) -> Encoder:
    """An encoder in eval mode whose weights are all away from zero."""
    torch.manual_seed(0)
    encoder = plugin.encoder().eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            if parameter.is_floating_point():
                parameter.add_(torch.randn_like(parameter), alpha=STIR)
    return encoder
