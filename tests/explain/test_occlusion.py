"""Atoms and parts left out: against the definition, computed the long way."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal

from acml_core.errors import BadInput
from acml_core.explain.atoms import METHODS, Method, method_of, vectors
from acml_core.explain.occlusion import occlude, signal_vectors
from acml_core.graphs.build import build
from acml_core.graphs.packed import PackedGraphs
from acml_core.model import AcmlModel


@pytest.mark.parametrize("method", METHODS)
def test_losses_are_differences_of_scores(
    small: AcmlModel, acetate: NmrSignal, graph: PackedGraphs, method: Method
) -> None:
    found = occlude(small, "nmr", graph, acetate, method)
    n = len(found.atoms)

    def score(atom: int | None, part: int | None) -> float:
        keep = np.ones((1, n), bool)
        if atom is not None:
            keep[0, atom] = False
        molecule = vectors(small, "nmr", graph, keep, method)[0]
        left_out = [] if part is None else [part]
        return float(molecule @ signal_vectors(small, "nmr", acetate, [left_out])[0])

    assert found.score == pytest.approx(score(None, None), abs=1e-5)
    assert found.together.shape == (7, 6)
    for atom, part in product(range(n), range(7)):
        assert found.atoms[atom] == pytest.approx(found.score - score(atom, None), abs=1e-5)
        assert found.parts[part] == pytest.approx(found.score - score(None, part), abs=1e-5)
        both = found.score - score(atom, None) - score(None, part) + score(atom, part)
        assert found.together[part, atom] == pytest.approx(both, abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_with_every_atom_it_is_the_model_itself(
    small: AcmlModel, graph: PackedGraphs, method: Method
) -> None:
    before = small.encode_molecules(graph, "nmr")
    vectors(small, "nmr", graph, np.eye(6, dtype=bool), method)
    assert torch.equal(small.encode_molecules(graph, "nmr"), before), "a hook was left behind"
    whole = vectors(small, "nmr", graph, np.ones((2, 6), bool), method)
    assert torch.allclose(whole, before.expand(2, -1), atol=1e-6)


def test_a_removed_ion_leaves_the_other_ion(small: AcmlModel) -> None:
    salt = build(["[Na+].[Cl-]"], progress=False).graphs
    ions = build(["[Na+]", "[Cl-]"], progress=False).graphs
    found = vectors(small, "nmr", salt, np.eye(2, dtype=bool), "removed")
    expected = small.encode_molecules(ions, "nmr")
    order = [int(atom) for atom in salt.atoms[:, 0]].index(11)
    assert torch.allclose(found[order], expected[0], atol=1e-6)
    assert torch.allclose(found[1 - order], expected[1], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_equivalent_atoms_lose_the_same(
    small: AcmlModel, acetate: NmrSignal, method: Method
) -> None:
    losses = occlude(
        small, "nmr", build(["Cc1ccccc1"], progress=False).graphs, acetate, method
    ).atoms
    assert losses[2] == pytest.approx(losses[6], abs=1e-6)
    assert losses[3] == pytest.approx(losses[5], abs=1e-6)
    assert abs(losses[2] - losses[4]) > 1e-5


def test_methods_are_checked(small: AcmlModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert method_of(small) == "pooled"
    with pytest.raises(BadInput, match="pooled, removed"):
        method_of(small, "erased")
    monkeypatch.setattr(small.graph_encoder, "pool", None)
    assert method_of(small) == "removed"
    with pytest.raises(BadInput, match="removed"):
        method_of(small, "pooled")
