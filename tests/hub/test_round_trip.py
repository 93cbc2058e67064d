"""Publish with the real client, fetch again, and get the same embeddings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from server import HubServer

from acml_core import AcmlError, AcmlModel, BadInput
from acml_core.graphs.build import build
from acml_core.hub.names import Repository
from acml_core.hub.pull import Options, pull
from acml_core.hub.push import push
from acml_core.layout import FILES

MINE = "alice/nmr-small"
MOLECULES = ["CCO", "c1ccccc1", "CC(=O)O"]


def vectors(model: AcmlModel) -> torch.Tensor:
    graphs = build(MOLECULES, workers=1, progress=False).graphs
    example = model.artefact.info.modalities["nmr"].example
    signal = model.modalities["nmr"].signal(**example)
    molecules = model.encode_molecules(graphs, "nmr")
    return torch.cat([molecules, model.encode_signals("nmr", [signal])])


def test_push_then_pull_gives_the_same_embeddings(hub: HubServer, tiny: Path, alice: str) -> None:
    pushed = push(tiny, MINE)
    repo = hub.repos[MINE]
    assert pushed.commit == repo.branches["main"]
    assert pushed.url == f"{hub.endpoint}/{MINE}/commit/{pushed.commit}"
    assert len(repo.commits) == 2  # the empty first one of the Hub, and ours: all files at once
    _, stored = repo.files("main")
    assert set(stored) == {*FILES, ".gitattributes"}

    here = AcmlModel.from_pretrained(str(tiny))
    there = AcmlModel.from_pretrained(MINE)
    assert torch.equal(vectors(here), vectors(there))
    assert not there.training
    assert there.artefact.hash == here.artefact.hash


def test_the_token_never_leaves_the_hub(hub: HubServer, tiny: Path, alice: str) -> None:
    push(tiny, MINE)
    AcmlModel.from_pretrained(MINE)
    elsewhere = [one for one in hub.seen if one.host.startswith("localhost")]
    assert {"PUT", "GET"} <= {one.method for one in elsewhere}
    assert not any("authorization" in one.headers for one in elsewhere)
    assert any("authorization" in one.headers for one in hub.requests("/commit/"))


def test_a_model_is_published_as_every_library_does_it(
    hub: HubServer, tiny: Path, tmp_path: Path
) -> None:
    model = AcmlModel.from_pretrained(tiny)
    url = model.push_to_hub(MINE, token="hf_alice", private=True, commit_message="first")
    assert url.startswith(hub.endpoint)
    assert hub.repos[MINE].private
    assert hub.repos[MINE].messages[-1] == "first"
    again = AcmlModel.from_pretrained(MINE, token="hf_alice", cache_dir=tmp_path / "other")
    assert (tmp_path / "other" / "models--alice--nmr-small" / "refs" / "main").is_file()
    assert torch.equal(vectors(again), vectors(model))


def test_changed_weights_are_published_as_they_are_now(hub: HubServer, tiny: Path) -> None:
    model = AcmlModel.from_pretrained(tiny)
    with torch.no_grad():
        for weights in model.graph_encoder.parameters():
            weights.mul_(1.5)
    model.push_to_hub(MINE, token="hf_alice")
    again = AcmlModel.from_pretrained(MINE, token="hf_alice")  # its golden example is checked
    assert torch.equal(vectors(again), vectors(model))
    assert again.artefact.hash != model.artefact.hash
    _, stored = hub.repos[MINE].files("main")
    assert json.loads(stored["metrics.json"]) == {}  # they were another model's


def test_a_model_made_by_hand_has_nothing_to_publish(tiny: Path, tmp_path: Path) -> None:
    model = AcmlModel.from_pretrained(tiny)
    bare = AcmlModel(model.config, model.modalities)
    with pytest.raises(BadInput, match="neither trained nor loaded"):
        bare.save_pretrained(tmp_path / "x")


def test_a_commit_a_branch_and_a_tag(hub: HubServer, tiny: Path, alice: str) -> None:
    first = push(tiny, MINE).commit
    model = AcmlModel.from_pretrained(tiny)
    with torch.no_grad():
        next(model.graph_encoder.parameters()).add_(0.1)
    model.push_to_hub(MINE, branch="next")
    assert hub.repos[MINE].branches["main"] == first
    old, new = (AcmlModel.from_pretrained(MINE, revision=one) for one in (first, "next"))
    assert old.artefact.hash != new.artefact.hash
    assert AcmlModel.from_pretrained(f"{MINE}@next").artefact.hash == new.artefact.hash


def test_the_card_is_what_the_hub_shows(hub: HubServer, tiny: Path, alice: str) -> None:
    push(tiny, MINE, licence="CC-BY-SA 4.0".replace(" ", "-"), datasets=["alice/spectra"])
    _, stored = hub.repos[MINE].files("main")
    text = stored["README.md"].decode()
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["library_name"] == "acml"
    assert {"chemistry", "nmr"} <= set(head["tags"])
    assert head["license"] == "cc-by-sa-4.0"
    assert head["datasets"] == ["alice/spectra"]
    assert text.count("library_name") == 1
    assert "## Limits" in text
    (first, *_) = ModelCard(text).data.eval_results
    assert (first.metric_type, first.metric_value) == ("recall_at_1", 0.72222)
    assert "100" in first.dataset_name
    assert ModelCard(text).data.model_name == "nmr-small"


def test_what_people_wrote_in_the_card_stays(tiny: Path, hub: HubServer, alice: str) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny, tiny.with_name("edited"), dirs_exist_ok=True))
    card = folder / "README.md"
    card.write_text(card.read_text() + "\n## Thanks\n\n---\nto all\n---\n")
    push(folder, MINE)
    _, stored = hub.repos[MINE].files("main")
    assert stored["README.md"].decode().endswith("## Thanks\n\n---\nto all\n---\n")


@pytest.mark.parametrize(("licence", "of_data"), [("", ""), ("mit", "CC BY-NC-SA 4.0")])
def test_refused_without_a_licence_or_with_one_that_the_data_forbid(
    licence: str, of_data: str, hub: HubServer, tiny: Path, alice: str
) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny, tiny.with_name("unlicensed"), dirs_exist_ok=True))
    info = json.loads((folder / "acml.json").read_text())
    info["data"]["licence"] = of_data
    (folder / "acml.json").write_text(json.dumps(info))
    with pytest.raises(BadInput, match="licence") as caught:
        push(folder, MINE, licence=licence)
    assert "--licence" in caught.value.remedy
    assert hub.seen == []
    push(folder, MINE, licence="cc-by-nc-4.0")
    told: list[str] = []
    from acml_core.hub.pretrained import load

    load(MINE, report=told.append)
    assert bool(of_data) == any("non-commercial" in one for one in told)


def test_a_damaged_model_is_not_published(
    hub: HubServer, tiny: Path, alice: str, tmp_path: Path
) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny, tmp_path / "damaged"))
    (folder / "model.safetensors").write_bytes(b"x")
    with pytest.raises(AcmlError, match="not the file"):
        push(folder, MINE)
    assert hub.seen == []


def test_offline_after_the_first_time(
    hub: HubServer, tiny: Path, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = push(tiny, MINE).commit
    pulled = pull(Repository(MINE))
    hub.seen.clear()
    assert pull(Repository(MINE, commit)).folder == pulled.folder
    assert pull(Repository(MINE), options=Options(local_files_only=True)) == pulled
    assert hub.seen == []  # a pinned commit in the cache makes no request
    told: list[str] = []
    hub.fail("", status=503, times=99)
    monkeypatch.setattr("acml_core.hub.retry.ATTEMPTS", 1)
    assert pull(Repository(MINE), report=told.append) == pulled
    assert commit[:12] in told[-1]


def test_search_and_info_with_a_model_of_the_hub(
    acml: Any, hub: HubServer, tiny: Path, alice: str, tmp_path: Path
) -> None:
    push(tiny, MINE)
    (tmp_path / "m.smi").write_text("CCO\nc1ccccc1\n")
    line = "13C NMR (101 MHz, CDCl3) d 57.8, 18.1"
    done = acml("search", line, "--model", MINE, "--library", tmp_path / "m.smi", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["candidates"] == 2
    done = acml("models", "info", MINE)
    assert done.code == 0, done.err
    assert "0.7222" in done.out
