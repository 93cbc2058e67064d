"""Vectors in eight bits a number."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from torch import Tensor
from torch.nn.functional import normalize

from acml_core.artefact import Artefact
from acml_core.errors import ArtefactError
from acml_core.library.codes import DOUBT, encode, products
from acml_core.library.library import open_folder
from acml_core.library.merge import merge
from acml_core.library.search import search


def unit(n: int, p: int, power: float = 1.0) -> Tensor:
    """Unit vectors; a high power leaves them few numbers that are not nearly zero."""
    made = torch.randn(n, p, generator=torch.Generator().manual_seed(p))
    return normalize(made.sign() * made.abs() ** power).half()


@pytest.mark.parametrize("dim", [32, 96, 256])
@pytest.mark.parametrize("power", [1.0, 1.5])
def test_no_score_is_further_off_than_stated(dim: int, power: float) -> None:
    vectors = unit(1001, dim, power)
    stored = encode(vectors.numpy())
    assert stored is not None
    assert (stored.dtype, stored.shape) == (np.int8, (dim + 2, 1001))
    parts = [torch.from_numpy(encode(part.numpy())) for part in (vectors[:3], vectors[3:])]
    for query in (*normalize(torch.randn(5, dim)), 40 * vectors[5].float()):
        off = (products(parts, query) - vectors.float() @ query) / query.norm()
        assert off.abs().max() < DOUBT
        assert off.std() < DOUBT / 8


def test_codes_that_do_not_lie_evenly_in_memory() -> None:
    stored = torch.from_numpy(encode(unit(1001, 32).numpy()))
    moved = torch.empty(stored.numel() + 2, dtype=torch.int8)[2:].view(stored.shape).copy_(stored)
    query = normalize(torch.randn(32), dim=0)
    assert torch.equal(products([moved], query), products([stored], query))


def test_what_codes_do_not_hold_well_has_none() -> None:
    vectors = unit(10, 32)
    assert encode(vectors.numpy()) is not None
    assert encode((vectors * 1.1).numpy()) is None
    assert encode((vectors * 0).numpy()) is None
    assert encode(vectors[:0].numpy()) is None
    assert encode(unit(10, 33).numpy()) is None
    spread = torch.full((1, 4096), 0.3 / 64)  # one large number, and no step for the small ones
    spread[0, 0] = 0.95
    assert encode(normalize(spread).half().numpy()) is None


def test_a_library_holds_them_beside_its_vectors(folder: Path, model: Artefact) -> None:
    vectors = open_folder(folder, model, "nmr").vectors["nmr"]
    assert len(vectors.codes) == len(vectors.parts) > 1
    for part, codes in zip(vectors.parts, vectors.codes, strict=True):
        assert np.array_equal(codes.numpy(), encode(part.numpy()))


def test_a_library_without_them_answers_alike(
    copy: Path, folder: Path, model: Artefact, signals: list[NmrSignal], tmp_path: Path
) -> None:
    """As those that were built before there were codes, then extended. Merging gives it codes."""
    next(copy.rglob("nmr.codes.npy")).unlink()
    old = open_folder(copy, model, "nmr")
    assert not old.vectors["nmr"].codes
    found = search(model, "nmr", signals[:3], old)
    assert found == search(model, "nmr", signals[:3], open_folder(folder, model, "nmr"))
    merge([copy], tmp_path / "new", shard_rows=100)
    new = open_folder(tmp_path / "new", model, "nmr")
    assert len(new.vectors["nmr"].codes) == len(new.vectors["nmr"].parts)


def test_damaged_codes(copy: Path, model: Artefact) -> None:
    one, other, *_ = sorted(copy.rglob("nmr.codes.npy"))
    content = one.read_bytes()
    one.write_bytes(content[:-1])
    with pytest.raises(ArtefactError, match="damaged"):
        open_folder(copy, model, "nmr")
    one.write_bytes(content)
    shutil.copy(other.with_name("nmr.npy"), other)
    with pytest.raises(ArtefactError, match="not int8"):
        open_folder(copy, model, "nmr")
