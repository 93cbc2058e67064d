"""Standard tests of the optional parts of the contract, where a plugin implements them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from acml_core.errors import AcmlError, Unsupported
from acml_core.modality import Modality, Signal
from acml_core.molecule import parse_smiles
from acml_core.testing.preparing import assert_same
from acml_core.testing.samples import Samples

PNG = b"\x89PNG\r\n\x1a\n"
MIN_PICTURE_BYTES = 2000
"""A smaller PNG of a figure shows nothing."""

CLOSE = 1e-5
"""Two similarities nearer than this are equal: they are sums in float32."""


class AbilityTests(Samples):
    """draw, simulate, rerank, similarity, parts; and the errors of those that are not implemented."""

    def test_draw_makes_a_picture(self, plugin: Modality, signals: list[Signal]) -> None:
        """Every signal gives a figure with something on it."""
        _needs(plugin, "draw")
        for signal in signals[:3]:
            figure = plugin.draw(signal)
            assert any(axes.has_data() for axes in figure.axes), "no axes of the figure hold data"
            stream = io.BytesIO()
            figure.savefig(stream, format="png")
            picture = stream.getvalue()
            assert picture.startswith(PNG)
            assert len(picture) > MIN_PICTURE_BYTES, f"a PNG of {len(picture)} bytes is empty"

    def test_simulate_gives_signals(self, plugin: Modality) -> None:
        """A molecule gives a signal that can be prepared, twice the same and of its own."""
        _needs(plugin, "simulate")
        prepared = []
        for smiles in self.molecules:
            try:
                signal = plugin.simulate(parse_smiles(smiles))
            except Unsupported as error:
                pytest.skip(f"an extra is not installed: {error}")
            assert isinstance(signal, plugin.signal)
            assert not signal.missing, f"nothing was simulated for {smiles}"
            prepared.append(plugin.prepare(signal))
            again = plugin.prepare(plugin.simulate(parse_smiles(smiles)))
            if not plugin.derived:  # a depiction may be drawn in another style each time
                assert_same(again, prepared[-1], f"{smiles} is simulated again")
        assert any(_differ(one, prepared[0]) for one in prepared[1:]), (
            f"{', '.join(self.molecules)} all have the same signal"
        )

    def test_rerank_scores_each_molecule(self, plugin: Modality, examples: list[Signal]) -> None:
        """One finite score a molecule, whatever their order."""
        _needs(plugin, "rerank")
        mols = [parse_smiles(smiles) for smiles in self.molecules]
        try:
            scores = plugin.rerank(examples[0], mols)
            turned = plugin.rerank(examples[0], mols[::-1])
        except Unsupported as error:
            pytest.skip(f"an extra is not installed: {error}")
        assert np.shape(scores) == (len(mols),)
        assert np.isfinite(scores).all()
        assert np.allclose(turned[::-1], scores), "a score depends on the other candidates' order"

    def test_similarity_knows_a_signal_again(self, plugin: Modality, signals: list[Signal]) -> None:
        """A row a query and a number a reference; nothing is more alike than the signal itself."""
        _needs(plugin, "similarity")
        some = signals[:10]
        rows = list(plugin.similarity(some, some))
        assert len(rows) == len(some), f"{len(rows)} answers for {len(some)} queries"
        for number, row in enumerate(rows):
            assert row.keys() == rows[0].keys(), "the names differ between queries"
            for name, values in row.items():
                assert np.shape(values) == (len(some),), name
                assert np.isfinite(values).all(), name
                assert values[number] >= np.max(values) - CLOSE, name
        assert rows[0], "no similarity was named"

    def test_parts_can_be_left_out(self, plugin: Modality, examples: list[Signal]) -> None:
        """Leaving nothing out changes nothing; leaving any part out changes what is prepared."""
        _needs(plugin, "parts")
        signal = examples[0]
        parts = list(plugin.parts(signal))
        assert parts, "a measurement has no parts"
        assert list(plugin.parts(signal)) == parts, "the parts differ the second time"
        panels = len(plugin.draw(signal).axes) if plugin.supports("draw") else 1
        for part in parts:
            assert part.label
            assert part.low <= part.high
            assert 0 <= part.panel < panels
        whole = plugin.prepare(plugin.without(signal, ()))
        for name, value in plugin.prepare(signal).items():
            assert np.allclose(whole[name], value, atol=CLOSE), f"{name} without no part"
        if len(parts) == 1:
            return
        for number, part in enumerate(parts):
            less = plugin.without(signal, (number,))
            assert isinstance(less, plugin.signal)
            assert _differ(plugin.prepare(less), whole), f"without {part.label} nothing changes"
        last = plugin.without(signal, range(len(parts) - 1))
        assert not last.missing, "one part is left, but the signal counts as missing"

    def test_the_rest_is_unsupported(self, plugin: Modality, examples: list[Signal]) -> None:
        """What the plugin does not implement says so, and what it does instead."""
        calls = {
            "simulate": lambda: plugin.simulate(parse_smiles("C")),
            "rerank": lambda: plugin.rerank(examples[0], []),
            "similarity": lambda: list(plugin.similarity(examples, examples)),
            "draw": lambda: plugin.draw(examples[0]),
            "parts": lambda: plugin.parts(examples[0]),
            "without": lambda: plugin.without(examples[0], ()),
            "starter": plugin.starter,
        }
        for name, call in calls.items():
            if not plugin.supports(name):
                with pytest.raises(Unsupported) as caught:
                    call()
                assert isinstance(caught.value, AcmlError)
                assert caught.value.remedy


def _needs(plugin: Modality, ability: str) -> None:
    if not plugin.supports(ability):
        pytest.skip(f"the plugin does not implement {ability}")


def _differ(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return any(not np.array_equal(one[name], other[name]) for name in one)
