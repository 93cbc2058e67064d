"""A wrong modality: the error names the plugin that reads the file, and the good path is not slower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acml_core import plugins
from acml_core.errors import BadInput
from acml_core.reading import read

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("nmr", "ms", "ir")
EXAMPLES = {
    "nmr": (
        "peak_table.jdx", "assignments.jdx", "shifts.str", "two_records.sdf",
        "13C NMR (101 MHz, CDCl3) δ 170.1, 128.4 (2C), 55.3 (OCH3)",
        "1H NMR (400 MHz, CDCl3) δ 7.26 (s, 1H), 3.81 (s, 3H)",
    ),
    "ms": (
        "pentanone.jdx", "caffeine.mgf", "ketones.msp", "gnps.json", "peaks.csv", "table.csv",
        "record.txt", "printed.txt", "run.mzML", "run.mzXML",
        "MS (EI, 70 eV) m/z: 86 (21), 71 (12), 58 (9), 43 (100)",
    ),
    "ir": ("acetone.jdx", "ethanol.csv", "ethanol.spc", "IR (KBr) 3310, 1720 s, 1605 cm-1"),
}  # fmt: skip
"""Every example file of the three plugins' tests, and texts as papers print them."""

MATRIX = [
    (given, owner, example)
    for owner, examples in EXAMPLES.items()
    for example in examples
    for given in NAMES
]


def source(owner: str, example: str) -> str:
    path = ROOT / "plugins" / f"acml-plugin-{owner}" / "tests" / "files" / example
    return str(path) if path.suffix and path.exists() else example


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the three plugins, whatever else is installed."""
    monkeypatch.setenv(plugins.ALLOW_LIST, ",".join(NAMES))


@pytest.mark.parametrize(("given", "owner", "example"), MATRIX)
def test_every_example_with_every_modality(
    three: None, given: str, owner: str, example: str
) -> None:
    plugin = plugins.get(given)()
    if given == owner:
        assert [one for one in read(plugin, source(owner, example)) if not one.missing]
        return
    with pytest.raises(BadInput) as caught:
        list(read(plugin, source(owner, example), on_reject=lambda error: None))
    kind = "file" if source(owner, example) != example else "text"
    assert caught.value.remedy.startswith(
        f"The plugin {owner!r} reads this {kind}: use --modality {owner}."
    )
    assert "\n" not in str(caught.value)


def test_the_plugins_own_advice_stays_where_it_says_something_else(three: None) -> None:
    ms = plugins.get("ms")()
    with pytest.raises(BadInput) as caught:
        list(read(ms, source("ir", "ethanol.csv")))
    assert "Otherwise: Name them mz and intensity" in caught.value.remedy
    assert caught.value.line == 1
    assert "ethanol.csv" in str(caught.value.source)


@pytest.mark.parametrize("text", ["no numbers here", "nowhere.mgf", "", "./none"])
def test_what_nobody_reads_stays_the_plugins_own_error(three: None, text: str) -> None:
    ms = plugins.get("ms")()
    with pytest.raises(BadInput) as own:
        list(ms.read(text))
    with pytest.raises(BadInput) as caught:
        list(read(ms, text))
    assert str(caught.value) == str(own.value)


def test_a_bad_record_after_a_good_one_is_not_a_wrong_modality(three: None, tmp_path: Path) -> None:
    path = tmp_path / "two.mgf"
    one = "BEGIN IONS\nPEPMASS=195.1\n110.07 {}\n138.06 9\nEND IONS\n"
    path.write_text(one.format(3) + one.format(-3))
    found = read(plugins.get("ms")(), path)
    assert not next(found).missing
    with pytest.raises(BadInput, match="negative") as caught:
        next(found)
    assert "--modality" not in caught.value.remedy


# ---- other people's plugins ---------------------------------------------------------------------

READS_ANYTHING = """
from pathlib import Path
from acml_core import Encoder, Modality, Signal, hookimpl

class Reading(Signal):
    value: float = 0.0

class Any(Modality):
    name = {name!r}
    signal = Reading
    suffixes = (".foo",)

    def read(self, source, *, format=None, on_reject=None):
        {body}

    def prepare(self, signal): return {{}}
    def collate(self, items, *, train): return {{}}
    def encoder(self): return Encoder()

@hookimpl
def acml_modalities():
    return [Any]
"""


def test_broken_and_raising_plugins_are_passed_over(site: Any, tmp_path: Path) -> None:
    site.install("aaa", "raise SystemExit(3)\n")
    site.install("bbb", READS_ANYTHING.format(name="bbb", body="raise RuntimeError('mine')"))
    site.install("ccc", READS_ANYTHING.format(name="ccc", body="yield Reading()"))  # missing
    site.install("good", READS_ANYTHING.format(name="good", body="yield Reading(value=1.0)"))
    path = tmp_path / "a.foo"
    path.write_text("nothing that a spectrometer wrote\n")
    with pytest.raises(BadInput, match=r"The plugin 'good' reads this file: use --modality good"):
        list(read(plugins.get("ir")(), path))
    other = tmp_path / "a.bar"  # a suffix that it does not claim
    other.write_text("nothing that a spectrometer wrote\n")
    with pytest.raises(BadInput) as caught:
        list(read(plugins.get("ir")(), other))
    assert "'good'" not in caught.value.remedy


def test_several_readers_are_all_named(site: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        site.install(name, READS_ANYTHING.format(name=name, body="yield Reading(value=1.0)"))
    path = tmp_path / "a.foo"
    path.write_text("nothing that a spectrometer wrote\n")
    with pytest.raises(
        BadInput, match=r"'one' and 'two' read this file: use --modality one or two"
    ):
        list(read(plugins.get("ir")(), path))


def test_nothing_found_without_an_error(site: Any, tmp_path: Path) -> None:
    site.install("none", READS_ANYTHING.format(name="none", body="yield Reading()"))
    found = read(plugins.get("none")(), source("ir", "acetone.jdx"))
    with pytest.raises(BadInput, match=r"no measurement could be read.*--modality ir"):
        list(found)


def test_other_plugins_are_loaded_on_failure_only(site: Any) -> None:
    marker = site.install("late")
    assert len(list(read(plugins.get("ir")(), source("ir", "acetone.jdx")))) == 1
    assert not marker.exists()
    with pytest.raises(BadInput):
        list(read(plugins.get("ir")(), "no numbers here"))
    assert marker.exists()


# ---- the commands -------------------------------------------------------------------------------


def test_search_names_the_plugin(acml: Any, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "m.smi").write_text("CCO\n")
    args = ("search", source("ir", "acetone.jdx"), "--model", trained)
    result = acml(*args, "--library", tmp_path / "m.smi")
    assert result.code == 2
    assert "The plugin 'ir' reads this file: use --modality ir." in result.err


def test_import_names_the_plugin(acml: Any, tmp_path: Path) -> None:
    file = source("ir", "acetone.jdx")
    result = acml("data", "import", "jcamp", file, "--modality", "ms", "--out", tmp_path / "t.csv")
    assert result.code == 2
    assert "The plugin 'ir' reads this file: use --modality ir." in result.err
    assert list(tmp_path.iterdir()) == []
