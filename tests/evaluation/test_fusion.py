"""Two toy measurements of the same molecules: together they find more than either."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from acml_plugin_nmr.signal import NmrSignal
from toy import WIDTH, Toy, ToySignal, measure

from acml_core import artefact
from acml_core.artefact import load
from acml_core.data.dataset import load as load_tables
from acml_core.data.split import SplitConfig
from acml_core.data.table import read, write
from acml_core.errors import BadInput
from acml_core.evaluation.fusion import evaluate_fusion
from acml_core.info import Info, ModalityInfo
from acml_core.library.fusion import Fusion
from acml_core.probability import Calibration
from acml_core.training.config import TrainConfig
from acml_core.training.fit import fit, new_model


class First(Toy):
    """Sees half of what there is to see."""

    name = "first"
    sees = slice(0, WIDTH // 2)

    def prepare(self, signal: ToySignal) -> dict[str, np.ndarray]:
        """``values`` (WIDTH,) float32, the other half zeros."""
        values = np.zeros(WIDTH, dtype=np.float32)
        values[self.sees] = np.array(signal.values, dtype=np.float32)[self.sees]
        return {"values": values}


class Second(First):
    """Sees the other half."""

    name = "second"
    sees = slice(WIDTH // 2, WIDTH)


def train(plugin: Toy, table: Path, out: Path) -> artefact.Artefact:
    """A model of one toy, as evaluation gets it: with the molecules that it has seen."""
    data = load_tables([table], [plugin], SplitConfig(), progress=False)
    config = TrainConfig(
        graph={"name": "gine", "dim": 32, "layers": 2}, projector={"name": "mlp", "dims": [32]},
        unlock="all", epochs=12, batch_size=64, precision="float32",
    )  # fmt: skip
    model = fit(
        new_model(config, {plugin.name: plugin}), data, config, out,
        device=torch.device("cpu"), report=lambda _: None,
    )  # fmt: skip
    seen = [data.graphs.keys[i] for side in ("train", "validation") for i in data.molecules(side)]
    calibrated = ModalityInfo.model_construct(calibration=Calibration.constant(10.0))
    return artefact.Artefact(
        model=model,
        info=Info.model_construct(modalities={plugin.name: calibrated}),
        seen=np.sort(artefact.hash_keys(seen)),
        path=out,
    )


def test_two_measurements_find_more_than_either(starter: Path, tmp_path: Path) -> None:
    smiles = dict.fromkeys(one.smiles for one in read(starter, NmrSignal).signals)
    write(tmp_path / "t.csv", [measure(one) for one in list(smiles)[:400]])
    models = {}
    for plugin in (First(), Second()):
        (tmp_path / plugin.name).mkdir()
        models[plugin.name] = train(plugin, tmp_path / "t.csv", tmp_path / plugin.name)
    tables = {name: [tmp_path / "t.csv"] for name in models}
    found = evaluate_fusion(models, tables, report=lambda _: None)
    assert [row["modalities"] for row in found["rows"]] == [
        ["first"],
        ["second"],
        ["first", "second"],
    ]
    first, second, both = (row["mrr"]["value"] for row in found["rows"])
    assert both > max(first, second)
    assert set(found["weights"]) == {"first", "second"}
    assert all(weight > 0 for weight in found["weights"].values())
    assert found["queries"] >= 20
    again = evaluate_fusion(models, tables, report=lambda _: None)
    assert again == found


def test_too_few_molecules_with_every_measurement(
    trained: Path, small_table: Path, tmp_path: Path
) -> None:
    model = load(trained)
    write(tmp_path / "few.csv", read(small_table, NmrSignal).signals[:60])
    with pytest.raises(BadInput, match=r"test and .* validation molecules have every measurement"):
        evaluate_fusion({"nmr": model}, {"nmr": [tmp_path / "few.csv"]}, report=lambda _: None)


def test_weights_go_to_a_file_and_back(tmp_path: Path) -> None:
    fitted = Fusion(weights={"nmr": 0.9, "ir": 0.4}, sure={"ir+nmr": (0.1, 1.3)})
    fitted.write(tmp_path / "fusion.json")
    found = Fusion.of(tmp_path / "fusion.json")
    assert found == fitted
    assert found.sure_of(["nmr", "ir"]) == (0.1, 1.3)
    assert found.sure_of(["nmr", "ms"]) is None
    assert found.weight("ms") == 1.0
    for text in ("{", "[]", '{"weights": 3}', '{"weights": {"nmr": "x"}}'):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(BadInput, match="no weights can be read"):
            Fusion.read(tmp_path / "bad.json")
