"""Standard tests of tables: the signal's fields are the columns, in parquet and in CSV."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acml_core.config import parse, read_toml
from acml_core.data import table
from acml_core.data.fetch_map import ColumnMap
from acml_core.data.fetch_plan import checked
from acml_core.data.simulating import needs_drawing
from acml_core.evaluation.protocol import find
from acml_core.modality import Modality, Signal
from acml_core.testing.preparing import assert_same
from acml_core.testing.samples import Samples, starter_signals

MIN_STARTER = 64
"""Fewer rows than this are no starter table."""


class TableTests(Samples):
    """Signals to tables and back, and the starter table."""

    @pytest.mark.parametrize("suffix", [".parquet", ".csv"])
    def test_table_round_trip(
        self, plugin: Modality, signals: list[Signal], tmp_path: Path, suffix: str
    ) -> None:
        """What a table gives back is prepared as what was written."""
        # A row of a table needs a structure.
        rows = [one.model_copy(update={"smiles": one.smiles or "C"}) for one in signals]
        path = tmp_path / f"signals{suffix}"
        table.write(path, rows)
        again = table.read(path, plugin.signal)
        assert not again.rejects, again.rejects[0]
        assert len(again.signals) == len(rows)
        for one, expected in zip(again.signals, rows, strict=True):
            assert one.smiles == expected.smiles
            assert_same(plugin.prepare(one), plugin.prepare(expected), f"read from {suffix}")

    def test_starter(self, plugin: Modality) -> None:
        """The bundled table is whole, large enough, and says where its measurements are from."""
        if not plugin.supports("starter"):
            pytest.skip("the plugin has no starter table")
        path = plugin.starter()
        assert path.is_file(), f"{path} is missing: is it in the wheel?"
        assert starter_signals(type(self)), "no row has a measurement"
        if not needs_drawing(plugin, table.column_names(path)):
            read = table.read(path, plugin.signal)
            assert not read.rejects, read.rejects[0]
        rows = len(table.smiles_column(path))
        assert rows >= MIN_STARTER, f"{rows} rows"
        stated = _metadata(path).get("source", "")
        assert stated.strip(), "its metadata must state 'source', e.g. measured or simulated"

    def test_maps_and_protocols_are_valid(self, plugin: Modality) -> None:
        """Every column map fills columns of the plugin, and a protocol's map is one of them."""
        cls = type(plugin)
        for name, path in cls.maps().items():
            map = parse(ColumnMap, read_toml(path), source=path)
            assert map.modality in ("", cls.name), f"{path.name} is for another plugin"
            checked(name, map, cls, path)
        for name in cls.protocols():
            protocol = find(name, cls)
            assert not protocol.map or protocol.map in cls.maps(), f"no map {protocol.map!r}"


def _metadata(path: Path) -> dict[str, str]:
    """What a parquet table says of itself; CSV says nothing."""
    if path.suffix != ".parquet":
        return {}
    found = pq.read_schema(path).metadata or {}
    return {k.decode().removeprefix("acml."): v.decode() for k, v in found.items()}
