"""Simulated spectra against what every chemist knows of these molecules."""

from __future__ import annotations

import subprocess
import sys

import pytest
from rdkit import Chem

from acml_core.errors import BadInput

pytest.importorskip("csp5", reason="the extra [simulate] (csp5) is not installed")

from acml_plugin_nmr.simulate_csp5 import simulate, simulate_many


def mol(smiles: str) -> Chem.Mol:
    return Chem.MolFromSmiles(smiles)


def test_ethanol():
    signal = simulate(mol("CCO"))
    assert signal.multiplicity_13c == ("T", "Q")
    assert signal.shifts_13c == pytest.approx((58.0, 18.3), abs=1.5)
    by_count = dict(zip(signal.integral_1h, signal.shifts_1h, strict=True))
    assert by_count[3.0] == pytest.approx(1.22, abs=0.2)
    assert by_count[2.0] == pytest.approx(3.69, abs=0.2)
    assert 1.0 in by_count  # the OH is kept
    assert signal.smiles == "CCO"
    assert signal.origin.startswith("csp5 ")
    assert signal.solvent == ""


def test_equivalent_carbons_share_one_shift_and_stand_once_each():
    """4-Methylanisole: six signals for eight carbons; values of the literature in CDCl3."""
    signal = simulate(mol("COc1ccc(C)cc1"))
    expected = (157.5, 129.9, 129.9, 129.8, 113.7, 113.7, 55.3, 20.5)
    assert signal.shifts_13c == pytest.approx(expected, abs=2)
    assert len(set(signal.shifts_13c)) == 6
    assert sorted(signal.multiplicity_13c) == ["D"] * 4 + ["Q"] * 2 + ["S"] * 2
    assert sorted(signal.integral_1h) == [2.0, 2.0, 3.0, 3.0]


def test_diastereotopic_carbons_keep_their_own_shifts():
    """The methyl groups of R-CH=C(CH3)2: Z near 17.7, E near 25.7 ppm."""
    signal = simulate(mol("CCC=C(C)C"))
    assert any(shift == pytest.approx(17.6, abs=1.5) for shift in signal.shifts_13c)
    assert any(shift == pytest.approx(25.7, abs=1.5) for shift in signal.shifts_13c)


def test_enantiotopic_hydrogens_are_one_signal_and_diastereotopic_two():
    assert 2.0 in simulate(mol("CCO")).integral_1h
    styrene = simulate(mol("C=Cc1ccccc1"))
    assert sorted(styrene.integral_1h) == [1.0, 1.0, 1.0, 1.0, 2.0, 2.0]


def test_the_same_molecule_gives_the_same_numbers_in_any_batch_and_atom_order():
    alone = simulate(mol("CC(O)CCl"))
    many = simulate_many([mol("c1ccccc1"), mol("ClCC(C)O"), mol("ClCC(C)O")])
    assert many[1] == alone
    assert many[2] == alone


def test_no_hydrogen_leaves_1h_empty():
    signal = simulate(mol("ClC(Cl)(Cl)Cl"))
    assert signal.multiplicity_13c == ("S",)
    assert signal.shifts_1h == ()


@pytest.mark.parametrize(
    ("smiles", "word"),
    [
        ("O", "no carbon"),
        ("CB(O)O", "element B"),
        ("CC(=O)O.CCN", "components"),
        ("[2H]C(Cl)(Cl)Cl", "isotop"),
        ("C[CH]C", "radical"),
    ],
)
def test_what_cannot_be_simulated_says_why(smiles, word):
    with pytest.raises(BadInput, match=word) as caught:
        simulate(mol(smiles))
    assert caught.value.remedy


def test_a_bad_molecule_does_not_stop_the_others():
    first, second = simulate_many([mol("O"), mol("CO")])
    assert isinstance(first, BadInput)
    assert second.multiplicity_13c == ("Q",)


def test_without_csp5_the_pip_command_is_given():
    """In a process of its own, where importing csp5 fails as it does when it is absent."""
    program = (
        "import sys; sys.modules['csp5'] = None\n"
        "from rdkit import Chem\n"
        "from acml_core.errors import Unsupported\n"
        "from acml_plugin_nmr.simulate_csp5 import simulate\n"
        "try:\n    simulate(Chem.MolFromSmiles('CO'))\n"
        "except Unsupported as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "acml-plugin-nmr[simulate]"' in done.stdout, done.stderr
