"""``explain``: report, checks and picture."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from toy import ToySignal

from acml_core.errors import BadInput
from acml_core.explain import Explanation, explain
from acml_core.explain.checks import Deletion
from acml_core.graphs.build import build
from acml_core.model import AcmlModel
from acml_core.untrained import untrained, untrained_encoder

if TYPE_CHECKING:
    from conftest import Acml

SMILES = "CCOC(C)=O"


@pytest.fixture(scope="module")
def made(small: AcmlModel, acetate: NmrSignal) -> Explanation:
    return explain(small, "nmr", acetate, SMILES)


def test_the_report_names_atoms_and_parts(made: Explanation) -> None:
    report = json.loads(json.dumps(made.as_dict()))
    assert [one["element"] for one in report["atoms"]] == ["C", "C", "O", "C", "C", "O"]
    assert report["parts"][0]["part"] == "13C 14.2 ppm"
    assert report["parts"][-1]["part"] == "1H 4.12 ppm"
    for one in report["parts"]:
        assert len(one["together"]) == 6
        assert one["together"][one["atom"]] == max(one["together"])
    for name in ("atoms", "parts"):
        assert len(report["random_weights"][name]["rank_correlations"]) == 5
        curve = report["deletion"][name]
        assert curve["important_first"][0] == pytest.approx(report["score"], abs=1e-3)
        assert curve["share"][0] == 0


def test_the_first_step_of_the_curve_is_the_largest_loss(made: Explanation) -> None:
    for name, losses in (("atoms", made.found.atoms), ("parts", made.found.parts)):
        curve = made.deletion[name]
        assert curve is not None
        first = made.found.score - losses.max()
        assert curve.ordered[1] == pytest.approx(first, abs=1e-5)
        assert (curve.random[:, 1] >= first - 1e-5).all()


def test_areas_of_a_deletion_curve() -> None:
    curve = Deletion(np.array([0, 0.25, 0.5]), np.array([1.0, 0.0, 0.0]), np.ones((4, 3)))
    assert curve.area == pytest.approx(0.25)
    assert curve.random_areas.tolist() == [1.0] * 4
    assert curve.as_dict()["share_of_random_orders_above"] == 1.0


def test_it_is_the_same_twice(small: AcmlModel, acetate: NmrSignal, made: Explanation) -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    assert explain(small, "nmr", acetate, SMILES).as_dict() == made.as_dict()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_modality_without_parts_explains_atoms_alone(small: AcmlModel, tmp_path: Path) -> None:
    made = explain(small, "toy", ToySignal(values=(1.0, 2.0)), SMILES)
    report = made.as_dict()
    assert report["parts"] is None
    assert report["deletion"]["parts"] is None
    assert len(report["atoms"]) == 6
    made.write(tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]", "CO"])
def test_the_smallest_molecules(small: AcmlModel, smiles: str, tmp_path: Path) -> None:
    made = explain(small, "nmr", NmrSignal(shifts_13c=(49.0,)), smiles)
    assert made.as_dict()["deletion"] == {"atoms": None, "parts": None}
    made.write(tmp_path / "small.svg")


def test_the_picture_holds_three_drawings(made: Explanation, tmp_path: Path) -> None:
    for suffix in (".svg", ".png"):
        made.write(tmp_path / f"match{suffix}")
    text = (tmp_path / "match.svg").read_text(encoding="utf-8")
    pieces = ET.fromstring(text).findall("{http://www.w3.org/2000/svg}svg")
    assert len(pieces) == 4  # caption, molecule, spectrum, checks
    names = re.findall(r"\sid=[\"']([^\"']+)[\"']", text)
    assert len(names) == len(set(names))
    used = set(re.findall(r"(?:href=[\"']#|url\(#)([^\"')]+)", text))
    assert used <= set(names)
    with pytest.raises(BadInput, match=r"\.svg, \.png"):
        made.write(tmp_path / "match.gif")


def test_bad_input_is_named(small: AcmlModel, acetate: NmrSignal) -> None:
    with pytest.raises(BadInput, match="not a SMILES"):
        explain(small, "nmr", acetate, "C1C")
    with pytest.raises(BadInput, match="nothing was measured"):
        explain(small, "nmr", NmrSignal(), "CC")
    with pytest.raises(BadInput, match="no modality"):
        explain(small, "ir", acetate, "CC")


def test_untrained_weights_are_drawn_by_their_seed(small: AcmlModel) -> None:
    graphs = build(["CCO", "CCC", "c1ccccc1", "CC(=O)O"], progress=False).graphs
    one, again, other = (untrained(small, seed) for seed in (3, 3, 4))
    assert torch.equal(one.encode_molecules(graphs, "nmr"), again.encode_molecules(graphs, "nmr"))
    assert not torch.allclose(
        one.encode_molecules(graphs, "nmr"), other.encode_molecules(graphs, "nmr")
    )
    alone = untrained_encoder(small.config.graph, 3)
    assert torch.equal(alone.atoms.table, one.graph_encoder.atoms.table)
    settled = untrained_encoder(small.config.graph, 3, settle=graphs)
    assert not settled.norms[0].training
    assert settled.norms[0].running_mean.abs().sum() > 0
    assert settled.norms[0].momentum == alone.norms[0].momentum
    assert alone.norms[0].running_mean.abs().sum() == 0


def test_the_command(acml: Acml, trained: Path, tmp_path: Path) -> None:
    args = ["explain", "13C NMR d 171.1, 60.4, 21.0, 14.2", "--modality", "nmr"]
    args += ["--smiles", SMILES, "--model", trained, "--out", tmp_path / "match.svg"]
    done = acml(*args, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert len(report["parts"]) == 4
    assert (tmp_path / "match.svg").is_file()
    done = acml(*args)
    assert done.code == 0
    assert "GOES WITH ATOM" in done.out
    assert "random weights" in done.out
    done = acml(*args, "--number", 2)
    assert done.code == 2
    assert "--number" in done.err
