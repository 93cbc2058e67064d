"""NMRShiftDB2's SDF with signals ("nmrshiftdb2withsignals.sd"), streamed.

A spectrum is a property ``Spectrum 13C 0`` of ``shift;intensity and multiplicity;atom`` items joined
by "|", e.g. ``8.1;0.0Q;3|9.0;0.0Q;19|``. One record gives one signal: its first 13C and first 1H
spectrum, where the order of the numbers in ``Solvent`` (which is that of acquisition in the record)
decides; without it the lowest number is first. The structure is the record's mol block, with the
stereocentres of its SMILES property.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rdkit import Chem, RDLogger

from acml_core.errors import BadInput
from acml_core.modality import OnReject
from acml_plugin_nmr.readers.limits import check_shifts, wrong_nucleus
from acml_plugin_nmr.signal import MULTIPLICITIES_13C, NmrSignal

MAX_RECORD_LINES = 200_000
"""A record longer than this is damage, not a molecule."""

_PROPERTY = re.compile(r"^>.*<([^<>]+)>")
_SPECTRUM = re.compile(r"^Spectrum\s+(\d{1,3}[A-Z][a-z]?)\s+(\d+)$")
_NUMBERED = re.compile(r"(?<!\S)(\d+):")
_INTENSITY = re.compile(r"^\s*[-+]?[\d.]*(?:[eE][-+]?\d+)?\s*")

RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # its words come back in our errors


def read_sdf(path: Path, *, on_reject: OnReject | None = None) -> Iterator[NmrSignal]:
    """One signal a record that has a 13C or 1H spectrum; records without any are rejected.

    Raises:
        BadInput: no record could be read; or, without ``on_reject``, the first bad record.
    """
    given = 0
    first: BadInput | None = None
    for number, lines, complete in _records(path):
        try:
            if not complete:
                raise BadInput(
                    "the last record does not end with $$$$",
                    source=path,
                    line=number,
                    remedy="The file is truncated: fetch it again.",
                )
            signal = _signal(lines, path, number)
        except BadInput as error:
            if on_reject is None:
                raise
            first = first or error
            on_reject(error)
            continue
        given += 1
        yield signal
    if not given:
        raise first or BadInput("the file holds no record", source=path)


def _records(path: Path) -> Iterator[tuple[int, list[str], bool]]:
    """First line's number, lines, and whether the record is closed by $$$$."""
    lines: list[str] = []
    start = 1
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith("$$$$"):
                yield start, lines, True
                lines, start = [], number + 1
                continue
            lines.append(line.rstrip("\r\n"))
            if len(lines) > MAX_RECORD_LINES:
                raise BadInput(
                    f"a record has more than {MAX_RECORD_LINES} lines",
                    source=path,
                    line=start,
                    remedy="This is no SDF, or a $$$$ line is missing.",
                )
    if any(line.strip() for line in lines):
        yield start, lines, False


def _signal(lines: list[str], path: Path, number: int) -> NmrSignal:
    end = next((at for at, line in enumerate(lines) if line.startswith("M  END")), None)
    if end is None:
        raise BadInput(
            "the record has no mol block", source=path, line=number, remedy="'M  END' is missing."
        )
    properties = _properties(lines, end + 1, number)
    spectra: dict[str, dict[int, tuple[str, int]]] = {}
    for name, (value, line) in properties.items():
        found = _SPECTRUM.match(name)
        if found:
            spectra.setdefault(found[1], {})[int(found[2])] = (value, line)
    if not spectra:
        raise BadInput(
            "the record has no spectrum",
            source=path,
            line=number,
            remedy="A property such as '> <Spectrum 13C 0>' is needed.",
        )
    if not {"13C", "1H"} & set(spectra):
        raise wrong_nucleus(sorted(spectra), source=path, line=number)
    solvents = _by_number(properties.get("Solvent", ("", 0))[0])
    order = [*solvents, *sorted(set().union(*spectra.values()) - set(solvents))]
    fields: dict[str, object] = {}
    for nucleus in ("13C", "1H"):
        chosen = next((n for n in order if n in spectra.get(nucleus, {})), None)
        if chosen is None:
            continue
        shifts, kinds = _peaks(*spectra[nucleus][chosen], path)
        if not shifts:
            continue
        check_shifts(nucleus, shifts, source=path, line=spectra[nucleus][chosen][1])
        if nucleus == "13C":
            kinds = [kind.upper() if kind.upper() in MULTIPLICITIES_13C else "" for kind in kinds]
        fields[f"shifts_{nucleus.lower()}"] = tuple(shifts)
        fields[f"multiplicity_{nucleus.lower()}"] = tuple(kinds)
        fields.setdefault("solvent", solvents.get(chosen, ""))
    if not fields:
        raise BadInput("the record's spectra have no peaks", source=path, line=number)
    smiles = _smiles(lines[: end + 1], properties.get("SMILES", ("", 0))[0], path, number)
    return NmrSignal(smiles=smiles, origin=f"{path.name}:{number}", **fields)  # type: ignore[arg-type]


def _smiles(block: list[str], stated: str, path: Path, number: int) -> str:
    """Canonical SMILES of the mol block; of the record's own SMILES where that is the same molecule.

    The source's drawings have lost the wedges that its SMILES still know as stereocentres.
    """
    if len(block) > 4 and block[1][20:22] == "3D" and _is_flat(block):
        # The source calls flat drawings 3D, and then wedges would not be looked at.
        block = [block[0], block[1][:20] + "2D" + block[1][22:], *block[2:]]
    mol = Chem.MolFromMolBlock("\n".join(block) + "\n")
    if mol is None or mol.GetNumAtoms() == 0:
        raise BadInput(
            "RDKit does not accept the mol block",
            source=path,
            line=number,
            remedy="Check valences and the atom and bond counts.",
        )
    own = Chem.MolFromSmiles(stated) if stated else None
    if own is not None and _constitution(own) == _constitution(mol):
        mol = own
    return Chem.MolToSmiles(mol)


def _constitution(mol: Chem.Mol) -> str:
    return Chem.MolToSmiles(mol, isomericSmiles=False)


def _is_flat(block: list[str]) -> bool:
    """Whether every atom of a V2000 block has z = 0."""
    count = block[3][:3].strip()
    atoms = block[4 : 4 + int(count)] if count.isdigit() else []
    return bool(atoms) and all(line[20:30].strip("0. -+") == "" for line in atoms)


def _properties(lines: list[str], start: int, first: int) -> dict[str, tuple[str, int]]:
    """Property name -> value and the line it stands at."""
    found: dict[str, tuple[str, int]] = {}
    name, at = "", 0
    value: list[str] = []
    for offset in range(start, len(lines)):
        line = lines[offset]
        header = _PROPERTY.match(line) if line.startswith(">") else None
        if header:
            name, at, value = header[1].strip(), first + offset + 1, []
        elif name and line.strip():
            value.append(line)
            found[name] = ("\n".join(value), at)
    return found


def _by_number(text: str) -> dict[int, str]:
    """ "0:Chloroform-D1 (CDCl3) 1:Unreported" as {0: ..., 1: ...}, in the order of the text."""
    marks = list(_NUMBERED.finditer(text))
    starts = [*(mark.start() for mark in marks), len(text)]
    return {
        int(mark[1]): _balanced(text[mark.end() : end].strip())
        for mark, end in zip(marks, starts[1:], strict=True)
    }


def _balanced(name: str) -> str:
    """Without the surplus bracket at the end that some names of the source have."""
    while name.endswith(")") and name.count(")") > name.count("("):
        name = name[:-1].rstrip()
    return name


def _peaks(value: str, line: int, path: Path) -> tuple[list[float], list[str]]:
    shifts: list[float] = []
    kinds: list[str] = []
    for item in value.replace("\n", "").split("|"):
        if not item.strip():
            continue
        parts = item.split(";")
        try:
            shifts.append(float(parts[0]))
        except ValueError:
            raise BadInput(
                f"{parts[0][:30]!r} is no chemical shift",
                source=path,
                line=line,
                remedy="Peaks are written as shift;intensity and multiplicity;atom.",
            ) from None
        kinds.append(_INTENSITY.sub("", parts[1]).strip() if len(parts) > 1 else "")
    return shifts, kinds
