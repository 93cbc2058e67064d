"""Plugins found and loaded from real distributions (folders with a module and its metadata)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from acml_core import Modality, catalog, plugins
from acml_core.errors import PluginError, UnknownName
from acml_core.registry import Registry

if TYPE_CHECKING:
    from conftest import Site  # the type alone; pytest injects the fixture

GIVES = "from acml_core import hookimpl\n@hookimpl\ndef acml_modalities():\n    return [{}]\n"
ADDS = """
from acml_core import Component, hookimpl
from torch import nn


class Wide(nn.Linear):
    pass


@hookimpl
def acml_components():
    return [Component("graph_encoder", {name!r}, __name__ + ":Wide")]
"""


def graph_encoders() -> Registry:
    def fallback(registry: Registry) -> None:
        plugins.load_components(registry, "graph_encoder")

    registry: Registry = Registry("graph encoder", "torch.nn:Module", fallback=fallback)
    registry.add("builtin", "torch.nn:Identity")
    return registry


def test_a_healthy_plugin_loads(site: Site) -> None:
    site.install("raman")
    info = plugins.check("raman")
    assert (info.status, info.cause, info.remedy) == ("ok", "", "")
    assert (info.distribution, info.version) == ("acml-plugin-raman", "1.2.3")
    assert info.module == "acml_plugin_raman"
    cls = plugins.get("raman")
    assert issubclass(cls, Modality)
    assert next(cls().read("4.5")).value == 4.5


def test_listing_imports_no_plugin(site: Site) -> None:
    markers = [site.install("raman"), site.install("epr", "raise RuntimeError")]
    listed = {info.name: info.status for info in plugins.installed()}
    assert listed["raman"] == listed["epr"] == "installed"
    assert not any(marker.exists() for marker in markers)


def test_loading_one_plugin_imports_no_other(site: Site) -> None:
    raman, epr = site.install("raman"), site.install("epr")
    plugins.get("raman")
    assert raman.exists()
    assert not epr.exists()


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise ImportError('libfoo.so: not found')", "ImportError: libfoo.so: not found"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("class Panic(BaseException): pass\nraise Panic('deep\\n trouble')", "deep trouble"),
        ("def broken(:", "SyntaxError"),
        (GIVES.format("1 / 0"), "ZeroDivisionError"),
        ("from acml_core import hookimpl\n@hookimpl\ndef acml_modalities(x):\n  pass", "x"),
        ("from acml_core import hookimpl\n@hookimpl\ndef acml_modalities(): exit()", "SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_broken_and_stops_no_other(
    site: Site, code: str, cause: str
) -> None:
    site.install("epr", code)
    site.install("raman")
    info = plugins.check("epr")
    assert info.status == "broken"
    assert cause in info.cause
    assert "\n" not in info.cause
    assert info.remedy == "Run: pip install --force-reinstall acml-plugin-epr"
    with pytest.raises(PluginError, match="plugin 'epr' is broken"):
        plugins.get("epr")
    assert plugins.get("raman").name == "raman"
    assert graph_encoders().get("builtin").__name__ == "Identity"


def test_ctrl_c_during_an_import_still_stops(site: Site) -> None:
    site.install("epr", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        plugins.check("epr")


def test_a_missing_declared_dependency_is_what_pip_should_install(site: Site) -> None:
    requires = ["acml-core>=0.1,<0.2", "no-such-reader>=3; python_version >= '3'"]
    site.install("epr", "import nosuchreader", requires=requires)
    info = plugins.check("epr")
    assert info.status == "broken"
    assert "nosuchreader" in info.cause
    assert info.remedy == "Run: pip install 'no-such-reader>=3'"


def test_a_missing_undeclared_dependency_is_named_but_no_package_is_guessed(site: Site) -> None:
    site.install("epr", "import nosuchreader.part")
    remedy = plugins.check("epr").remedy
    assert "'nosuchreader'" in remedy
    assert "pip install" not in remedy


def test_an_incompatible_core_range_is_reported_before_import(site: Site) -> None:
    marker = site.install("epr", requires=["numpy", "ACML.core>=7", "acml_core<8"])
    assert site.status("epr") == "incompatible"
    info = plugins.check("epr")
    assert info.status == "incompatible"
    assert ">=7" in info.cause
    assert "<8" in info.cause
    assert "pip install --upgrade acml-plugin-epr acml-core" in info.remedy
    with pytest.raises(PluginError, match="incompatible"):
        plugins.get("epr")
    graph_encoders().names()
    assert not marker.exists()


def test_a_core_range_of_an_extra_does_not_count(site: Site) -> None:
    site.install("epr", requires=["acml-core>=0.1", "acml-core<0.0.1; extra == 'old'"])
    assert plugins.check("epr").status == "ok"


def test_two_distributions_of_one_name_clash_before_import(site: Site) -> None:
    first = site.install("epr")
    second = site.install("epr", module="epr_two", distribution="other-epr")
    site.install("raman")
    for info in (info for info in plugins.installed() if info.name == "epr"):
        assert info.status == "clashing"
        assert "acml-plugin-epr and other-epr" in info.cause
        assert info.remedy == f"Keep one: pip uninstall {info.distribution}"
    with pytest.raises(PluginError, match="clashing"):
        plugins.get("epr")
    assert plugins.check("raman").status == "ok"
    assert not first.exists()
    assert not second.exists()


def test_unreadable_metadata_is_broken_and_stops_no_other(site: Site) -> None:
    site.install("epr")
    (site.folder / "acml_plugin_epr-1.2.3.dist-info" / "METADATA").unlink()
    site.install("raman")
    info = plugins.check("epr")
    assert info.status == "broken"
    assert "metadata" in info.cause
    assert plugins.check("raman").status == "ok"


def healthy_with(site: Site, old: str, new: str) -> str:
    """The healthy plugin's source with one thing changed."""
    site.install("sample")
    source = (site.folder / "acml_plugin_sample.py").read_text()
    source = source.replace("'sample'", "'epr'").replace("Sample", "Epr")
    assert old in source
    return source.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "status", "cause"),
    [
        ("'epr'", "'eprr'", "misnamed", "named 'eprr', its entry point 'epr'"),
        ("    name = 'epr'\n", "", "misnamed", "named None"),
        ("    signal =", "    api = 99\n    signal =", "broken", "for contract 99"),
        ("signal = Reading", "signal = dict", "broken", "'signal' is not a subclass"),
        ("signal = Reading", "signal = Reading()", "broken", "'signal' is not a subclass"),
        ("    signal = Reading", "", "broken", "'signal' is not a subclass"),
        ("def prepare", "def prepaer", "broken", "does not implement prepare"),
        ("return [Epr]", "return [Reading]", "broken", "is not a subclass of acml_core.Modality"),
        ("return [Epr]", "return [Epr, Epr]", "broken", "gives 2 modalities"),
        ("return [Epr]", "return []", "broken", "gives 0 modalities"),
        ("return [Epr]", "return None", "broken", "gives 0 modalities"),
        ("return [Epr]", "return Epr", "broken", "not iterable"),
        ("acml_modalities", "acml_modalites", "broken", "gives 0 modalities"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_told_how(
    site: Site, old: str, new: str, status: str, cause: str
) -> None:
    site.install("epr", healthy_with(site, old, new))
    info = plugins.check("epr")
    assert info.status == status
    assert cause in info.cause
    assert info.remedy
    with pytest.raises(PluginError, match=f"plugin 'epr' is {status}"):
        plugins.get("epr")


def test_the_allow_list_disables_the_rest_without_importing_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    raman, epr = site.install("raman"), site.install("epr")
    monkeypatch.setenv(plugins.ALLOW_LIST, "raman, other")
    assert plugins.get("raman").name == "raman"
    info = plugins.check("epr")
    assert info.status == "disabled"
    assert plugins.ALLOW_LIST in info.remedy
    graph_encoders().names()
    assert raman.exists()
    assert not epr.exists()
    monkeypatch.setenv(plugins.ALLOW_LIST, "")
    assert plugins.check("raman").status == "disabled"


def test_a_slow_import_is_reported_and_still_works(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("epr")
    monkeypatch.setattr(plugins, "SLOW_IMPORT_S", 1e-9)
    info = plugins.check("epr")
    assert info.status == "slow"
    assert info.seconds is not None
    assert info.seconds > 0
    assert "import" in info.remedy
    assert plugins.get("epr").name == "epr"


def test_an_unknown_name_of_the_catalogue_says_what_to_install(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = tmp_path / "registry.toml"
    registry.write_text(
        'schema = 1\n[plugins.voltammetry]\ndistribution = "acml-plugin-cv"\nsummary = "CV"\n'
    )
    monkeypatch.setattr(catalog, "path", lambda: registry)
    catalog.load.cache_clear()
    try:
        with pytest.raises(UnknownName) as caught:
            plugins.get("voltammetry")
        assert caught.value.remedy == "Run: pip install acml-plugin-cv"
        with pytest.raises(UnknownName, match="Did you mean 'voltammetry'"):
            plugins.get("voltametry")
    finally:
        catalog.load.cache_clear()


@pytest.mark.parametrize("typed", ["ramam", "RAMAN", "Raman "])
def test_a_name_typed_wrong_is_answered_with_the_nearest(site: Site, typed: str) -> None:
    site.install("raman")
    with pytest.raises(UnknownName, match="Did you mean 'raman'"):
        plugins.get(typed)


def test_the_catalogue_in_the_repository_is_valid() -> None:
    known = catalog.plugins()
    assert known["nmr"].distribution == "acml-plugin-nmr"
    assert all(plugin.summary for plugin in known.values())


def test_a_plugin_of_components_alone_is_healthy_and_has_no_modality(site: Site) -> None:
    site.install("wide", ADDS.format(name="wide"))
    assert plugins.check("wide").status == "ok"
    with pytest.raises(PluginError, match="no modality"):
        plugins.get("wide")


def test_a_third_partys_graph_encoder_is_found_by_name(site: Site) -> None:
    site.install("broken", "raise SystemExit")
    site.install("wide", ADDS.format(name="wide"))
    registry = graph_encoders()
    assert registry.get("wide").__name__ == "Wide"
    assert registry.owner("wide") == "acml-plugin-wide"
    assert registry.names() == ["builtin", "wide"]


def test_a_built_in_component_is_found_without_importing_any_plugin(site: Site) -> None:
    marker = site.install("wide", ADDS.format(name="wide"))
    graph_encoders().get("builtin")
    assert not marker.exists()


def test_two_plugins_with_one_components_name_stop_only_who_asks_for_it(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("one", ADDS.format(name="wide"))
    site.install("two", ADDS.format(name="wide"))
    site.install("zzz", ADDS.format(name="other"))
    registry = graph_encoders()
    assert registry.get("other").__name__ == "Wide"
    assert "clashes" in caplog.text
    with pytest.raises(PluginError, match="acml-plugin-two clashes with that of acml-plugin-one"):
        registry.get("wide")


def test_a_plugin_cannot_take_a_name_of_the_core(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("thief", ADDS.format(name="builtin"))
    registry = graph_encoders()
    assert registry.names() == ["builtin"]
    assert "acml-plugin-thief clashes with that of acml-core" in caplog.text
    assert registry.get("builtin").__name__ == "Identity"


def test_a_component_that_cannot_be_imported_names_its_plugin(site: Site) -> None:
    site.install("wide", ADDS.format(name="wide").replace('__name__ + ":Wide"', '"gone:Wide"'))
    with pytest.raises(PluginError, match="'wide' of acml-plugin-wide cannot be imported"):
        graph_encoders().get("wide")


def test_what_is_no_component_makes_its_plugin_broken(site: Site) -> None:
    site.install("wide", ADDS.format(name="wide").replace("return [", "return ['gin', "))
    info = plugins.check("wide")
    assert info.status == "broken"
    assert "no acml_core.Component" in info.cause
    assert graph_encoders().names() == ["builtin"]


def test_in_a_process_of_its_own_listing_imports_neither_plugins_nor_torch(site: Site) -> None:
    markers = [site.install("raman"), site.install("epr", "raise SystemExit(9)")]
    script = (
        "import json, sys\n"
        "from acml_core import plugins\n"
        "names = [i.name for i in plugins.installed()]\n"
        "heavy = [m for m in ('torch', 'rdkit', 'numpy') if m in sys.modules]\n"
        "print(json.dumps([names, heavy]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(site.folder)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    names, heavy = json.loads(done.stdout)
    assert {"raman", "epr"} <= set(names)
    assert heavy == []
    assert not any(marker.exists() for marker in markers)
