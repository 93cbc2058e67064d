"""A Hub on this machine, the real client pointed at it, and a small model to publish."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # for "import server"

from rows import Use
from server import HubServer

from acml_core import catalog
from acml_core.layout import FILES
from acml_core.probability import Calibration

ALICE = "hf_alice"
"""A token that the server knows as the user "alice"."""

CI = {"ci95": [0.5, 0.9]}
METRICS = {
    "nmr": {
        "n_queries": 120,
        "galleries": [
            {
                "name": "test",
                "size": 100,
                "candidates_mean": 100.0,
                "modality_to_graph": {
                    name: {"value": value, **CI}
                    for name, value in (("recall@1", 0.72222), ("recall@10", 0.9), ("mrr", 0.8))
                },
                "baselines": {
                    "random": {"recall@1": {"value": 0.01, **CI}},
                    "spectrum_blind": {"recall@1": {"value": 0.02, **CI}},
                },
            }
        ],
    }
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The server, with the client of this process pointed at it and at an empty cache."""
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    with HubServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.delenv("ACML_REGISTRY", raising=False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        # A mirror without xet storage: the client then speaks plain HTTP.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        disable_progress_bars()
        yield server
        enable_progress_bars()


@pytest.fixture
def alice(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The token of a user who may write to alice/*, as HF_TOKEN gives it."""
    monkeypatch.setenv("HF_TOKEN", ALICE)
    return ALICE


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an untrained model with the files of a trained one. Copy it to change it."""
    import torch
    from acml_plugin_nmr.modality import Nmr
    from acml_plugin_nmr.signal import NmrSignal

    from acml_core import artefact
    from acml_core.components import Choice
    from acml_core.model import AcmlModel, ModelConfig

    torch.manual_seed(0)
    config = ModelConfig(
        graph=Choice(name="gine", dim=16, layers=1),
        projector=Choice(name="residual", dims=[16, 16]),
        similarity="cosine",
    )
    model = AcmlModel(config, {"nmr": Nmr(Nmr.Config(dim=16, width=16))})
    folder = tmp_path_factory.mktemp("tiny") / "model"
    artefact.save(
        folder,
        model,
        calibrations={"nmr": Calibration.constant(1.0)},
        examples={"nmr": NmrSignal(smiles="CCO", shifts_13c=(18.1, 57.8))},
        seen=["LFQSCWFLJHTTHZ"],
        metrics=METRICS,
        training={"seed": 0, "split": {"test": 0.1}},
        data={"sources": {"own.csv": "0" * 64}, "licence": "CC-BY-4.0"},
        command="acml train --modality nmr --data own.csv",
    )
    return folder


@pytest.fixture
def files(tiny: Path) -> dict[str, bytes]:
    """The small model's files by name."""
    return {path.name: path.read_bytes() for path in tiny.iterdir()}


@pytest.fixture
def plain() -> dict[str, bytes]:
    """Files with a model's names and some content each; nothing here loads them."""
    return {name: f"{name} ".encode() * 3000 for name in FILES}


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Write a registry, put it into ACML_REGISTRY, and give its path."""

    def write(*rows: str, name: str = "own.toml") -> Path:
        path = tmp_path / name
        path.write_text("schema = 1\n\n" + "\n".join(rows), encoding="utf-8")
        known = [*catalog.further(), str(path)]
        monkeypatch.setenv(catalog.ENVIRONMENT, ",".join(dict.fromkeys(known)))
        return path

    monkeypatch.delenv(catalog.ENVIRONMENT, raising=False)
    return write


@pytest.fixture
def outside(hub: HubServer, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``acml`` in a process of its own, told of the Hub by environment variables alone."""

    def run(
        *args: object, stderr: int = subprocess.PIPE, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        env = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        env |= {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            **extra,
        }
        program = [sys.executable, "-c", "from acml_core.cli import main; main()"]
        return subprocess.run(
            [*program, *map(str, args)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=600,
        )

    return run
