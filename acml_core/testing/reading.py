"""Standard tests of ``read`` on input that is whole, and on input that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from acml_core.errors import BadInput
from acml_core.modality import Modality
from acml_core.testing.damage import suffixes
from acml_core.testing.samples import Samples


class ReadingTests(Samples):
    """The example is read; missing and empty files are refused by name."""

    def test_example_is_read(self, plugin: Modality, source: Path | str) -> None:
        """The example gives a signal that has a measurement, and says where it came from."""
        signals = list(plugin.read(source))
        assert any(not one.missing for one in signals), "no signal has a measurement"
        for one in signals:
            assert isinstance(one, plugin.signal)
            assert one.origin.strip(), "origin is empty: name the file and the record or line"

    def test_reading_twice_gives_the_same(self, plugin: Modality, source: Path | str) -> None:
        """Reading is deterministic."""
        assert list(plugin.read(source)) == list(plugin.read(source))

    def test_missing_file_is_refused(self, plugin: Modality, tmp_path: Path) -> None:
        """A path that does not exist is ``BadInput`` with its name."""
        for suffix in suffixes(plugin):
            path = tmp_path / f"not_there{suffix}"
            with pytest.raises(BadInput, match="not_there"):
                list(plugin.read(path))

    def test_empty_input_is_refused(self, plugin: Modality, tmp_path: Path) -> None:
        """A file of nothing, or of white space, is ``BadInput`` with its name."""
        for suffix in suffixes(plugin):
            for content in (b"", b" \n\n \t\n"):
                path = tmp_path / f"nothing{suffix}"
                path.write_bytes(content)
                with pytest.raises(BadInput, match="nothing"):
                    list(plugin.read(path))
