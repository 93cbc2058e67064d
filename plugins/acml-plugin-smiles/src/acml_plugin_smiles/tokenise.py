"""SMILES to tokens, and what the grammar says about which token belongs to which.

Ring-closure numbers and brackets are notation: the same number serves several rings, and a branch
may lie between two neighbours. Both are resolved here, exactly and without looking at chemistry, so
that the encoder need not learn to count parentheses.

``link`` of an atom is the atom before it in its chain; of a ring-closure number the atom at the
ring's other end; of any other token the atom that it is written at. ``near`` of an atom is the bond
symbol written before it, if there is one; of any other token the atom that it is written at. A token
without such a partner points to itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from acml_plugin_smiles.vocabulary import ELEMENTS, MANY, NUMBER, TOKENS

_TOKEN = re.compile(r"\[[^\[\]]*\]|Cl|Br|->|<-|%\(\d+\)|%\d\d|[BCNOPSFIbcnops*]|[-=#$:/\\~().0-9]")
_BRACKET = re.compile(
    r"\[(?P<isotope>\d*)(?P<element>[A-Z][a-z]?|as|se|si|te|[bcnops]|\*|#\d+)"
    r"(?P<chirality>@@|@(?:TH|AL|SP|TB|OH)\d{1,2}|@)?(?P<hydrogens>H\d*)?"
    r"(?P<charge>\++\d*|-+\d*)?(?P<class>:\d+)?\]"
)
_ATOM, _BOND, _OPEN, _CLOSE, _DOT, _RING = range(6)
_KIND = {
    **dict.fromkeys(("-", "=", "#", "$", ":", "/", "\\", "~", "->", "<-"), _BOND),
    "(": _OPEN,
    ")": _CLOSE,
    ".": _DOT,
}


class NotSmiles(ValueError):
    """Text that the SMILES grammar does not allow; the message says where."""


def tokenise(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of a SMILES and their syntax.

    Args:
        text: a SMILES without blanks, as written.

    Returns:
        ``(T,)`` int16 token numbers, and ``(2, T)`` int16 positions: ``near`` and ``link``.

    Raises:
        NotSmiles: a character that no SMILES has there, an unclosed ring, branch or bracket.
    """
    tokens: list[int] = []
    near: list[int] = []
    link: list[int] = []
    atom = -1  # of the chain at hand
    bond = -1  # written since then
    branches: list[int] = []
    rings: dict[int, tuple[int, int]] = {}
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        part = match.group()
        i = len(tokens)
        here = i if atom < 0 else atom
        kind = _KIND.get(part)
        if kind is None:
            first = part[0]
            kind = _RING if first.isdigit() or first == "%" else _ATOM
        if kind == _ATOM:
            numbers, at = _bracket(part) if part[0] == "[" else ((NUMBER[part],), 0)
            centre = i + at
            tokens += numbers
            near += [centre] * len(numbers)
            link += [centre] * len(numbers)
            if bond >= 0:
                near[centre] = bond
            if atom >= 0:
                link[centre] = atom
            atom, bond = centre, -1
            continue
        near.append(here)
        link.append(here)
        if kind == _BOND:
            tokens.append(NUMBER[part])
            bond = i
        elif kind == _RING:
            number = int(part.strip("%()"))
            tokens.append(NUMBER[part if len(part) <= 3 else _plain_ring(number)])
            if atom < 0:
                raise NotSmiles(f"a ring closure without an atom at character {match.start() + 1}")
            if number in rings:
                other, partner = rings.pop(number)
                link[i], link[other] = partner, atom
            else:
                rings[number] = (i, atom)
            bond = -1
        else:
            tokens.append(NUMBER[part])
            bond = -1
            if kind == _OPEN:
                branches.append(atom)
            elif kind == _CLOSE:
                if not branches:
                    raise NotSmiles(f"a ')' without a '(' at character {match.start() + 1}")
                atom = branches.pop()
                near[i] = link[i] = i if atom < 0 else atom
            else:  # a dot
                near[i] = link[i] = i
                atom = -1
    if end != len(text) or not tokens:
        raise NotSmiles(
            f"no SMILES token at character {end + 1}" if text else "the SMILES is empty"
        )
    if branches:
        raise NotSmiles(f"{len(branches)} '(' without a ')'")
    if rings:
        raise NotSmiles(f"ring {', '.join(map(str, sorted(rings)))} is opened and not closed")
    return np.array(tokens, dtype=np.int16), np.array([near, link], dtype=np.int16)


def detokenise(tokens: np.ndarray) -> str:
    """The SMILES that has these tokens; a ring number above 99 comes out as ``%()``."""
    return "".join(TOKENS[number].removeprefix("_") for number in tokens)


def _plain_ring(number: int) -> str:
    """How a number written as ``%(n)`` is written without parentheses."""
    return str(number) if number < 10 else f"%{number}" if number < 100 else MANY


@lru_cache(maxsize=4096)
def _bracket(part: str) -> tuple[tuple[int, ...], int]:
    """Tokens of a bracket atom, and the place of the element's among them.

    Raises:
        NotSmiles: not isotope, element, chirality, hydrogens, charge, class, in this order.
    """
    match = _BRACKET.fullmatch(part)
    if match is None:
        raise NotSmiles(f"{part[:40]!r} is not an atom")
    element = match["element"]
    if element[0] == "#":  # RDKit writes an element so where it need not be that atom exactly
        number = int(element[1:])
        if not 1 <= number <= len(ELEMENTS):
            raise NotSmiles(f"{part[:40]!r}: no element has that number")
        element = ELEMENTS[number - 1]
    rest = [match[name] or "" for name in ("hydrogens", "charge", "class")]
    if element not in NUMBER:
        raise NotSmiles(f"{part[:40]!r}: no element is called {element!r}")
    isotope = match["isotope"]
    chirality = match["chirality"] or ""
    mark = chirality.rstrip("0123456789")
    pieces = ["[", *(f"_{digit}" for digit in isotope), element]
    pieces += [f"_{mark}"] * bool(mark) + [f"_{digit}" for digit in chirality[len(mark) :]]
    pieces += [f"_{c}" for text in rest for c in text]
    pieces.append("]")
    return tuple(NUMBER[piece] for piece in pieces), 1 + len(isotope)
