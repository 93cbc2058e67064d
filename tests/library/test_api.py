"""The Python interface: load, search, a table; and what it says of wrong input."""

from __future__ import annotations

from pathlib import Path

import pytest
from acml_plugin_nmr.signal import NmrSignal

import acml_core
from acml_core.data.table import read
from acml_core.errors import BadInput, ConfigError


@pytest.fixture(scope="module")
def signals(small_table: Path) -> list[NmrSignal]:
    return read(small_table, NmrSignal).signals[:40]


@pytest.fixture(scope="module")
def molecules(signals: list[NmrSignal], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("molecules") / "mine.smi"
    path.write_text("\n".join(one.smiles for one in signals))
    return path


def test_a_batch_becomes_a_table(trained: Path, signals: list[NmrSignal], molecules: Path) -> None:
    pytest.importorskip("pandas")
    model = acml_core.load(trained)
    assert model.modality == "nmr"
    library = model.library(molecules)
    answers = model.search([signals[0], "170.1 128.4 21.0"], library, top=3)
    table = answers.to_pandas()
    assert list(table["query"]) == [0, 0, 0, 1, 1, 1]
    assert list(table["rank"]) == [1, 2, 3] * 2
    assert list(table["smiles"]) == [hit.smiles for answer in answers for hit in answer.hits]
    again = model.search(signals[0], molecules, top=3)
    assert [hit.smiles for hit in again[0].hits] == [hit.smiles for hit in answers[0].hits]


def test_filters_are_named_as_on_the_command_line(
    trained: Path, signals: list[NmrSignal], molecules: Path
) -> None:
    model = acml_core.load(trained)
    answer = model.search(signals[0], molecules, mw=(0, 150))[0]
    assert 0 < answer.candidates < 40
    with pytest.raises(ConfigError, match="formula"):
        model.search(signals[0], molecules, formulae="C6H6")


def test_a_sample_of_one_measurement_is_a_search(
    trained: Path, signals: list[NmrSignal], molecules: Path
) -> None:
    answer = acml_core.search_sample({"nmr": signals[1]}, molecules, models=trained)
    alone = acml_core.load(trained).search(signals[1], molecules)[0]
    assert [hit.smiles for hit in answer.hits] == [hit.smiles for hit in alone.hits]
    assert [hit.probability for hit in answer.hits] == pytest.approx(
        [hit.probability for hit in alone.hits], abs=1e-6
    )


def test_what_cannot_be_loaded_or_read(trained: Path, molecules: Path) -> None:
    with pytest.raises(BadInput, match="no model was named"):
        acml_core.load()
    with pytest.raises(BadInput, match="no NMR data found"):
        acml_core.load(trained).search("nothing here", molecules)
    with pytest.raises(BadInput, match="no such file"):
        acml_core.load(trained).search("170.1 21.0", molecules.with_name("other.smi"))
