"""What is heavy is imported late. What modules are loaded is asserted, never a time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "torch_geometric", "rdkit", "scipy", "pyarrow", "matplotlib", "huggingface_hub")


def loaded(statement: str) -> list[str]:
    """Which of the heavy packages a fresh interpreter has loaded after ``statement``."""
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    return sorted(set(HEAVY) & set(json.loads(done.stdout)))


@pytest.mark.parametrize(
    "statement",
    [
        "import acml_core",
        "from acml_core import BadInput, Component, Modality, Settings, Signal, hookimpl",
        "from acml_core import plugins; plugins.installed()",
        "from acml_core import catalog; catalog.plugins()",
        "from acml_core import components; sorted(components.graph_encoders._entries)",
    ],
)
def test_neither_torch_nor_rdkit(statement: str) -> None:
    assert loaded(statement) == []


def test_the_measure_itself_sees_a_heavy_import() -> None:
    assert "rdkit" in loaded("from acml_core import canonicalise")


def test_every_public_name_resolves() -> None:
    import acml_core

    for name in acml_core.__all__:
        assert getattr(acml_core, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        acml_core.nothing  # noqa: B018
