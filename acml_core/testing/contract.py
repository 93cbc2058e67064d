"""Standard tests of what a plugin declares: name, api, imports, settings."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest

from acml_core import plugins
from acml_core.config import parse
from acml_core.errors import ConfigError
from acml_core.modality import API, Modality, Settings, Signal
from acml_core.registry import CORE
from acml_core.testing.samples import Samples, class_of
from acml_core.testing.toml import dumps

HEAVY = ("torch", "torch_geometric", "rdkit", "scipy", "pyarrow", "matplotlib", "transformers")
"""Modules that finding a plugin and importing its entry point must not load."""

LIGHT = ("acml-core", "numpy", "pydantic", "pluggy", "packaging")
"""Distributions that the contract itself needs, so that importing them costs nothing more."""

STAGES = """
import json, sys
from acml_core import plugins
found = {info.name: info.module for info in plugins.installed()}
listed = sorted(sys.modules)
__import__(found[sys.argv[1]].partition(":")[0])
print(json.dumps([listed, sorted(sys.modules)]))
"""


class ContractTests(Samples):
    """Name, api, lazy import and settings."""

    def test_is_a_modality(self) -> None:
        """A ``Modality`` of this contract's version, whole, named as its entry point is."""
        cls = class_of(type(self))
        assert issubclass(cls, Modality)
        assert cls.api == API, f"written for contract {cls.api}; this core has {API}"
        assert issubclass(cls.signal, Signal)
        assert cls.signal.columns(), "the signal has no measured field"
        assert not getattr(cls, "__abstractmethods__", ())
        assert all(s.startswith(".") and s == s.lower() for s in cls.suffixes), cls.suffixes
        if isinstance(self.modality, str):
            assert cls.name == self.modality
            info = plugins.check(self.modality)
            assert info.status in plugins.HEALTHY, f"{info.status}: {info.cause}"

    def test_default_signal_is_missing(self) -> None:
        """A signal of defaults means "not measured"."""
        assert class_of(type(self)).signal().missing

    def test_import_is_lazy(self) -> None:
        """Listing imports no plugin; importing the entry point loads nothing heavy."""
        cls = class_of(type(self))
        infos = [info for info in plugins.installed() if info.name == cls.name]
        if not infos:
            pytest.skip("the modality is given as a class: it has no entry point")
        listed, imported = _stages(cls.name)
        package = infos[0].module.partition(":")[0].partition(".")[0]
        assert package not in listed, "listing plugins imported the plugin"
        heavy = {*HEAVY, *_modules_of_requirements(infos[0].distribution)}
        assert not heavy & listed, f"listing plugins loaded {sorted(heavy & listed)}"
        assert not heavy & imported, (
            f"importing {infos[0].module} loaded {sorted(heavy & imported)}; "
            "import them inside functions"
        )

    def test_config_round_trips(self, plugin: Modality) -> None:
        """Settings come back equal from JSON and from TOML."""
        model = type(plugin.config)
        assert issubclass(model, Settings), "Config must subclass acml_core.Settings"
        for config in (plugin.config, model()):
            plain = config.model_dump(mode="json")
            assert parse(model, json.loads(json.dumps(plain, allow_nan=False))) == config
            assert parse(model, tomllib.loads(dumps(plain))) == config

    def test_unknown_settings_are_refused(self, plugin: Modality) -> None:
        """A setting that does not exist is an error that names it."""
        model = type(plugin.config)
        with pytest.raises(ConfigError, match="no_such_setting"):
            parse(model, {**plugin.config.model_dump(mode="json"), "no_such_setting": 1})


def _stages(name: str) -> tuple[set[str], set[str]]:
    """Modules loaded in a fresh interpreter: after listing plugins, and after importing one."""
    done = subprocess.run(
        [sys.executable, "-c", STAGES, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed, imported = json.loads(done.stdout.splitlines()[-1])
    return set(listed), set(imported)


def _modules_of_requirements(distribution: str) -> set[str]:
    """Top-level modules of what a distribution requires, the contract's own needs left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = {
        canonicalize_name(requirement.name)
        for line in metadata.requires(distribution) or ()
        if (requirement := Requirement(line)).marker is None
    } - {*LIGHT, CORE}
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if wanted & {canonicalize_name(owner) for owner in owners}
    }
