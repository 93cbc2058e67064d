"""One chunk of SMILES to molecules and graphs: what a worker process runs. Imports no torch."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from acml_core.errors import BadInput
from acml_core.graphs.featurize import MolGraph, featurize
from acml_core.molecule import Molecule, canonicalise, parse_smiles

Made = tuple[Molecule, MolGraph] | str
"""A molecule and its graph, or the reason why there is none."""


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block, and in processes started in it until ``start``.

    The terminal sends Ctrl-C to every process; a worker that is still importing would answer with a
    traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start() -> None:
    """A worker's first act: from now on, Ctrl-C ends it without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def make_chunk(smiles: list[str]) -> list[Made]:
    """``make_one`` of each."""
    return [make_one(text) for text in smiles]


def make_one(text: str) -> Made:
    """Parse, canonicalise and featurise one SMILES."""
    try:
        mol = parse_smiles(text)
        return canonicalise(mol), featurize(mol)
    except BadInput as error:
        return error.what
    except Exception as error:  # RDKit raises many kinds; a row's failure is that row's alone
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
