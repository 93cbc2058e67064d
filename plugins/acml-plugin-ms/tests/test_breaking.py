"""The network that corrects ions' weights: what it sees, its weights, and its training."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from acml_plugin_ms import breaking, cleavage, rerank
from acml_plugin_ms.atoms import ATOMS
from acml_plugin_ms.breaking import Breaking, correction, describe, padded
from acml_plugin_ms.expected import expected
from acml_plugin_ms.fragments import fragments
from acml_plugin_ms.ions import Ion
from acml_plugin_ms.modality import Ms, MsConfig
from acml_plugin_ms.signal import MsSignal
from rdkit import Chem
from safetensors import safe_open

SCRIPTS = Path(__file__).parents[1] / "scripts"
LARGEST = 150_000
"""Bytes of the weights, at most."""

PARACETAMOL, ANTHRANILATE = "CC(=O)Nc1ccc(O)cc1", "COC(=O)c1ccccc1N"


def mol_of(smiles: str) -> Chem.Mol:
    return Chem.MolFromSmiles(smiles)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    if not SCRIPTS.is_dir():
        pytest.skip("an installed plugin comes without its scripts")
    sys.path.insert(0, str(SCRIPTS))
    try:
        import train_breaking
    finally:
        sys.path.remove(str(SCRIPTS))
    return train_breaking


def test_what_describes_a_molecule() -> None:
    """Acetamide's amide side kept N, lost the acyl C, and broke the bond in that direction alone."""
    mol = mol_of("CC(=O)N")
    found = fragments(mol)
    seen = describe(mol, found, "[M-H]-")
    assert seen.atoms.shape == (4, breaking.ATOM_FEATURES)
    cases: tuple[tuple[Ion, list[int]], ...] = (
        ("[M-H]-", [1, 0]),
        ("[M+H]+", [0, 0]),
        ("EI", [0, 1]),
    )
    for ion, flags in cases:
        assert (describe(mol, found, ion).atoms[:, -2:] == flags).all()
    assert seen.atoms[3, ATOMS.index("amide N")] == 1
    amide = int(np.flatnonzero((found.atoms == [False, False, False, True]).all(1))[0])
    assert seen.ends[seen.cut[amide]].tolist() == [[3, 1]]
    assert not seen.cut[0].any()
    assert seen.fragments[amide, 0] == pytest.approx(0.25)
    assert seen.fragments[amide, 1] == pytest.approx(2 / 5)
    assert (seen.cut.sum(1) == found.bonds).all()


def test_bits_are_told_by_halogen_ring_and_charge() -> None:
    one = {smiles: describe(mol_of(smiles), fragments(mol_of(smiles)), "[M+H]+").atoms for smiles in
           ("CF", "CCl", "C1CC1", "CCC", "C[N+](C)(C)C", "CN(C)C")}  # fmt: skip
    assert not np.array_equal(one["CF"][1], one["CCl"][1])
    assert not np.array_equal(one["C1CC1"][0], one["CCC"][1])
    assert not np.array_equal(one["C[N+](C)(C)C"][1], one["CN(C)C"][1])


@pytest.mark.parametrize("ion", ["[M+H]+", "[M-H]-"])
def test_a_molecule_alone_equals_one_among_larger_ones(ion: Ion) -> None:
    every = [mol_of(text) for text in ("C", PARACETAMOL, "CCCCCCCCCCCCOC(=O)c1ccccc1", "C[Si](C)C")]
    described = [describe(mol, fragments(mol), ion) for mol in every]
    with torch.no_grad():
        together = breaking.trained()(*padded(described)).numpy()
    for place, mol in enumerate(every):
        alone = correction(mol, fragments(mol), ion)
        assert np.isfinite(alone).all()
        assert together[place, : len(alone)] == pytest.approx(alone, abs=1e-4)


def test_weights_are_small_half_precision_and_finite() -> None:
    assert breaking.WEIGHTS.stat().st_size < LARGEST
    with safe_open(breaking.WEIGHTS, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118
            values = file.get_tensor(name)
            assert values.dtype == torch.float16
            assert torch.isfinite(values).all()


def test_places_that_kinds_of_bonds_do_not_tell_apart_weigh_differently() -> None:
    """The table knows kinds of atoms and bonds only: ortho and para toluidides are alike to it."""
    ortho, para = (mol_of(text) for text in ("CC(=O)Nc1ccccc1C", "CC(=O)Nc1ccc(C)cc1"))
    of_table = [
        np.sort(cleavage.logs(mol, fragments(mol), "[M+H]+")[1][:5].ravel())
        for mol in (ortho, para)
    ]
    assert np.array_equal(*of_table)
    first, second = (expected(mol, "[M+H]+") for mol in (ortho, para))
    at = 108.0808  # toluidine, protonated
    weights = [one.weight()[np.abs(one.mz - at) < 5e-4].sum() for one in (first, second)]
    assert weights[0] != pytest.approx(weights[1], rel=1e-3)


@pytest.mark.parametrize("smiles", [PARACETAMOL, ANTHRANILATE, "CCN(CC)CCNC(=O)c1ccc(N)cc1"])
def test_harder_collisions_leave_lighter_ions(smiles: str) -> None:
    found = expected(mol_of(smiles), "[M+H]+")
    broken = ~found.whole & (found.mz > rerank.LIGHTEST)
    low, high = (
        np.average(found.mz[broken], weights=found.weight(energy)[broken]) for energy in (-1.0, 0.7)
    )
    assert high < low


def signal(smiles: str) -> MsSignal:
    """A spectrum of paracetamol, or of its isomer."""
    peaks = {PARACETAMOL: (65.0386, 93.0335, 110.0600), ANTHRANILATE: (92.0495, 120.0444, 152.0706)}
    return MsSignal(
        mz=peaks[smiles], intensity=(20.0, 10.0, 100.0), precursor_mz=152.0706, adduct="[M+H]+",
        collision_energy="30 eV", ion_mode="POSITIVE", ms_type="MS2", instrument_type="LC-ESI-QTOF",
    )  # fmt: skip


def test_training_sees_the_score_that_reranking_gives(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every ion kept, its log likelihoods are those behind ``rerank``."""
    monkeypatch.setattr("breaking_tasks.EXPECTED", 100_000)
    both = [PARACETAMOL, ANTHRANILATE]
    made = script.task(script.Asked("[M+H]+", [signal(PARACETAMOL)], both), 10.0)
    with torch.no_grad():
        (found,) = script.scores(breaking.trained(), [made])
    given = rerank.rerank(signal(PARACETAMOL), [mol_of(one) for one in both], 10.0)
    of_zero = np.log(rerank.FLOOR / (1 + rerank.FLOOR))
    assert found[0].numpy() == pytest.approx((1 - given) * of_zero, abs=2e-3)


def test_training_learns_which_isomer_it_was(script: ModuleType, tmp_path: Path) -> None:
    """From no correction at all; the better weights are written, and load."""
    torch.manual_seed(0)
    tasks = [
        script.task(script.Asked("[M+H]+", [signal(one)], [one, other]), 10.0)
        for one, other in ((PARACETAMOL, ANTHRANILATE), (ANTHRANILATE, PARACETAMOL))
    ]
    before = script.validate(Breaking(), tasks, 4.0)
    out = tmp_path / "breaking.safetensors"
    script.train(tasks, {"[M+H]+": tasks}, 40, 1.0, out)
    network = Breaking()
    from safetensors.torch import load_file

    network.load_state_dict({name: value.float() for name, value in load_file(out).items()})
    after = script.validate(network.eval(), tasks, 4.0)
    assert after["by molecule"] == 1
    assert after["likelihood"] > before["likelihood"] + 0.3
    assert after["logit"] < before["logit"]


def test_it_is_said_once_that_the_weights_are_not_for_commercial_use(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mols = [mol_of("CCCC(=O)Nc1ccc(OCC)cc1")]  # in no other test: what a molecule gives is kept
    breaking.trained.cache_clear()
    for settings in (MsConfig(trained_ions=False), MsConfig(), MsConfig()):
        Ms(settings).rerank(signal(PARACETAMOL), mols)
        said = [record.getMessage() for record in caplog.records if record.name == "acml"]
        assert said == [breaking.TERMS] * settings.trained_ions


def test_without_the_network_the_rules_count_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not use its weights need not, and they are not even read."""
    mols = [mol_of(one) for one in (PARACETAMOL, ANTHRANILATE)]
    trained = Ms().rerank(signal(PARACETAMOL), mols)

    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr(breaking, "trained", refuse)
    rules = Ms(MsConfig(trained_ions=False)).rerank(signal(PARACETAMOL), mols)
    assert (np.abs(rules - trained) > 1e-3).all()
    found = expected(mols[0], "[M+H]+", trained=False)
    _, log = cleavage.logs(mols[0], fragments(mols[0]), "[M+H]+")
    assert found.weight().sum() == pytest.approx(np.exp(log).sum(), rel=1e-5)
    assert not found.slope.any()
