"""One shard of a library: some thousand molecules, a folder that is written whole and never changed.

::

    molecules.arrow    Records
    MODALITY.npy       (n, p) float16
    MODALITY.codes.npy the same in eight bits a number, if they have unit norm
    rejects.csv        rows of the source that were left out, where there are any
    counts.json        molecules, rejects, duplicates
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acml_core.config import Settings, parse
from acml_core.errors import ArtefactError, ConfigError
from acml_core.files import naming
from acml_core.library import vectors as vector_files
from acml_core.library.codes import encode
from acml_core.library.records import Records
from acml_core.rejects import Reject, write_csv

MOLECULES, REJECTS, COUNTS = "molecules.arrow", "rejects.csv", "counts.json"


class Counts(Settings):
    """What became of a shard's rows.

    Attributes:
        molecules: kept.
        rejects: that cannot be used.
        duplicates: that repeat an earlier row's molecule.
    """

    molecules: int
    rejects: int = 0
    duplicates: int = 0


@dataclass
class Shard:
    """A shard in memory.

    Attributes:
        records: of its n molecules, each InChIKey-14 once.
        vectors: by modality, (n, p) float16.
        rejects: rows left out; ``row`` counts from 1 in the source.
        duplicates: rows that repeat a molecule of this shard.
    """

    records: Records
    vectors: dict[str, np.ndarray]
    rejects: list[Reject] = field(default_factory=list)
    duplicates: int = 0

    @property
    def counts(self) -> Counts:
        """Its numbers."""
        return Counts(
            molecules=len(self.records), rejects=len(self.rejects), duplicates=self.duplicates
        )

    def write(self, folder: Path) -> None:
        """Write the folder, whole or not at all."""
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
            self.records.write(part / MOLECULES)
            for name, vectors in self.vectors.items():
                vector_files.write(part / vectors_file(name), vectors)
                codes = encode(vectors)
                if codes is not None:
                    vector_files.write(part / codes_file(name), codes)
            if self.rejects:
                write_csv(self.rejects, part / REJECTS)
            (part / COUNTS).write_text(self.counts.model_dump_json(indent=1), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(part, folder)
        except OSError as error:
            raise naming(error, folder) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)


def vectors_file(modality: str) -> str:
    """Name of the file of a modality's vectors."""
    return f"{modality}.npy"


def codes_file(modality: str) -> str:
    """Name of the file of their codes."""
    return f"{modality}.codes.npy"


def read_counts(folder: Path, remedy: str) -> Counts:
    """What a shard's folder says of itself.

    Raises:
        ArtefactError: it is no shard, or damaged.
    """
    path = folder / COUNTS
    try:
        return parse(Counts, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, ConfigError) as error:
        raise ArtefactError(f"the shard is damaged ({error})", source=path, remedy=remedy) from None
