"""The public SDF as its source publishes it, against a simple parse and against the training table."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

import pytest
from acml_plugin_nmr.read import read

ROOT = os.environ.get("ACML_DATA", "")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not ROOT, reason="ACML_DATA is not set: needs the real NMRShiftDB2 sample"),
]
MOST = 0.9
MOST_STEREO = 0.85
"""Stereocentres of a few entries were corrected between the two releases."""


@pytest.fixture(scope="module")
def sample() -> Path:
    return Path(ROOT) / "raw" / "nmr" / "nmrshiftdb2_sample.sdf"


def test_every_record_against_a_simple_parse(sample: Path) -> None:
    records = [text for text in sample.read_text(encoding="utf-8").split("$$$$\n") if text.strip()]
    signals = list(read(sample))
    assert len(signals) == len(records) > 100
    for text, signal in zip(records, signals, strict=True):
        for nucleus, found in (("13C", signal.shifts_13c), ("1H", signal.shifts_1h)):
            lists = [
                tuple(float(item.split(";")[0]) for item in line.split("|") if item)
                for line in re.findall(rf"<Spectrum {nucleus} \d+>.*\n(.+)\n", text)
            ]
            assert found in (lists or [()])
        assert signal.smiles


def test_values_are_those_of_the_training_table(sample: Path) -> None:
    from acml_core.molecule import canonicalise

    by_key = defaultdict(list)
    keys = {}
    signals = list(read(sample))
    for signal in signals:
        keys[signal.origin] = canonicalise(signal.smiles).key
    wanted = set(keys.values())
    import pyarrow.parquet as pq

    path = Path(ROOT) / "nmr" / "nmrshiftdb2.parquet"
    for row in pq.read_table(path).to_pylist():
        if row["inchikey14"] in wanted:
            by_key[row["inchikey14"]].append(row)
    present = [signal for signal in signals if by_key[keys[signal.origin]]]
    assert len(present) > MOST * len(signals)
    same = same_kinds = same_solvent = same_smiles = 0
    for signal in present:
        rows = by_key[keys[signal.origin]]
        peaks = sorted(zip(signal.shifts_13c, signal.multiplicity_13c, strict=True))
        same += any(
            sorted(row["shifts_13c"] or []) == sorted(signal.shifts_13c)
            and sorted(row["shifts_1h"] or []) == sorted(signal.shifts_1h)
            for row in rows
        )
        same_kinds += any(
            sorted(zip(row["shifts_13c"] or [], row["multiplicity_13c"] or [], strict=True))
            == peaks
            for row in rows
        )
        same_solvent += any((row["solvent"] or "").startswith(signal.solvent) for row in rows)
        same_smiles += any(row["smiles"] == signal.smiles for row in rows)
    assert same > MOST * len(present)
    assert same_kinds > MOST * len(present)
    assert same_solvent > MOST * len(present)
    assert same_smiles > MOST_STEREO * len(present)
    print(f"{len(present)} present: {same=} {same_kinds=} {same_solvent=} {same_smiles=}")


def test_the_training_table_itself() -> None:
    path = Path(ROOT) / "nmr" / "nmrshiftdb2.parquet"
    rejects: list[Exception] = []
    signals = list(read(path, on_reject=rejects.append))
    assert len(signals) > 38_000
    assert len(rejects) < 0.005 * len(signals)
    print(len(signals), len(rejects), [str(error) for error in rejects[:10]])


def test_infrared_files_are_refused_as_such() -> None:
    from acml_core.errors import BadInput

    paths = sorted((Path(ROOT) / "raw" / "ir").glob("*.jdx"))
    assert paths
    for path in paths:
        with pytest.raises(BadInput) as caught:
            list(read(path))
        assert "holds an infrared spectrum" in str(caught.value)
