"""The suite itself: a healthy toy passes, and each broken one fails where it is broken.

All toys run in one pytest of their own, started once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from broken_toys import broken

ITEM = 'return {"position": np.array(signal.positions, dtype=np.float32)}'
OUT = "return self.layer(summed)"
READ = "positions.append(float(line))"
TEXT = 'path.read_text(encoding="utf-8")'
NOISE = "torch.randn_like(position)"
END = 'e0"\n'


def with_item(more: str) -> str:
    """What ``prepare`` gives, with something done to the array."""
    return ITEM.replace(")}", f") {more}}}")


BROKEN: dict[str, tuple[tuple[tuple[str, str], ...], set[str]]] = {
    "other_api": ((("    suffixes =", "    api = 99\n    suffixes ="),), {"test_is_a_modality"}),
    "no_column": (
        (("    positions: tuple[float, ...] = ()", "    smiles: str = ''"),),
        {"test_is_a_modality"},
    ),
    "loose_settings": (
        (("class Config(Settings):", "class Config(Settings, extra='ignore'):"),),
        {"test_unknown_settings_are_refused"},
    ),
    "settings_without_json": (
        (("        wide: bool = False", "        wide: object = object()"),),
        {"test_config_round_trips"},
    ),
    "settings_infinite": (
        (("        wide: bool = False", "        wide: float = float('inf')"),),
        {"test_config_round_trips"},
    ),
    "no_origin": (((', origin=path.name if path else "text")', ")"),), {"test_example_is_read"}),
    "missing_file": (
        (('raise BadInput("no such file", source=source) from None', "return"),),
        {"test_missing_file_is_refused"},
    ),
    "empty_is_fine": (
        (('            raise BadInput("empty", source=source)', "            return"),),
        {"test_empty_input_is_refused"},
    ),
    "value_error": (
        ((READ, READ), ("            except ValueError:", "            except KeyError:")),
        {"test_truncated_input_is_refused"},
    ),
    "no_file_name": (
        (('raise BadInput("not a number", source=source, line=number)', 'raise BadInput("bad")'),),
        {"test_truncated_input_is_refused"},
    ),
    "index_error_when_lenient": (
        ((READ, READ + "; on_reject is None or [][0]"),),
        {"test_truncated_input_is_refused"},
    ),
    "eats_garbage": (
        (
            (TEXT, 'path.read_bytes().decode("latin-1")'),
            ('raise BadInput("not a number", source=source, line=number) from None', "continue"),
        ),
        {"test_binary_garbage_is_refused"},
    ),
    "decode_error": (
        (("        except UnicodeDecodeError:", "        except KeyError:"),),
        {"test_binary_garbage_is_refused"},
    ),
    "random_prepare": (
        ((ITEM, with_item("+ np.random.rand(len(signal.positions)).astype('f4')")),),
        {"test_prepare_is_deterministic"},
    ),
    "leaks_smiles": (
        ((ITEM, with_item("+ np.float32(len(signal.smiles))")),),
        {"test_prepare_ignores_smiles_and_origin"},
    ),
    "leaks_origin": (
        ((ITEM, with_item("+ np.float32(hash(signal.origin) % 10_007)")),),
        {"test_prepare_ignores_smiles_and_origin"},
    ),
    "changes_signal": (
        ((ITEM, 'object.__setattr__(signal, "positions", signal.positions[:1]); ' + ITEM),),
        {"test_prepare_leaves_the_signal"},
    ),
    "list_for_array": (
        ((ITEM, 'return {"position": list(signal.positions)}'),),
        {"test_prepare_gives_finite_arrays"},
    ),
    "infinite_array": (
        ((ITEM, with_item("/ np.float32(0)")),),
        {"test_prepare_gives_finite_arrays"},
    ),
    "batch_axis": (
        (
            (ITEM, ITEM.replace("signal.positions", "[signal.positions]")),
            ('len(item["position"])', 'item["position"].shape[1]'),
            ('torch.from_numpy(item["position"])', 'torch.from_numpy(item["position"][0])'),
        ),
        {"test_prepare_has_no_batch_axis"},
    ),
    "short_batch": (
        (('"mask": mask}', '"mask": mask, "width": torch.tensor([width] * 3)}'),),
        {"test_collate_gives_tensors_of_batch_length"},
    ),
    "always_augments": (
        (("        if train:", "        if True:"),),
        {"test_collate_is_deterministic"},
    ),
    "numpy_noise": (
        ((NOISE, "torch.from_numpy(np.random.randn(*position.shape)).float()"),),
        {"test_augmentation_follows_torch_seed"},
    ),
    "augments_in_place": (
        (
            (
                "        if train:",
                '        if train:\n            for item in items: item["position"] += 1',
            ),
        ),
        {"test_collate_leaves_its_items"},
    ),
    "wrong_dim": (((OUT, "return self.layer(summed)[:, 1:]"),), {"test_encoder_output"}),
    "float64": (((OUT, "return self.layer(summed).double()"),), {"test_encoder_output"}),
    "nan_output": (((OUT, "return self.layer(summed) * float('nan')"),), {"test_encoder_output"}),
    "padding_counts": (
        (('* batch["mask"][..., None]).sum(1)', ").mean(1)"),),
        {"test_one_equals_row_of_many"},
    ),
    "batch_statistics": (
        ((OUT, "return self.layer(summed - summed.mean(0))"),),
        {"test_one_equals_row_of_many"},
    ),
    "blind_encoder": (((OUT, "return self.layer(summed * 0)"),), {"test_encoder_sees_the_signal"}),
    "shared_encoder": (
        (
            (
                "return LinesEncoder(self.config.dim)",
                "self.__dict__.setdefault('e', LinesEncoder(self.config.dim)); return self.e",
            ),
        ),
        {"test_encoder_is_new"},
    ),
    "downloads": (
        (
            (
                "return LinesEncoder(self.config.dim)",
                "import contextlib, socket\n"
                "        with contextlib.suppress(OSError):\n"
                "            socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
                "        return LinesEncoder(self.config.dim)",
            ),
        ),
        {"test_encoder_downloads_nothing"},
    ),
    "column_lost": (
        (
            (
                "    positions: tuple[float, ...] = ()",
                "    positions: tuple[float, ...] = ()\n"
                "    def __init__(self, **k):\n"
                "        super().__init__(**{**k, 'positions': tuple(p for p in k.get('positions', ())"
                " if 'csv' not in k.get('origin', ''))})",
            ),
        ),
        {"test_table_round_trip[.csv]"},
    ),
    "no_source": ((("starter.parquet", "no_source.parquet"),), {"test_starter"}),
    "short_starter": ((("starter.parquet", "short.parquet"),), {"test_starter"}),
    "no_starter_file": ((("starter.parquet", "gone.parquet"),), {"test_starter"}),
    "empty_picture": (
        (("figure.subplots().stem(signal.positions, [1.0] * len(signal.positions))", "pass"),),
        {"test_draw_makes_a_picture"},
    ),
    "detached": (
        ((OUT, "return self.layer(summed).detach()"),),
        {"test_three_training_steps_lower_the_loss"},
    ),
    "random_in_eval": (
        ((OUT, "return self.layer(summed) + torch.randn(len(summed), self.dim)"),),
        {"test_one_equals_row_of_many", "test_saved_model_loads_and_agrees"},
    ),
    "state_not_saved": (
        (
            ("self.waves = 16", "self.waves = 16; self.shift = torch.randn(())"),
            (OUT, "return self.layer(summed) * self.shift"),
        ),
        {"test_saved_model_loads_and_agrees"},
    ),
    "bad_recipe": ((), {"test_recipes_are_valid"}),
    "dropped": (
        ((END, END + "    test_encoder_output = None\n"),),
        {"test_standard_tests_are_kept"},
    ),
    "overridden": (
        ((END, END + "    def test_encoder_output(self): pass\n"),),
        {"test_standard_tests_are_kept"},
    ),
    "marked": (
        (
            (
                END,
                END + "    import pytest\n    @pytest.mark.skip\n"
                "    def test_encoder_output(self): pass\n",
            ),
        ),
        {"test_standard_tests_are_kept"},
    ),
    "empty_reason": (
        (
            (
                END,
                END + "    test_encoder_output = None\n"
                '    reasons = {"test_encoder_output": " "}\n',
            ),
        ),
        {"test_standard_tests_are_kept"},
    ),
}
"""By name of a toy: what is changed in it, and the standard tests that must then fail."""

ALONE = {
    *("loose_settings", "no_origin", "missing_file", "value_error", "no_file_name"),
    *("leaks_smiles", "numpy_noise", "padding_counts", "blind_encoder", "downloads"),
    *("no_source", "empty_picture", "detached", "state_not_saved", "bad_recipe"),
    *("dropped", "overridden", "marked", "empty_reason", "shared_encoder"),
}
"""Toys whose defect is so small that no other standard test may fail."""

REASON = '    reasons = {"test_encoder_output": "the encoder is tested elsewhere"}\n'

HEALTHY: dict[str, tuple[tuple[str, str], ...]] = {
    "healthy": (),
    "reasoned": ((END, END + "    test_encoder_output = None\n" + REASON),),
    "without_starter": (("    def starter(self):", "    def _starter(self):"),),
    "example_in_a_file": (('example = "1.5', 'example = "lines.txt"\n    _ = "1.5'),),
    "small_config": ((END, END + '    config = {"dim": 4}\n'),),
}

REFUSED = {
    "class_skipped": (
        ("class TestLines", "import pytest\n\n\n@pytest.mark.skip\nclass TestLines"),
        "is marked as skipped without a reason",
    ),
    "class_marked_inside": (
        (END, END + "    import pytest\n    pytestmark = pytest.mark.skip\n"),
        "is marked as skipped without a reason",
    ),
    "guard_dropped": (
        (END, END + "    test_standard_tests_are_kept = None\n"),
        "may not override test_standard_tests_are_kept",
    ),
    "unknown_reason": (
        (END, END + '    reasons = {"test_encoder_outptu": "no such test"}\n'),
        "which is no standard test",
    ),
}
"""Toys whose test file is not even collected, and the message."""

PLUGIN_TEST = """
from acml_core.testing import ModalityTests

class TestPlugin(ModalityTests):
    modality = {name!r}
    example = "1.5\\n22.0\\n3.25"
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By toy, by test: passed, failed, skipped, or the message of an error at collection."""
    folder = tmp_path_factory.mktemp("toys")
    codes = {name: broken(f"toy_{name}", *changes) for name, (changes, _) in BROKEN.items()}
    codes |= {name: broken(f"toy_{name}", *changes) for name, changes in HEALTHY.items()}
    codes |= {name: broken(f"toy_{name}", change) for name, (change, _) in REFUSED.items()}
    for name, code in codes.items():
        (folder / name).mkdir()
        (folder / name / f"test_{name}.py").write_text(code, encoding="utf-8")
        _tables(folder / name)
    (folder / "example_in_a_file" / "lines.txt").write_text("1.5\n22.0\n3.25\n", encoding="utf-8")
    (folder / "bad_recipe" / "recipes").mkdir()
    (folder / "bad_recipe" / "recipes" / "fast.toml").write_text("epocks = 3\n", encoding="utf-8")
    site = folder / "site"
    site.mkdir()
    _install(site, "tidy", heavy=False)
    _install(site, "hasty", heavy=True)
    for name in ("tidy", "hasty"):
        (folder / name).mkdir()
        text = PLUGIN_TEST.format(name=name)
        (folder / name / f"test_{name}.py").write_text(text, encoding="utf-8")
    return _run(folder, site)


@pytest.mark.slow
@pytest.mark.parametrize("toy", BROKEN)
def test_a_broken_plugin_fails_where_it_is_broken(
    outcomes: dict[str, dict[str, str]], toy: str
) -> None:
    failed = {test for test, outcome in outcomes[toy].items() if outcome == "failed"}
    assert BROKEN[toy][1] <= failed
    if toy in ALONE:
        assert failed == BROKEN[toy][1]


@pytest.mark.slow
@pytest.mark.parametrize("toy", [*HEALTHY, "tidy"])
def test_a_healthy_plugin_passes(outcomes: dict[str, dict[str, str]], toy: str) -> None:
    found = outcomes[toy]
    assert {
        test for test, outcome in found.items() if outcome not in ("passed", "skipped")
    } == set()
    assert list(found.values()).count("passed") >= 25


@pytest.mark.slow
def test_what_is_not_implemented_is_skipped_and_nothing_else(
    outcomes: dict[str, dict[str, str]],
) -> None:
    skipped = {test for test, outcome in outcomes["healthy"].items() if outcome == "skipped"}
    assert skipped == {
        "test_import_is_lazy",  # the toy is a class without an entry point
        "test_simulate_gives_signals",
        "test_rerank_scores_each_molecule",
        "test_similarity_knows_a_signal_again",
        "test_parts_can_be_left_out",
    }
    assert outcomes["tidy"]["test_import_is_lazy"] == "passed"


@pytest.mark.slow
def test_an_entry_point_that_imports_torch_is_not_lazy(
    outcomes: dict[str, dict[str, str]],
) -> None:
    failed = {test for test, outcome in outcomes["hasty"].items() if outcome == "failed"}
    assert failed == {"test_import_is_lazy"}


@pytest.mark.slow
@pytest.mark.parametrize("toy", REFUSED)
def test_some_ways_to_drop_tests_are_refused_at_once(
    outcomes: dict[str, dict[str, str]], toy: str
) -> None:
    assert REFUSED[toy][1] in " ".join(outcomes[toy].values())


def _tables(folder: Path) -> None:
    rng = np.random.default_rng(0)
    rows = {
        "smiles": ["C" * n + "O" for n in range(1, 81)],
        "positions": [list(rng.uniform(0, 50, 3 + n % 5)) for n in range(80)],
    }
    whole = pa.table(rows)
    stated = whole.replace_schema_metadata({"acml.source": "made up"})
    pq.write_table(stated, folder / "starter.parquet")
    pq.write_table(whole, folder / "no_source.parquet")
    pq.write_table(stated.slice(0, 40), folder / "short.parquet")


def _install(site: Path, name: str, *, heavy: bool) -> None:
    code = broken(name).split("class TestLines")[0]
    code = code.replace("from acml_core.testing import ModalityTests\n", "")
    package = site / f"acml_plugin_{name}"
    package.mkdir()
    (package / "modality.py").write_text(code, encoding="utf-8")
    _tables(package)
    (package / "__init__.py").write_text(
        ("import torch\n" if heavy else "")
        + "from acml_core import hookimpl\n\n\n@hookimpl\ndef acml_modalities():\n"
        f"    from acml_plugin_{name}.modality import Lines\n\n    return [Lines]\n",
        encoding="utf-8",
    )
    info = site / f"acml_plugin_{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: acml-plugin-{name}\nVersion: 1\n"
        "Requires-Dist: acml-core<0.2,>=0.1\n"
    )
    (info / "entry_points.txt").write_text(f"[acml]\n{name} = acml_plugin_{name}\n")


def _run(folder: Path, site: Path) -> dict[str, dict[str, str]]:
    report = folder / "report.xml"
    paths = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "--tb=line"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *options, "--continue-on-collection-errors"),
            *("--rootdir", str(folder), "-c", os.devnull, "--junitxml", str(report), str(folder)),
        ],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, dict[str, str]] = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        place = f"{case.get('classname')}.{case.get('name')}"
        toy = next(part for part in place.split(".") if part and (folder / part).is_dir())
        kind = {child.tag: child for child in case}
        if "error" in kind:
            outcome = kind["error"].text or ""
        else:
            outcome = next((o for k, o in OUTCOMES.items() if k in kind), "passed")
        found.setdefault(toy, {})[str(case.get("name"))] = outcome
    return found


OUTCOMES = {"failure": "failed", "skipped": "skipped"}
