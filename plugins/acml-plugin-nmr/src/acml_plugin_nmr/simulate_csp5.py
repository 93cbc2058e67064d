"""13C and 1H peak lists of a molecule, predicted by csp5 (a graph network on one 3D conformer).

csp5 (MIT, weights in its wheel) is an optional extra: ``pip install "acml-plugin-nmr[simulate]"``.
It builds on CASCADE (Guan et al., Chem. Sci. 2021, 12, 12012, doi:10.1039/d1sc03343c).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rdkit import Chem

from acml_core.errors import BadInput, Unsupported
from acml_plugin_nmr.signal import MULTIPLICITIES_13C, NmrSignal
from acml_plugin_nmr.symmetry import equivalent_sets

ELEMENTS = frozenset({"H", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I"})
"""Elements in csp5's vocabulary. It reads any other (B, Se, metals) as one unknown element, without
a word, so those are refused here."""

INSTALL = 'pip install "acml-plugin-nmr[simulate]"'

SEED = 20231110
"""Seed of the conformer embedding: the same molecule gives the same numbers."""

BATCH = 32
"""Molecules a forward pass of csp5."""

DECIMALS = 2
"""csp5 gives two decimals [ppm]; an average over equivalent atoms is rounded to the same."""

WANTED = "Give one organic molecule of H, C, N, O, F, Si, P, S, Cl, Br and I, without labels."

_REASONS = {
    "embed_exc": "RDKit finds no 3D geometry for it",
    "geometry_close_contact": "its computed 3D geometry has atoms on top of one another",
    "prediction_out_of_range": "csp5 predicts shifts outside the range it trusts",
}


def simulate(mol: Chem.Mol) -> NmrSignal:
    """The 13C and 1H peak lists that ``mol`` would give.

    Args:
        mol: RDKit molecule of one component; an open stereocentre gets the configuration that the
            embedding picks, always the same one.

    Returns:
        shifts [ppm] from high to low. 13C: one shift a carbon; equivalent carbons share their mean
        and stand once each; multiplicity Q, T, D, S for 3, 2, 1, 0 hydrogens. 1H: one shift a set
        of equivalent hydrogens, ``integral_1h`` the number of hydrogens in it; no splittings. OH,
        NH and SH are kept, although their shifts depend on concentration and solvent. ``solvent``
        is "": csp5 is asked for none.

    Raises:
        Unsupported: csp5 is not installed.
        BadInput: no carbon, several components, an element that csp5 does not know, an isotope
            label, a radical, no 3D geometry, or a prediction out of range.
    """
    (result,) = simulate_many([mol])
    if isinstance(result, BadInput):
        raise result
    return result


def simulate_many(mols: Sequence[Chem.Mol]) -> list[NmrSignal | BadInput]:
    """As ``simulate``, many molecules a call; a molecule that fails has its error in the list.

    Raises:
        Unsupported: csp5 is not installed.
    """
    version = simulator_version()
    smiles = [Chem.MolToSmiles(Chem.RemoveHs(mol)) for mol in mols]
    results: dict[str, NmrSignal | BadInput] = {}
    wanted: dict[str, None] = {}  # in order, each molecule once
    for text, mol in zip(smiles, mols, strict=True):
        why = _refusal(mol)
        if why is None:
            wanted[text] = None
        else:
            results[text] = _problem(text, why)
    texts = list(wanted)
    for start in range(0, len(texts), BATCH):
        results.update(_predict(texts[start : start + BATCH], origin=f"csp5 {version}"))
    return [results[text] for text in smiles]


def simulator_version() -> str:
    """Version of the installed csp5.

    Raises:
        Unsupported: csp5 is not installed; says the pip command.
    """
    try:
        import csp5
    except ImportError:
        raise Unsupported(
            "simulating NMR needs csp5, which is not installed", remedy=f"Run: {INSTALL}"
        ) from None
    return str(csp5.__version__)


def _refusal(mol: Chem.Mol) -> str | None:
    """Why csp5 must not be asked, or None."""
    elements = {atom.GetSymbol() for atom in mol.GetAtoms()}
    if "C" not in elements:
        return "it has no carbon"
    unknown = sorted(elements - ELEMENTS)
    if unknown:
        return f"csp5 does not know the element {', '.join(unknown)}"
    if len(Chem.GetMolFrags(mol)) > 1:
        return "it has several components"
    if any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return "it is isotopically labelled, and csp5 does not look at isotopes"
    if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        return "it is a radical"
    return None


def _problem(smiles: str, why: str, remedy: str = WANTED) -> BadInput:
    return BadInput(f"no NMR spectrum can be simulated for {smiles[:80]!r}: {why}", remedy=remedy)


def _predict(smiles: list[str], *, origin: str) -> dict[str, NmrSignal | BadInput]:
    from csp5 import predict_mols, predict_smiles

    options: dict[str, Any] = {"device": "cpu", "batch_size": BATCH}
    carbon = predict_smiles(smiles, nucleus="13C", random_seed=SEED, **options)
    mols = {record.smiles: record.mol for record in carbon.molecule_records}
    shifts_c = _shifts_by_atom(carbon)
    failures = list(carbon.failures)
    shifts_h: dict[str, dict[int, float]] = {}
    if mols:  # the same geometry serves both nuclei
        proton = predict_mols(list(mols.values()), smiles=list(mols), nucleus="1H", **options)
        shifts_h = _shifts_by_atom(proton)
        failures += proton.failures
    reasons = {text: reason for reason, text in (line.split("\t", 1) for line in failures)}
    results: dict[str, NmrSignal | BadInput] = {}
    for text in smiles:
        reason = reasons.get(text, "")
        if text in shifts_c and (text in shifts_h or reason == "no_proton"):
            results[text] = _signal(
                mols[text], shifts_c[text], shifts_h.get(text, {}), smiles=text, origin=origin
            )
            continue
        results[text] = _problem(text, _explain(reason), remedy="Leave this molecule out.")
    return results


def _explain(reason: str) -> str:
    for start, words in _REASONS.items():
        if reason.startswith(start):
            return words
    return f"csp5 gives no prediction ({reason or 'no reason stated'})"


def _shifts_by_atom(result: Any) -> dict[str, dict[int, float]]:
    """SMILES to atom index to shift [ppm]."""
    shifts: dict[str, dict[int, float]] = {}
    rows = result.predictions
    columns = (rows[name].tolist() for name in ("smiles", "atom_index", "shift_ppm"))
    for text, atom, shift in zip(*columns, strict=True):
        shifts.setdefault(text, {})[int(atom)] = float(shift)
    return shifts


def _signal(
    mol: Chem.Mol,
    shifts_c: dict[int, float],
    shifts_h: dict[int, float],
    *,
    smiles: str,
    origin: str,
) -> NmrSignal:
    carbons = []
    for atoms in equivalent_sets(mol, 6):
        hydrogens = mol.GetAtomWithIdx(atoms[0]).GetTotalNumHs(includeNeighbors=True)
        # CH4 has no letter of its own
        letter = MULTIPLICITIES_13C[hydrogens] if hydrogens < len(MULTIPLICITIES_13C) else ""
        carbons += [(_mean(shifts_c[atom] for atom in atoms), letter)] * len(atoms)
    protons = [
        (_mean(shifts_h[atom] for atom in atoms), float(len(atoms)))
        for atoms in (equivalent_sets(mol, 1) if shifts_h else [])
    ]
    carbons.sort(reverse=True)
    protons.sort(reverse=True)
    return NmrSignal(
        smiles=smiles,
        origin=origin,
        shifts_13c=tuple(shift for shift, _ in carbons),
        multiplicity_13c=tuple(letter for _, letter in carbons),
        shifts_1h=tuple(shift for shift, _ in protons),
        integral_1h=tuple(count for _, count in protons),
    )


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return round(sum(numbers) / len(numbers), DECIMALS)
