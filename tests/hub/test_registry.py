"""registry.toml: its schema, the user's own registries, and every row that it holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from rows import NAME, Use, made
from server import HubServer

from acml_core import catalog
from acml_core.catalog import Entry
from acml_core.errors import AcmlError, ArtefactError, BadInput, ConfigError, PluginError
from acml_core.hub.pretrained import default, find, load
from acml_core.hub.registries import _remote, entries
from acml_core.hub.row import as_toml, figures, problems
from acml_core.published import PublishedModel

# ---- what ships ---------------------------------------------------------------------------------


def walk(rows: dict[str, Entry]) -> dict[str, list[str]]:
    """What is wrong with each row that can be looked at without the network."""
    return {
        name: wrong
        for name, entry in rows.items()
        if entry.row.source.kind != "hf" and (wrong := problems(entry))
    }


def test_every_row_that_ships_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes, licence, loading, and figures that are those of its metrics.json."""
    monkeypatch.delenv(catalog.ENVIRONMENT, raising=False)
    rows = entries()
    assert set(rows) == set(catalog.load().models)
    assert walk(rows) == {}
    for name, entry in rows.items():
        assert entry.row.licence, name
        assert all(data.licence for data in entry.row.data), name


def test_the_walk_finds_what_is_wrong(use: Use, tiny: Path, tmp_path: Path) -> None:
    good = as_toml(NAME, made(tiny))
    use(good)
    assert walk(entries()) == {}

    use(good.replace("value = 0.7222", "value = 0.9999"))
    (told,) = walk(entries())[NAME]
    assert "the row says 0.9999 of 100, and metrics.json 0.7222 of 100" in told
    use(good.replace("size = 100", "size = 90"))
    assert len(walk(entries())[NAME]) == 3
    use(good.replace('gallery = "test"', 'gallery = "library"'))
    assert "does not have it" in walk(entries())[NAME][0]

    folder = Path(shutil.copytree(tiny, tmp_path / "damaged"))
    use(as_toml(NAME, made(folder)))
    (folder / "golden.safetensors").write_bytes(b"x")
    assert "golden.safetensors is not the file" in walk(entries())[NAME][0]
    (folder / "golden.safetensors").unlink()
    assert "golden.safetensors is missing" in walk(entries())[NAME][0]


def test_a_licence_that_the_data_forbid(use: Use, tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "model"))
    info = json.loads((folder / "acml.json").read_text())
    info["data"]["licence"] = "CC BY-NC-SA 4.0"
    (folder / "acml.json").write_text(json.dumps(info))
    with pytest.raises(BadInput, match="allows commercial use"):
        made(folder, licence="mit")
    row = made(folder, licence="cc-by-nc-sa-4.0")
    use(as_toml(NAME, row).replace('licence = "cc-by-nc-sa-4.0"', 'licence = "mit"'))
    assert "allows commercial use" in walk(entries())[NAME][0]
    use(as_toml(NAME, row))
    told: list[str] = []
    load(NAME, report=told.append)
    assert told == [f"{NAME}: for non-commercial use only (cc-by-nc-sa-4.0)"]


# ---- schema -------------------------------------------------------------------------------------


def test_a_row_is_read_back_as_it_was_made(use: Use, tiny: Path) -> None:
    row = made(tiny, default=True, paper="arXiv:2311.06456", split='odd "name"\nand lines')
    use(as_toml(NAME, row))
    assert entries()[NAME].row == row
    assert made(tiny).split == "by InChIKey-14: 10% test"
    assert row.requires == ("acml-plugin-nmr>=0.1.0,<0.2",)
    assert [one.value for one in row.metrics] == [0.7222, 0.9, 0.8]
    assert {one.size for one in row.metrics} == {100}
    assert figures(json.loads((tiny / "metrics.json").read_text())) == list(row.metrics)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            'summary = "for tests"',
            'summary = "for tests"\nlicnce = "mit"',
            "Did you mean 'licence'",
        ),
        ('licence = "cc-by-4.0"', 'licence = ""', "licence"),
        ('kind = "path"', 'kind = "zip"', "source"),
        ('"acml.json" = ', '"../acml.json" = ', "leads out of its folder"),
        ('"acml.json" = ', '"/acml.json" = ', "leads out of its folder"),
        ('"acml.json" = ', '"other.json" = ', "needs the file 'acml.json'"),
        ("acml-plugin-nmr>=0.1.0,<0.2", "acml-plugin-nmr", "states no range"),
        ("acml-plugin-nmr>=0.1.0,<0.2", "acml plugin>=1", "not what pip takes"),
        (NAME, "NMR/Gine", "not modality/arch.tag"),
        (NAME, "ir/gine.x", "must begin with 'nmr'"),
        ('modality = "nmr"', 'modality = "ir"', "metrics of 'ir'"),
        ("size = 100", "size = 0", "size"),
        ('licence = "CC BY 4.0"', 'licence = "CC BY-NC 4.0"', "'own' .CC BY-NC 4.0. does not"),
    ],
)
def test_rows_that_are_refused(old: str, new: str, match: str, use: Use, tiny: Path) -> None:
    good = as_toml(NAME, made(tiny))
    assert old in good
    path = use(good.replace(old, new))
    with pytest.raises(ConfigError, match=match) as caught:
        entries()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_branch_is_no_commit(use: Use, tiny: Path) -> None:
    where = {"kind": "hf", "repo": "alice/m", "revision": "main"}
    with pytest.raises(ConfigError, match="40 hexadecimal digits"):
        made(tiny, source=where)


def test_a_model_without_metrics_or_with_too_large_files(use: Use, tiny: Path) -> None:
    plain = made(tiny).model_dump()
    with pytest.raises(ValueError, match="needs metrics"):
        PublishedModel.model_validate(plain | {"metrics": ()})
    files = plain["files"] | {"acml.json": {"sha256": "0" * 64, "bytes": 1 << 40}}
    with pytest.raises(ValueError, match="larger than"):
        PublishedModel.model_validate(plain | {"files": files})
    with pytest.raises(ValueError, match="cannot be a default"):
        PublishedModel.model_validate(plain | {"kind": "encoder", "default": True})


def test_two_defaults_of_one_modality(use: Use, tiny: Path) -> None:
    row = as_toml(NAME, made(tiny, default=True))
    use(row, row.replace("tiny-v1", "tiny-v2"))
    with pytest.raises(ConfigError, match="both the default of 'nmr'"):
        entries()


# ---- the user's own -----------------------------------------------------------------------------


def test_a_name_that_two_registries_give_clashes_loudly(use: Use, tiny: Path) -> None:
    row = as_toml(NAME, made(tiny))
    first, second = use(row), use(row, name="second.toml")
    with pytest.raises(ConfigError, match=f"{NAME}' is in {first} too") as caught:
        entries()
    assert str(second) in str(caught.value)
    assert catalog.ENVIRONMENT in caught.value.remedy


def test_a_users_default_comes_before_ours_and_two_of_them_clash(use: Use, tiny: Path) -> None:
    row = as_toml(NAME, made(tiny, default=True))
    use(row)
    found = default("nmr")
    assert found is not None
    assert found.name == NAME
    assert default("raman") is None
    ours = [Entry("nmr/x.y", found.row, catalog.shipped())]
    assert catalog.default([*ours, found], "nmr") is found
    assert catalog.default(ours, "nmr") is ours[0]
    use(row.replace("tiny-v1", "tiny-v2"), name="second.toml")
    with pytest.raises(ConfigError, match="is the default of 'nmr' too"):
        default("nmr")


def test_registries_that_are_none(
    use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, match in (
        ("nowhere.toml", "no such file"),
        (str(tmp_path), "cannot be read"),
        ("a b", "neither a file nor a repository"),
    ):
        monkeypatch.setenv(catalog.ENVIRONMENT, name)
        with pytest.raises(BadInput, match=match):
            entries()
    monkeypatch.delenv(catalog.ENVIRONMENT)
    use('[plugins.raman]\ndistribution = "x"\nsummary = "x"\n')
    with pytest.raises(ConfigError, match="'raman'"):
        entries()


def test_a_registry_on_the_hub_and_a_model_that_it_names(
    hub: HubServer, use: Use, tiny: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("bob/weights", files)
    row = made(tiny, source={"kind": "hf", "repo": "bob/weights", "revision": commit})
    hub.add("alice/list", {"registry.toml": f"schema = 1\n{as_toml(NAME, row)}".encode()})
    monkeypatch.setenv(catalog.ENVIRONMENT, "alice/list")
    _remote.cache_clear()
    hub.add("bob/weights", {**files, "model.safetensors": b"later"})  # the branch moves on
    assert problems(entries()[NAME]) == []
    assert find(NAME).folder.name == commit

    hub.add("alice/sly", {"registry.toml": f"schema = 1\n{as_toml(NAME, made(tiny))}".encode()})
    monkeypatch.setenv(catalog.ENVIRONMENT, "alice/sly")
    with pytest.raises(ConfigError, match="folder of its author's machine"):
        entries()
    _remote.cache_clear()


# ---- finding ------------------------------------------------------------------------------------


def test_bundled_weights_are_found_without_importing_their_package(
    use: Use, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "acml_test_weights"
    shutil.copytree(tiny, package / "models" / "v1")
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    source = {"kind": "bundled", "package": "acml_test_weights", "folder": "models/v1"}
    use(as_toml(NAME, made(tiny, source=source)))
    with pytest.raises(PluginError, match="not installed") as caught:
        find(NAME)
    assert "pip install 'acml-plugin-nmr>=0.1.0,<0.2'" in caught.value.remedy
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert find(NAME).folder == package / "models" / "v1"
    assert walk(entries()) == {}
    (package / "models" / "v1" / "acml.json").write_text("{}")
    with pytest.raises(ArtefactError, match="not the file that the registry") as damaged:
        find(NAME)
    assert "--force-reinstall" in damaged.value.remedy


def test_a_model_for_another_version_of_its_plugin(use: Use, tiny: Path) -> None:
    row = as_toml(NAME, made(tiny))
    use(row.replace(">=0.1.0,<0.2", ">=3.1,<3.2"))
    with pytest.raises(PluginError, match=r"needs acml-plugin-nmr>=3.1,<3.2, and 0.1.0") as caught:
        find(NAME)
    assert "pip install 'acml-plugin-nmr>=3.1,<3.2'" in caught.value.remedy
    use(row.replace("acml-plugin-nmr>", "acml-plugin-raman>"))
    with pytest.raises(PluginError, match="and none is installed"):
        find(NAME)


def test_a_name_like_ours_is_never_asked_of_the_hub(hub: HubServer, use: Use, tiny: Path) -> None:
    use(as_toml(NAME, made(tiny)))
    with pytest.raises(ArtefactError, match="no such model") as caught:
        find("nmr/gine1.tiny-v2")
    assert NAME in caught.value.remedy
    for name in ("none", "/no/such/folder", "./x/y", "a/b/c"):
        with pytest.raises(ArtefactError, match="no such model"):
            find(name)
    assert hub.seen == []


def test_a_folder_comes_first_and_a_path_with_a_mistake_is_told(
    hub: HubServer, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / "runs" / "nmr")
    assert find("runs/nmr").folder == Path("runs/nmr")
    with pytest.raises(ArtefactError, match="no such model"):
        find("runs/nrm")
    assert hub.seen == []
    with pytest.raises(AcmlError, match="no such repository"):
        find("hf:runs/nrm")
    assert hub.seen


def test_a_locked_encoder(use: Use, tiny: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    prefix = "heads.nmr.encoder."
    weights = load_file(tiny / "model.safetensors")
    tower = {key[len(prefix) :]: v for key, v in weights.items() if key.startswith(prefix)}
    folder = tmp_path / "tower"
    folder.mkdir()
    save_file(tower, folder / "encoder.safetensors")
    from acml_core.files import sha256

    file = folder / "encoder.safetensors"
    row = made(tiny).model_copy(
        update={
            "kind": "encoder",
            "metrics": (),
            "source": made(folder=tiny, source={"kind": "path", "path": "tower"}).source,
            "files": {file.name: {"sha256": sha256(file), "bytes": file.stat().st_size}},
            "config": {"dim": 16, "width": 16},
        }
    )
    row = PublishedModel.model_validate(row.model_dump())
    use(as_toml("nmr/encoder.tiny-v1", row))  # its path is relative to the registry
    assert walk(entries()) == {}
    assert find("nmr/encoder.tiny-v1").folder == folder
    with pytest.raises(BadInput, match="encoder alone"):
        load("nmr/encoder.tiny-v1")
    use(as_toml("nmr/encoder.tiny-v1", row.model_copy(update={"config": {"dim": 32}})))
    assert "does not load" in walk(entries())["nmr/encoder.tiny-v1"][0]
