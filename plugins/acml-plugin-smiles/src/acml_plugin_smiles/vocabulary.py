"""The fixed list of tokens: enough for every SMILES, so that no string has an unknown one.

Bracket atoms are taken apart ("[13C@@H2-]" is nine tokens), which keeps the list short. What means
something else inside a bracket than outside has a token of its own, marked by an underscore: "1" closes
a ring and "_1" is a digit of an isotope, a count or a charge; "-" is a bond and "_-" a charge; "H" is
the element and "_H" the attached hydrogens.
"""

from __future__ import annotations

import hashlib

PAD, MASK = 0, 1
SPECIAL = ("<pad>", "<mask>")

ORGANIC = ("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I", "b", "c", "n", "o", "p", "s", "*")
"""Atoms that may stand without a bracket (OpenSMILES, section 3.1)."""

BONDS = ("-", "=", "#", "$", ":", "/", "\\", "~", "->", "<-")
"""OpenSMILES, and RDKit's any bond and dative bonds."""

BRANCHES = ("(", ")", ".")
MANY = "%()"
"""A ring-closure number of three digits or more."""

RINGS = (*map(str, range(10)), *(f"%{number}" for number in range(10, 100)), MANY)

# fmt: off
ELEMENTS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br",
    "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te",
    "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm",
    "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr",
    "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
)
# fmt: on
"""By atomic number, from 1."""

AROMATIC = ("b", "c", "n", "o", "p", "s", "as", "se", "si", "te")
"""Lower-case symbols that a bracket may hold."""

CHIRALITY = ("_@", "_@@", "_@TH", "_@AL", "_@SP", "_@TB", "_@OH")
IN_BRACKET = ("_H", "_+", "_-", "_:", *(f"_{digit}" for digit in range(10)))

TOKENS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *SPECIAL, *ORGANIC, *BONDS, *BRANCHES, *RINGS, "[", "]", *ELEMENTS, *AROMATIC, *CHIRALITY,
            *IN_BRACKET,
        )
    )
)  # fmt: skip
"""All tokens; the place of one is its number."""

NUMBER = {token: number for number, token in enumerate(TOKENS)}
ATOMS = frozenset(NUMBER[token] for token in (*ORGANIC, *ELEMENTS, *AROMATIC))
RING_NUMBERS = tuple(NUMBER[token] for token in RINGS)
FINGERPRINT = hashlib.sha256("\n".join(TOKENS).encode()).hexdigest()[:16]
"""Identity of the list: weights that were trained with another one do not fit."""
