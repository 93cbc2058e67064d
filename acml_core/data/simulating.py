"""``acml data simulate``: a table of computed measurements, which says that they are computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from acml_core import plugins
from acml_core.data import molecules, table
from acml_core.errors import AcmlError, BadInput, Unsupported
from acml_core.modality import Signal
from acml_core.molecule import canonicalise, parse_smiles
from acml_core.rejects import Reject


def simulate_table(
    modality: str, source: Path, out: Path, report: Callable[[str], None]
) -> tuple[int, list[Reject]]:
    """Simulate a modality for every molecule of a file.

    Raises:
        Unsupported: the plugin does not simulate, or lacks what it needs for that.
        BadInput: no molecule could be simulated.
    """
    plugin = plugins.get(modality)()
    if not plugin.supports("simulate"):
        plugin.simulate(parse_smiles("C"))  # raises, with the remedy
    kept: list[Signal] = []
    rejects: list[Reject] = []
    for number, smiles in enumerate(tqdm(molecules.read(source), unit="molecule"), start=1):
        try:
            molecule = canonicalise(smiles)
            signal = plugin.simulate(parse_smiles(molecule.smiles))
        except Unsupported:
            raise
        except AcmlError as error:
            rejects.append(Reject(number, smiles, error.what))
            continue
        kept.append(signal.model_copy(update={"smiles": molecule.smiles}))
    if not kept:
        raise BadInput(
            "no molecule could be simulated", source=source, remedy=f"First: {rejects[0].reason}."
        )
    report(f"simulated by the plugin {modality!r}")
    return table.write(out, kept, {"source": "simulated", "origin": source.name}), rejects
