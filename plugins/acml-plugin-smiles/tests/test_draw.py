"""Pictures, and the starter table."""

from __future__ import annotations

import numpy as np
import pytest
from acml_plugin_smiles.draw import COLUMNS, wrapped
from acml_plugin_smiles.modality import STARTER, Smiles

from acml_core.data import table
from acml_core.errors import BadInput


def test_the_structure_and_the_string_are_shown() -> None:
    plugin = Smiles()
    figure = plugin.draw(plugin.signal(string="CC(=O)Nc1ccc(O)cc1", origin="a.smi:1"))
    left, right = figure.axes
    pixels = np.asarray(left.images[0].get_array())
    assert (pixels[..., :3] < 0.5).mean() > 0.001  # lines on white
    assert right.texts[0].get_text() == "CC(=O)Nc1ccc(O)cc1"


def test_a_long_string_is_wrapped() -> None:
    lines = wrapped("C" * 1000).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert lines[-1] == "... (1000 characters)"
    assert "".join(wrapped("CC(C)C" * 20).splitlines()) == "CC(C)C" * 20


def test_nothing_is_not_drawn() -> None:
    plugin = Smiles()
    for text in ("", "CN(C)(C)(C)C"):
        with pytest.raises(BadInput, match="nothing to draw"):
            plugin.draw(plugin.signal(string=text))


def test_starter_holds_structures_alone() -> None:
    assert table.column_names(STARTER) == ["smiles"]
    smiles = table.smiles_column(STARTER)
    assert len(set(smiles)) == len(smiles) > 4000
    assert STARTER.stat().st_size < 100_000
