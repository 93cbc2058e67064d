"""A model's probabilities, fitted in a built library that is larger than the other candidates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acml_core import artefact
from acml_core.errors import ArtefactError
from acml_core.evaluation.assess import again
from acml_core.library.build import build


def test_probabilities_are_fitted_in_the_library_as_a_whole(
    trained: Path, small_table: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    chains = [f"{'C' * n}{end}" for n in range(2, 90) for end in ("O", "N", "F", "Cl", "Br", "I")]
    (tmp_path / "chains.smi").write_text("\n".join(chains))
    model = artefact.load(folder)
    about = build(model, tmp_path / "chains.smi", tmp_path / "library", workers=1, progress=False)
    before = model.info.modalities["nmr"].calibration
    again(model, [small_table], larger=tmp_path / "library", seconds=5.0)
    after = artefact.load(folder).info.modalities["nmr"].calibration
    size = sum(shard.molecules for shard in about.shards)
    assert size > before.points[-1].candidates
    assert after.points[-1].candidates == size
    assert [one.candidates for one in after.points[:-1]] == [
        one.candidates for one in before.points
    ]


def test_another_models_library_is_refused(
    trained: Path, small_table: Path, tmp_path: Path
) -> None:
    with pytest.raises(ArtefactError, match="library"):
        again(
            artefact.load(shutil.copytree(trained, tmp_path / "run")),
            [small_table],
            larger=tmp_path,
        )
