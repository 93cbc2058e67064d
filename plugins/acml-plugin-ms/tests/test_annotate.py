"""Peaks are annotated with the fragments that chemists know."""

from __future__ import annotations

from typing import Any

import pytest
from acml_plugin_ms.annotate import STRONGEST, annotation
from acml_plugin_ms.modality import Ms, MsConfig
from acml_plugin_ms.signal import MsSignal
from rdkit import Chem

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def tandem(**changed: Any) -> MsSignal:
    fields: dict[str, Any] = {
        "mz": (65.0386, 93.0335, 110.0600, 152.0706, 300.0),
        "intensity": (20.0, 10.0, 100.0, 40.0, 1.0),
        "precursor_mz": 152.0706,
        "adduct": "[M+H]+",
        "collision_energy": "30 eV",
        "ion_mode": "POSITIVE",
        "ms_type": "MS2",
        "instrument_type": "LC-ESI-QTOF",
    }
    return MsSignal(**fields | changed)


@pytest.mark.parametrize("trained", [True, False])
def test_paracetamol_loses_ketene_and_keeps_its_aminophenol(trained: bool) -> None:
    mol = Chem.MolFromSmiles(PARACETAMOL)
    rows = Ms(MsConfig(trained_ions=trained)).assign(tandem(), mol)
    by_mz = {row["mz"]: row for row in rows}
    assert list(by_mz) == sorted(by_mz)
    assert by_mz[110.06]["ion"] == "C6H8NO+"
    assert by_mz[110.06]["atoms"] == [3, 4, 5, 6, 7, 8, 9, 10]  # all but acetyl
    assert by_mz[110.06]["bonds"] == 1
    assert abs(by_mz[110.06]["error"]) < 2
    assert by_mz[110.06]["intensity"] == 100
    assert by_mz[152.0706]["ion"] == "C8H10NO2+"
    assert by_mz[152.0706]["bonds"] == 0
    assert by_mz[65.0386]["ion"] == "C5H5+"
    assert by_mz[300.0] == {
        "mz": 300.0, "intensity": 1.0, "ion": None, "atoms": [], "bonds": None, "error": None,
    }  # fmt: skip


def test_atoms_are_those_of_the_molecule_that_is_shown() -> None:
    """Explicit hydrogens and another order of atoms change the numbers, and not what they name."""
    mol = Chem.AddHs(Chem.MolFromSmiles(PARACETAMOL))
    turned = Chem.RenumberAtoms(mol, list(range(mol.GetNumAtoms()))[::-1])
    row = next(one for one in annotation(tandem(), turned, 10) if one["mz"] == 110.06)
    symbols = sorted(turned.GetAtomWithIdx(number).GetSymbol() for number in row["atoms"])
    assert symbols == ["C"] * 6 + ["N", "O"]


def test_electron_ionisation_at_unit_mass_states_no_error() -> None:
    signal = MsSignal(
        mz=(43.0, 77.0, 105.0, 120.0), intensity=(15.0, 80.0, 100.0, 30.0), ms_type="MS",
        instrument_type="EI-B",
    )  # fmt: skip
    rows = annotation(signal, Chem.MolFromSmiles("CC(=O)c1ccccc1"), 10)
    assert [row["ion"] for row in rows] == ["C2H3O+", "C6H5+", "C7H5O+", "C8H8O+"]
    assert {row["error"] for row in rows} == {None}


def test_a_deprotonated_molecule_and_an_adduct() -> None:
    negative = tandem(
        mz=(107.0377, 150.0561), intensity=(100.0, 50.0), precursor_mz=150.0561,
        adduct="[M-H]-", ion_mode="NEGATIVE",
    )  # fmt: skip
    mol = Chem.MolFromSmiles(PARACETAMOL)
    assert [row["ion"] for row in annotation(negative, mol, 10)] == ["C6H5NO-", "C8H8NO2-"]
    sodiated = tandem(mz=(174.0525,), intensity=(1.0,), precursor_mz=174.0525, adduct="[M+Na]+")
    (row,) = annotation(sodiated, mol, 10)
    assert (row["ion"], row["bonds"], len(row["atoms"])) == ("[M+Na]+", 0, 11)


def test_no_peaks_no_atoms_and_many_peaks() -> None:
    mol = Chem.MolFromSmiles(PARACETAMOL)
    assert annotation(tandem(mz=(), intensity=()), mol, 10) == []
    assert annotation(tandem(), Chem.MolFromSmiles(""), 10) == []
    many = tandem(mz=tuple(50.01 + n for n in range(60)), intensity=tuple(range(1, 61)))
    rows = annotation(many, mol, 10)
    assert len(rows) == STRONGEST
    assert rows[0]["mz"] == 90.01
