"""The split: a function of the InChIKey-14 and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy import Toy, measure

from acml_core.config import parse
from acml_core.data.dataset import load
from acml_core.data.split import SPLITS, SplitConfig, assign, fraction
from acml_core.data.table import write
from acml_core.errors import ConfigError
from acml_core.molecule import canonicalise

KEYS = [f"KEY{number:011d}" for number in range(20_000)]


def test_known_values_stay_what_they_are() -> None:
    """Moving a molecule to another side would let published models be tested on what they saw."""
    assert fraction("LFQSCWFLJHTTHZ", "acml-1") == pytest.approx(0.33008296913176666)
    assert fraction("UHOVQNZJYSORNB", "acml-1") == pytest.approx(0.15514836089185094)
    found = {SPLITS[i]: KEYS[n] for n, i in enumerate(assign(KEYS[:20], SplitConfig()))}
    assert found == {"validation": KEYS[11], "test": KEYS[18], "train": KEYS[19]}


def test_proportions() -> None:
    found = np.bincount(assign(KEYS, SplitConfig(test=0.2, validation=0.05)), minlength=3)
    assert (found / len(KEYS)).tolist() == pytest.approx([0.75, 0.05, 0.2], abs=0.01)


def test_order_and_company_do_not_matter() -> None:
    whole = assign(KEYS, SplitConfig())
    assert assign(KEYS[::-1], SplitConfig()).tolist() == whole[::-1].tolist()
    assert assign(KEYS[7:9], SplitConfig()).tolist() == whole[7:9].tolist()


def test_another_salt_is_another_split() -> None:
    a, b = (assign(KEYS, SplitConfig(salt=salt)) for salt in ("acml-1", "x"))
    both = ((a == 2) & (b == 2)).mean()
    assert both == pytest.approx(0.01, abs=0.004)  # independent


def test_a_larger_validation_leaves_the_test_alone() -> None:
    a, b = (assign(KEYS, SplitConfig(validation=share)) for share in (0.05, 0.3))
    assert ((a == 2) == (b == 2)).all()


def test_no_share_is_an_empty_side() -> None:
    assert set(assign(KEYS, SplitConfig(test=0, validation=0)).tolist()) == {0}


def test_shares_must_leave_something() -> None:
    with pytest.raises(ConfigError, match="nothing to train on"):
        parse(SplitConfig, {"test": 0.6, "validation": 0.4})


def test_stereoisomers_isotopes_and_spellings_are_one_molecule(tmp_path: Path) -> None:
    alanines = ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "NC(C)C(O)=O", "[2H]C([2H])([2H])C(N)C(=O)O"]
    others = ["CCO", "OCC", "c1ccccc1"]
    write(tmp_path / "t.csv", [measure(smiles) for smiles in alanines + others])
    data = load([tmp_path / "t.csv"], [Toy()], SplitConfig(), progress=False)
    assert len(data.graphs) == 3
    assert len(data.split) == 3
    assert data.measured["toy"].molecule.tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert list(data.graphs.keys) == [
        canonicalise(one).key for one in (alanines[0], "CCO", "c1ccccc1")
    ]
