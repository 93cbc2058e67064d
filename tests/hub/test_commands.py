"""``acml models`` and ``acml doctor``: exit codes, JSON, and the default weights of a modality."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rows import NAME, Use, made
from server import HubServer

from acml_core import AcmlModel, catalog
from acml_core.hub.registries import entries
from acml_core.hub.row import as_toml, problems

COMMANDS = (
    *("models", "models list", "models info", "models pull", "models push"),
    *("models check", "models row", "models export", "doctor"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str, acml: Any) -> None:
    done = acml(*command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert command == "models" or f"Example: acml {command}" in done.out


def test_a_pickle_is_explained_in_the_help(acml: Any) -> None:
    text = " ".join(acml("models", "pull", "--help").out.split())
    assert "--allow-pickle" in text
    assert "run any program" in text


def test_list_info_check_and_row(acml: Any, use: Use, tiny: Path, tmp_path: Path) -> None:
    row = tmp_path / "own.toml"
    options = ("--licence", "cc-by-4.0", "--data", "own: CC BY 4.0", "--summary", "for tests")
    made_row = acml("models", "row", tiny, NAME, *options, "--default")
    assert made_row.code == 0, made_row.err
    use(made_row.out)
    assert row.is_file()

    done = acml("models", "list", "--json")
    assert done.code == 0, done.err
    listed = {one["name"]: one for one in json.loads(done.out)}
    assert listed[NAME]["licence"] == "cc-by-4.0"
    assert listed[NAME]["registry"] == str(row)
    assert NAME in acml("models", "list", "--modality", "nmr").out
    assert NAME not in acml("models", "list", "--modality", "ir").out

    told = acml("models", "info", NAME)
    assert "0.7222" in told.out
    assert json.loads(acml("models", "info", NAME, "--json").out)["default"] is True
    assert json.loads(acml("models", "info", tiny, "--json").out)["modalities"]["nmr"]
    assert acml("models", "pull", NAME).out.strip() == str(tiny)

    assert acml("models", "check", NAME).code == 0
    assert acml("models", "check", "nmr/none.x").code == 2
    row.write_text(row.read_text().replace("0.7222", "0.1"))
    wrong = acml("models", "check", NAME, "--json")
    assert wrong.code == 1
    assert "0.1 of 100" in json.loads(wrong.out)[NAME][0]


def test_a_model_exported_with_its_licences_states_them_everywhere(
    acml: Any, use: Use, tiny: Path, tmp_path: Path
) -> None:
    """What the tables do not say is given once, at export: card, row and loading then say it."""
    folder = Path(shutil.copytree(tiny, tmp_path / "bare"))
    info = json.loads((folder / "acml.json").read_text())
    del info["data"]["licence"]
    (folder / "acml.json").write_text(json.dumps(info))
    summary = ("--summary", "for tests")
    assert (
        "not known what the model was trained on"
        in acml("models", "row", folder, NAME, *summary).err
    )
    sets = ("--data", "Records, 2025.05: CC BY-NC-SA 4.0", "--data", "own: CC BY 4.0")
    refused = acml("models", "export", folder, tmp_path / "x", *sets, "--licence", "mit")
    assert (refused.code, "allows commercial use" in refused.err) == (2, True)
    assert not (tmp_path / "x").exists()
    assert acml("models", "export", folder, tmp_path / "x", "--data", "no licence").code == 2

    out = tmp_path / "half"
    done = acml("models", "export", folder, out, "--half", *sets, "--licence", "cc-by-nc-sa-4.0")
    assert done.code == 0, done.err
    card = (out / "README.md").read_text()
    assert 'license: "cc-by-nc-sa-4.0"' in card
    assert "- Records, 2025.05: CC BY-NC-SA 4.0\n- own: CC BY 4.0\n" in card
    assert "licence of the data: CC BY-NC-SA 4.0 + CC BY 4.0\n" in card
    assert "**for non-commercial use only**" in card
    told = acml("models", "row", out, NAME, *summary)
    assert told.code == 0, told.err
    use(told.out)
    row = entries()[NAME].row
    assert row.licence == "cc-by-nc-sa-4.0"
    assert [one.licence for one in row.data] == ["CC BY-NC-SA 4.0", "CC BY 4.0"]
    assert problems(entries()[NAME]) == []
    with pytest.warns(UserWarning, match="for non-commercial use only"):
        AcmlModel.from_pretrained(NAME)
    with pytest.warns(UserWarning, match="for non-commercial use only"):
        AcmlModel.from_pretrained(out)


def test_a_models_files_are_readable_alike(tiny: Path) -> None:
    """A model that a group shares is no use where its weights are their owner's alone."""
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tiny.iterdir()}
    assert len(set(modes.values())) == 1, modes


def test_a_modality_alone_means_its_default_weights(
    acml: Any,
    use: Use,
    tiny: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "m.smi").write_text("CCO\nc1ccccc1\n")
    line = "13C NMR (101 MHz, CDCl3) d 57.8, 18.1"
    search = ("search", "--modality", "nmr", line, "--library", tmp_path / "m.smi", "--json")
    use(as_toml(NAME, made(tiny)))
    if default_ships("nmr") is None:
        done = acml(*search)
        assert done.code == 2
        assert "no published weights" in done.err
    use(as_toml(NAME, made(tiny, default=True)))
    done = acml(*search)
    assert done.code == 0, done.err
    assert NAME in done.err
    assert json.loads(done.out)["candidates"] == 2
    by_name = acml(*search, "--model", NAME)
    assert json.loads(by_name.out)["hits"] == json.loads(done.out)["hits"]
    lib = tmp_path / "lib"
    built = acml("library", "build", tmp_path / "m.smi", "--modality", "nmr", "--out", lib)
    assert built.code == 0, built.err
    assert acml("search", line, "--modality", "nmr", "--library", lib).code == 0


def default_ships(modality: str) -> object:
    return catalog.default(catalog.merge([catalog.shipped()]).values(), modality)


# ---- doctor -------------------------------------------------------------------------------------


def findings(done: Any) -> dict[tuple[str, str], dict[str, str]]:
    return {(one["topic"], one["name"]): one for one in json.loads(done.out)}


def test_doctor_finds_a_sound_installation(acml: Any, hub: HubServer, alice: str) -> None:
    done = acml("doctor", "--json")
    found = findings(done)
    assert done.code == 0, done.out
    assert found["versions", "torch"]["status"] == "ok"
    assert found["plugins", "nmr"]["status"] == "ok"
    assert found["hub", hub.endpoint]["found"] == "reachable"
    assert found["hub", "token"]["found"] == "of alice"
    assert found["registry", str(catalog.path())]["status"] == "ok"
    assert {topic for topic, _ in found} == {
        *("versions", "device", "plugins", "caches", "registry", "hub")
    }
    assert "nmr" in acml("doctor", "--offline").out


def test_doctor_says_what_is_wrong_and_what_mends_it(
    acml: Any,
    hub: HubServer,
    use: Use,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from acml_core import plugins

    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ACML_CACHE", str(tmp_path / "file"))
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    broken = tmp_path / "site"
    (broken / "acml_plugin_wrong-1.dist-info").mkdir(parents=True)
    about = broken / "acml_plugin_wrong-1.dist-info"
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acml-plugin-wrong\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nwrong = acml_plugin_wrong\n")
    monkeypatch.syspath_prepend(broken)
    use(as_toml(NAME, made(tiny)).replace("bytes = ", "bytes = 1", 1))  # ten times as large

    done = acml("doctor", "--json")
    assert done.code == 1
    bad = {key: one for key, one in findings(done).items() if one["status"] == "broken"}
    assert set(bad) == {
        ("caches", "acml"),
        ("hub", "token"),
        ("plugins", "wrong"),
        ("registry", NAME),
    }
    assert all(one["remedy"] for one in bad.values())
    assert "ACML_CACHE" in bad["caches", "acml"]["remedy"]
    assert "--force-reinstall" in bad["plugins", "wrong"]["remedy"]


def test_doctor_does_not_blame_a_plugin_that_nobody_installed(
    acml: Any, hub: HubServer, use: Use, tiny: Path
) -> None:
    row = as_toml(NAME, made(tiny))
    use(row.replace("acml-plugin-nmr>=", "acml-plugin-raman>="))
    told = findings(acml("doctor", "--json"))["registry", NAME]
    assert (told["status"], "acml-plugin-raman" in told["found"]) == ("ok", True)
    use(row.replace(">=0.1.0,<0.2", ">=3.1,<3.2"))
    told = findings(acml("doctor", "--json"))["registry", NAME]
    assert (told["status"], "pip install" in told["remedy"]) == ("warning", True)
    text = acml("doctor").out
    assert text.splitlines()[0] == "versions"
    assert "0 broken" in text.splitlines()[-1]
    assert f"warning {NAME}" in " ".join(text.split())


def test_doctor_without_a_hub_or_with_a_bad_registry(
    acml: Any,
    hub: HubServer,
    use: Use,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    path = use("[models]\nnothing = 1\n")
    done = acml("doctor", "--json")
    assert done.code == 1
    found = findings(done)
    assert found["hub", "http://127.0.0.1:9"]["status"] == "warning"
    assert "bundled models work" in found["hub", "http://127.0.0.1:9"]["found"]
    assert found["registry", str(path)]["status"] == "broken"
