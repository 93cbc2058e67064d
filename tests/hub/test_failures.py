"""What can go wrong between here and the Hub, with the real client and real broken connections."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from server import HubServer

from acml_core import AcmlError, BadInput
from acml_core.hub import retry
from acml_core.hub.names import Repository
from acml_core.hub.pull import Options, Pulled, pull
from acml_core.layout import FILES, WEIGHTS
from acml_core.published import File

MINE = "alice/m"


def refused(where: str = MINE, match: str = "", **options: object) -> AcmlError:
    """The error of a pull: one line, with a remedy."""
    repo, _, revision = where.partition("@")
    with pytest.raises(AcmlError, match=match) as caught:
        pull(Repository(repo, revision or None), options=Options(**options))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return caught.value


def whole(pulled: Pulled, files: dict[str, bytes]) -> bool:
    return all((pulled.folder / name).read_bytes() == files[name] for name in files)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "hf"


def leftovers(cache: Path) -> list[Path]:
    """Files of broken downloads, or contents that no model uses."""
    return [path for path in cache.rglob("*") if path.name.endswith((".incomplete", ".part"))]


# ---- connections --------------------------------------------------------------------------------


def test_a_connection_dropped_in_mid_file_is_resumed(
    hub: HubServer, plain: dict[str, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # what the client keeps at once
    hub.add(MINE, plain)
    hub.fail("/storage/", method="GET", after=5500)
    assert whole(pull(Repository(MINE)), plain)
    ranges = [one.headers["range"] for one in hub.requests("/storage/") if "range" in one.headers]
    assert ranges == ["bytes=5000-"]  # the rest alone was asked for
    assert leftovers(cache) == []


def test_a_connection_cut_hard_in_mid_file_is_tried_again(
    hub: HubServer, plain: dict[str, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    hub.add(MINE, plain)
    hub.fail("/storage/", method="GET", after=100, reset=True)
    assert whole(pull(Repository(MINE)), plain)
    assert leftovers(cache) == []


def test_nobody_there(
    hub: HubServer, plain: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MINE, plain)
    pulled = pull(Repository(MINE))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the port "discard": nobody listens
    start = time.monotonic()
    error = refused("alice/other", "cannot be reached")
    assert "HF_ENDPOINT" in error.remedy
    assert "127.0.0.1:9" in str(error)
    told: list[str] = []
    assert pull(Repository(MINE), report=told.append) == pulled
    assert "cannot be reached" in told[0]
    assert time.monotonic() - start < 20  # no minute of waiting for somebody who is offline


def test_offline_by_choice(
    hub: HubServer, plain: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    hub.add(MINE, plain)
    pulled = pull(Repository(MINE))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.seen.clear()
    assert pull(Repository(MINE)) == pulled
    assert "Unset HF_HUB_OFFLINE" in refused("alice/other", "HF_HUB_OFFLINE").remedy
    assert hub.seen == []


def test_half_a_model_in_the_cache_is_not_a_model(hub: HubServer, plain: dict[str, bytes]) -> None:
    hub.add(MINE, plain)
    pulled = pull(Repository(MINE))
    (pulled.folder / WEIGHTS).unlink()
    refused(MINE, "cannot be reached", local_files_only=True)
    assert whole(pull(Repository(MINE, pulled.commit)), plain)


# ---- answers ------------------------------------------------------------------------------------


def test_no_such_repository_revision_or_file(hub: HubServer, plain: dict[str, bytes]) -> None:
    assert "hf auth login" in refused("alice/none", "no such repository").remedy
    assert "hf auth login" in refused("alice/none", "no such repository", token="hf_bob").remedy
    hub.add(MINE, plain)
    refused(f"{MINE}@v9", "no such revision")
    refused(f"{MINE}@{'0' * 40}", "no such revision")
    hub.add("alice/other", {"config.json": b"{}"})
    refused("alice/other", "no ACML model")
    hub.add("alice/half", {name: plain[name] for name in FILES if name != "golden.safetensors"})
    refused("alice/half", "golden.safetensors is missing")


def test_a_bad_name() -> None:
    with pytest.raises(BadInput, match="no revision"):
        pull(Repository(MINE, "../../x"))
    with pytest.raises(BadInput, match="OWNER/NAME"):
        pull(Repository("a--b/..", None))


def test_private(hub: HubServer, plain: dict[str, bytes]) -> None:
    hub.add(MINE, plain, private=True)
    refused(MINE, "or it is private")
    refused(MINE, "or it is private", token="hf_bob")
    refused(MINE, "token", token="hf_expired")
    assert whole(pull(Repository(MINE), options=Options(token="hf_alice")), plain)


def test_gated(hub: HubServer, plain: dict[str, bytes]) -> None:
    hub.add(MINE, plain, gated=True)
    error = refused(MINE, "gated")
    assert f"{hub.endpoint}/{MINE}" in error.remedy
    refused(MINE, "gated", token="hf_bob")
    assert whole(pull(Repository(MINE), options=Options(token="hf_alice")), plain)


@pytest.mark.parametrize("path", ["/api/models/", "/resolve/"])
def test_too_many_requests_waits_as_long_as_the_hub_asks(
    path: str, hub: HubServer, plain: dict[str, bytes]
) -> None:
    hub.add(MINE, plain)
    hub.fail(path, status=429, headers={"Retry-After": "1"}, times=2)
    told: list[str] = []
    start = time.monotonic()
    assert whole(pull(Repository(MINE), report=told.append), plain)
    assert time.monotonic() - start >= 1
    assert path == "/resolve/" or told[0].endswith(
        "again in 1 s"
    )  # the client itself waits for files


def test_too_many_requests_for_too_long(
    hub: HubServer, plain: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MINE, plain)
    hub.fail("/api/models/", status=429, headers={"Retry-After": "3600"}, times=99)
    assert "3600 s" in refused(MINE, "too many requests").remedy
    assert len(hub.requests("/api/models/")) == 1  # nobody waits an hour in a command
    hub.faults.clear()
    hub.seen.clear()
    hub.fail("/api/models/", status=503, times=99)
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    assert "later" in refused(MINE, "HTTP 503").remedy
    assert len(hub.requests("/api/models/")) == retry.ATTEMPTS


def test_pushing_where_one_may_not(hub: HubServer, tiny: Path) -> None:
    from acml_core.hub.push import push

    for token, match in (("hf_bob", "may not write"), ("hf_expired", "does not accept the token")):
        with pytest.raises(AcmlError, match=match) as caught:
            push(tiny, MINE, token=token)
        assert "hf auth login" in caught.value.remedy
    with pytest.raises(AcmlError, match="does not accept the token"):
        push(tiny, MINE)
    with pytest.raises(BadInput, match="OWNER/NAME"):
        push(tiny, "just-a-name")
    assert hub.repos == {}


def test_pushing_waits_where_the_hub_asks(hub: HubServer, tiny: Path, alice: str) -> None:
    from acml_core.hub.push import push

    hub.fail("/api/repos/create", status=429, headers={"Retry-After": "0"})
    hub.fail("/commit/", status=503, headers={"Retry-After": "0"})
    told: list[str] = []
    done = push(tiny, MINE, report=told.append)
    assert hub.repos[MINE].branches["main"] == done.commit
    assert len(told) == 2


# ---- content ------------------------------------------------------------------------------------


def rows(files: dict[str, bytes]) -> dict[str, File]:
    import hashlib

    return {
        name: File(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        for name, content in files.items()
    }


def test_a_file_that_changed_on_its_way(
    hub: HubServer, plain: dict[str, bytes], cache: Path
) -> None:
    hub.add(MINE, plain)
    hub.fail("/storage/", method="GET", alter=True)
    assert "Run it again" in refused(MINE, "is not the file that was published").remedy
    assert whole(pull(Repository(MINE)), plain)  # the wrong one was taken out of the cache


def test_a_small_file_that_changed_on_its_way(hub: HubServer, plain: dict[str, bytes]) -> None:
    hub.add(MINE, plain)
    hub.fail("/resolve/main/acml.json", method="GET", alter=True)
    hub.fail("acml.json", method="GET", alter=True)
    refused(MINE, "acml.json is not the file")
    hub.faults.clear()
    assert whole(pull(Repository(MINE)), plain)


def test_a_repository_that_is_not_what_the_registry_says(
    hub: HubServer, plain: dict[str, bytes]
) -> None:
    commit = hub.add(MINE, plain)
    where = Repository(MINE, commit)
    assert whole(pull(where, files=rows(plain)), plain)
    other = hub.add(MINE, {**plain, WEIGHTS: b"another" * 3000})
    with pytest.raises(AcmlError, match=r"model\.safetensors is not the file") as caught:
        pull(Repository(MINE, other), files=rows(plain))
    assert "tell whoever" in caught.value.remedy


def test_a_damaged_cache_mends_itself(hub: HubServer, plain: dict[str, bytes]) -> None:
    commit = hub.add(MINE, plain)
    where = Repository(MINE, commit)
    pulled = pull(where, files=rows(plain))
    for name in (WEIGHTS, "acml.json"):
        (pulled.folder / name).resolve().write_bytes(b"damaged")
    told: list[str] = []
    assert whole(pull(where, files=rows(plain), report=told.append), plain)
    assert "fetching it again" in told[0]
