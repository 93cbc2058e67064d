"""Make candidates.smi: the molecules of RDKit's NCI list, canonical, each InChIKey-14 once.

Run from the repository's root: ``python examples/make_candidates.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

from rdkit import RDConfig

from acml_core.data import molecules
from acml_core.graphs.build import build

SOURCE = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
OUT = Path(__file__).parent / "candidates.smi"


def main() -> None:
    """Write the file, whole or not at all."""
    built = build(molecules.read(SOURCE), workers=1, progress=False)
    part = OUT.with_suffix(".part")
    part.write_text("".join(f"{smiles}\n" for smiles in sorted(built.graphs.smiles)))
    os.replace(part, OUT)
    print(f"{len(built.graphs)} molecules, {len(built.rejects)} left out: {OUT.name}")


if __name__ == "__main__":
    main()
