"""Publishing a trained model as a repository of the Hub, in one commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from acml_core import artefact
from acml_core.card import head, with_head
from acml_core.errors import BadInput
from acml_core.hub.client import api
from acml_core.hub.errors import translated
from acml_core.hub.licence import licence_for, of_data
from acml_core.hub.names import repository
from acml_core.hub.pull import Report
from acml_core.hub.retry import retrying
from acml_core.layout import CARD, FILES, METRICS


@dataclass(frozen=True)
class Pushed:
    """What was published.

    Attributes:
        repo: "owner/name".
        commit: the full commit.
        url: its address.
    """

    repo: str
    commit: str
    url: str


def push(
    folder: Path,
    repo_id: str,
    *,
    licence: str | None = None,
    private: bool | None = None,
    token: str | None = None,
    datasets: Sequence[str] = (),
    message: str | None = None,
    branch: str | None = None,
    report: Report = lambda _: None,
) -> Pushed:
    """Upload a trained model with its card; make the repository where it does not exist.

    Args:
        folder: of the model, which must load here.
        repo_id: "owner/name".
        licence: of the weights; None for what the data state.
        private: only for the owner; None for the account's default.
        token: of the Hub; None for the one that 'hf auth login' or HF_TOKEN gave.
        datasets: Hub repositories of the data, for the card.
        message: of the commit.
        branch: to commit to; the main one by default.
        report: told of waits.

    Raises:
        BadInput: no licence, or one that the data do not allow.
        AcmlError: the Hub cannot be reached, or refuses.
    """
    where = repository(repo_id)
    if where is None or where.revision is not None:
        raise BadInput(f"{repo_id!r} is no repository's name", remedy="Names are OWNER/NAME.")
    loaded = artefact.load(folder)  # what does not load here is not published
    chosen = licence_for(licence or loaded.info.licence, of_data(loaded.info))
    text = _card(folder, loaded.info, chosen, datasets, where.repo)

    from huggingface_hub import CommitOperationAdd

    hub = api(token)
    files: dict[str, Any] = {name: folder / name for name in FILES}
    files[CARD] = text.encode()
    with translated(where.repo, "write to it"):
        retrying(partial(hub.create_repo, where.repo, private=private, exist_ok=True), report)
        if branch is not None:
            retrying(partial(hub.create_branch, where.repo, branch=branch, exist_ok=True), report)

        def commit() -> Any:  # operations cannot be used twice: made anew for each try
            return hub.create_commit(
                where.repo,
                [CommitOperationAdd(name, content) for name, content in files.items()],
                commit_message=message or "Upload a model with acml",
                revision=branch,
            )

        done = retrying(commit, report)
    return Pushed(where.repo, done.oid, done.commit_url)


def _card(folder: Path, info: Any, licence: str, datasets: Sequence[str], repo: str) -> str:
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    new = head(info, metrics, licence=licence, datasets=datasets, name=repo.partition("/")[2])
    return with_head((folder / CARD).read_text(encoding="utf-8"), new)
