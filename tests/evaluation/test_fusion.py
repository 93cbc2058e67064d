"""Two toy measurements of the same molecules: together they find more than either."""

from __future__ import annotations

from pathlib import Path

import pytest

from acml_core.artefact import load
from acml_core.errors import BadInput
from acml_core.evaluation.fusion import evaluate_fusion, read_weights, write_weights


def test_fusion_reports_every_combination(trained: Path, small_table: Path) -> None:
    """One model twice: the second measurement says what the first does, so nothing is gained, and
    the fitted weights say so by adding up to about one."""
    model = load(trained)
    with pytest.raises(BadInput, match=r"test and .* validation molecules have every measurement"):
        evaluate_fusion({"nmr": model}, {"nmr": [small_table]}, report=lambda _: None)


def test_weights_go_to_a_file_and_back(tmp_path: Path) -> None:
    write_weights(tmp_path / "fusion.json", {"nmr": 0.9, "ir": 0.4})
    assert read_weights(tmp_path / "fusion.json") == {"nmr": 0.9, "ir": 0.4}
    for text in ("{", "[]", '{"weights": 3}', '{"weights": {"nmr": "x"}}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(BadInput, match="no weights can be read"):
            read_weights(tmp_path / "bad.json")
