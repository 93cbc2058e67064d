"""What probes are asked for: functional groups, carbon environments, rings, whole-molecule values.

Every target is computed from the structure by RDKit. Groups and environments are SMARTS patterns; a
group's probe is whether the molecule has it, an environment's how often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from acml_core.molecule import parse_smiles

Kind = Literal["presence", "value"]

GROUPS: dict[str, str] = {
    "carboxylic acid": "[CX3](=O)[OX2H1]",
    "ester": "[#6][CX3](=O)[OX2;!R][#6]",
    "lactone": "[CX3;R](=O)[OX2;R][#6]",
    "ketone": "[#6][CX3](=O)[#6]",
    "conjugated ketone": "[#6;$([#6]=[#6]),c][CX3](=O)[#6]",
    "aldehyde": "[CX3H1](=O)[#6]",
    "amide": "[#6][CX3](=O)[NX3]",
    "lactam": "[CX3;R](=O)[NX3;R]",
    "carbamate": "[NX3][CX3](=O)[OX2][#6]",
    "urea": "[NX3][CX3](=O)[NX3]",
    "imide": "[CX3](=O)[NX3][CX3](=O)",
    "acyl halide": "[CX3](=O)[F,Cl,Br,I]",
    "nitrile": "[CX2]#[NX1]",
    "nitro": "[NX3+](=O)[O-]",
    "imine": "[CX3;!$(C(=*)(=*))]=[NX2][#6,H]",
    "oxime": "[CX3]=[NX2][OX2]",
    "azo": "[#6][NX2]=[NX2][#6]",
    "primary amine": "[NX3H2;!$(N[C,S]=[O,S,N])][#6]",
    "secondary amine": "[NX3H1;!$(N[C,S]=[O,S,N])]([#6])[#6]",
    "tertiary amine": "[NX3H0;!$(N[C,S]=[O,S,N])]([#6])([#6])[#6]",
    "aromatic amine": "[NX3;!$(N[C,S]=[O,S,N])]c",
    "primary alcohol": "[CX4H2][OX2H1]",
    "secondary alcohol": "[CX4H1][OX2H1]",
    "tertiary alcohol": "[CX4H0][OX2H1]",
    "phenol": "c[OX2H1]",
    "dialkyl ether": "[CX4][OX2][CX4]",
    "aryl ether": "c[OX2][#6;!$(C=O)]",
    "methoxy": "[CH3][OX2]",
    "acetal": "[OX2][CX4;!$(C(O)(O)O)][OX2]",
    "epoxide": "C1OC1",
    "alkene": "[CX3;!$(C=[!#6])]=[CX3]",
    "terminal alkene": "[CX3H2]=[CX3]",
    "alkyne": "[CX2]#[CX2]",
    "thiol": "[SX2H1]",
    "thioether": "[#6][SX2][#6;!$(C=O)]",
    "sulfoxide": "[#6][SX3](=O)[#6]",
    "sulfone": "[#6][SX4](=O)(=O)[#6]",
    "sulfonamide": "[SX4](=O)(=O)[NX3]",
    "phosphorus": "[#15]",
    "silicon": "[#14]",
    "boron": "[#5]",
    "fluorine": "[F]",
    "trifluoromethyl": "C(F)(F)F",
    "chlorine": "[Cl]",
    "bromine": "[Br]",
    "iodine": "[I]",
    "tert-butyl": "[CX4]([CH3])([CH3])[CH3]",
    "isopropyl": "[CX4H1]([CH3])[CH3]",
    "phenyl": "[cH]1[cH][cH][cH][cH]c1",
    "pyridine": "n1ccccc1",
    "pyrrole": "[nX3]1cccc1",
    "furan": "o1cccc1",
    "thiophene": "s1cccc1",
    "imidazole": "n1cncc1",
    "indole": "c1ccc2[nX3]ccc2c1",
}

ENVIRONMENTS: dict[str, str] = {
    "CH3": "[CX4H3]",
    "CH2": "[CX4H2]",
    "CH, sp3": "[CX4H1]",
    "quaternary C": "[CX4H0]",
    "aromatic CH": "[cH]",
    "aromatic C without H": "[cH0]",
    "olefinic C": "[CX3;!$(C=[!#6])]=,:[#6]",
    "carbonyl C": "[#6X3]=[OX1]",
    "C on O, sp3": "[CX4][OX2]",
    "C on N, sp3": "[CX4][#7]",
    "CH3 on C": "[CH3][#6]",
    "CH3 on O or N": "[CH3][#7,#8]",
}


def _rings_of(size: int) -> Callable[[Chem.Mol], float]:
    return lambda mol: sum(len(ring) == size for ring in mol.GetRingInfo().AtomRings())


RINGS: dict[str, Callable[[Chem.Mol], float]] = {
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic rings": rdMolDescriptors.CalcNumAromaticRings,
    "saturated rings": rdMolDescriptors.CalcNumSaturatedRings,
    "heterocycles": rdMolDescriptors.CalcNumHeterocycles,
    "rings of 3": _rings_of(3),
    "rings of 5": _rings_of(5),
    "rings of 6": _rings_of(6),
    "spiro atoms": rdMolDescriptors.CalcNumSpiroAtoms,
    "bridgehead atoms": rdMolDescriptors.CalcNumBridgeheadAtoms,
}

PROPERTIES: dict[str, Callable[[Chem.Mol], float]] = {
    "logP": lambda mol: rdMolDescriptors.CalcCrippenDescriptors(mol)[0],
    "TPSA": rdMolDescriptors.CalcTPSA,
    "H-bond donors": rdMolDescriptors.CalcNumHBD,
    "H-bond acceptors": rdMolDescriptors.CalcNumHBA,
    "rotatable bonds": rdMolDescriptors.CalcNumRotatableBonds,
    "fraction of sp3 carbon": rdMolDescriptors.CalcFractionCSP3,
    "exact mass": rdMolDescriptors.CalcExactMolWt,
}
"""logP is Crippen's [no unit], TPSA Ertl's [A^2], exact mass monoisotopic [Da]."""


@dataclass(frozen=True)
class Targets:
    """Answers for N molecules.

    Attributes:
        names: (T,) of the targets.
        family: (T,) "functional group", "carbon environment", "rings" or "property".
        kind: (T,) "presence" (0 or 1) or "value".
        values: (N, T) float64.
    """

    names: list[str]
    family: list[str]
    kind: list[Kind]
    values: np.ndarray


def compute(smiles: Sequence[str]) -> Targets:
    """Every target of molecules, given as canonical SMILES."""
    groups, environments = _patterns("group"), _patterns("environment")
    rows = []
    for text in smiles:
        mol: Any = parse_smiles(text)
        row = [float(mol.HasSubstructMatch(one)) for one in groups]
        row += [float(_atoms(mol, one)) for one in environments]
        row += [float(function(mol)) for function in (*RINGS.values(), *PROPERTIES.values())]
        rows.append(row)
    names = [*GROUPS, *ENVIRONMENTS, *RINGS, *PROPERTIES]
    family = ["functional group"] * len(GROUPS) + ["carbon environment"] * len(ENVIRONMENTS)
    family += ["rings"] * len(RINGS) + ["property"] * len(PROPERTIES)
    kind: list[Kind] = ["presence" if one == "functional group" else "value" for one in family]
    values = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    return Targets(names, family, kind, values)


def _atoms(mol: Chem.Mol, pattern: Chem.Mol) -> int:
    """Number of atoms that a pattern begins with."""
    return len({match[0] for match in mol.GetSubstructMatches(pattern, uniquify=False)})


@lru_cache(maxsize=2)
def _patterns(which: str) -> list[Chem.Mol]:
    table = GROUPS if which == "group" else ENVIRONMENTS
    return [Chem.MolFromSmarts(text) for text in table.values()]
