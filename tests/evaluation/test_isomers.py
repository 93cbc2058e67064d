"""Isomer discrimination: the groups, and the command on a trained model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acml_core.errors import BadInput
from acml_core.evaluation.isomers import discrimination

REPORT = {
    "model": "m", "modality": "x", "split": "s", "columns": [], "measurements": "simulated",
    "rerank": 0,
    "galleries": [{"name": "test+formula", "size": 5}, {"name": "library+formula", "size": 50}],
}  # fmt: skip


def row(rank: int, candidates: int, blind: int, gallery: str = "library+formula") -> dict[str, Any]:
    key = f"K{rank}-{candidates}-{blind}"
    return {
        "gallery": gallery,
        "rank": rank,
        "candidates": candidates,
        "blind": blind,
        "inchikey14": key,
    }


def test_groups_by_hand() -> None:
    """Of the largest gallery; a query without isomers discriminates nothing."""
    rows = [row(1, 1, 1), row(1, 2, 2), row(2, 2, 1), row(3, 11, 6), row(1, 9, 1, "test+formula")]
    found = discrimination(REPORT, rows)
    assert (found["gallery"], found["size"]) == ("library", 50)
    assert (found["n_queries"], found["without_isomer"]) == (3, 1)
    everyone, two, ten = found["groups"]
    assert [one["isomers"] for one in found["groups"]] == ["all", "2", "10-19"]
    assert everyone["measurement"]["recall@1"]["value"] == pytest.approx(1 / 3, abs=1e-3)
    assert two["measurement"]["pairs"]["value"] == 0.5  # one first, one last
    assert ten["measurement"]["pairs"]["value"] == pytest.approx(0.8)  # 8 of 10 behind
    assert ten["spectrum_blind"]["pairs"]["value"] == pytest.approx(0.5)
    assert ten["random"]["recall@1"]["value"] == pytest.approx(1 / 11, abs=1e-3)
    with pytest.raises(BadInput, match="no query has an isomer"):
        discrimination(REPORT, rows[:1])


def test_the_command(
    trained: Path, small_table: Path, tmp_path: Path, acml: Callable[..., Any]
) -> None:
    out = tmp_path / "out"
    made = acml(
        *("eval", "isomers", "--model", trained, "--data", small_table),
        *("--split", "all", "--out", out, "--json"),
    )
    assert made.code == 0, made.err
    found = json.loads(made.out)
    assert found["groups"][0]["isomers"] == "all"
    assert found["groups"][0]["queries"] == found["n_queries"] > 10
    assert json.loads((out / "isomers.json").read_text()) == found
    assert (out / "isomers.png").stat().st_size > 5000
    header, *lines = (out / "isomers.csv").read_text().splitlines()
    assert header == "candidates,queries,row,recall@1,recall@5,recall@10,mrr,pairs"
    assert len(lines) >= 3 * len(found["groups"])
