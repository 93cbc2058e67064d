"""A small trained model, and tables whose values follow from the structure, with some missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acml_plugin_nmr.signal import NmrSignal
from rdkit.Chem import Crippen, MolFromSmiles

from acml_core import artefact
from acml_core.artefact import Artefact
from acml_core.data.table import read as read_signals
from acml_core.property.config import FinetuneConfig
from acml_core.property.table import PropertyTable, read

FAST: dict[str, Any] = {"epochs": 6, "batch_size": 32}
MOLECULES = 260


@pytest.fixture(scope="session")
def fast() -> FinetuneConfig:
    return FinetuneConfig(**FAST)


@pytest.fixture(scope="session")
def quiet() -> Callable[[str], None]:
    return lambda _: None


@pytest.fixture(scope="session")
def model(trained: Path) -> Artefact:
    return artefact.load(trained)


@pytest.fixture(scope="session")
def smiles(starter: Path) -> list[str]:
    found = dict.fromkeys(one.smiles for one in read_signals(starter, NmrSignal).signals)
    return list(found)[:MOLECULES]


@pytest.fixture(scope="session")
def folder(smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """esol.csv: logP; bbbp.csv: aromatic, and nitrogen, of which every third is not measured."""
    out = tmp_path_factory.mktemp("tables")
    lines = ["smiles,logp"]
    classes = ["name,mol,aromatic,nitrogen"]
    for i, text in enumerate(smiles):
        mol = MolFromSmiles(text)
        lines.append(f"{text},{Crippen.MolLogP(mol):.3f}")
        aromatic = int(any(a.GetIsAromatic() for a in mol.GetAtoms()))
        nitrogen = int("N" in text.upper()) if i % 3 else ""
        classes.append(f"m{i},{text},{aromatic},{nitrogen}")
    (out / "esol.csv").write_text("\n".join(lines))
    (out / "bbbp.csv").write_text("\n".join(classes))
    return out


@pytest.fixture(scope="session")
def logp(folder: Path) -> PropertyTable:
    return read(folder / "esol.csv", "regression", progress=False)


@pytest.fixture(scope="session")
def groups(folder: Path) -> PropertyTable:
    return read(folder / "bbbp.csv", "classification", progress=False)
