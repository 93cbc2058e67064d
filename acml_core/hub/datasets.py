"""Data sets of the Hub: what a commit of one holds, and its files, each checked, in the HF cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from acml_core.cache import cache_dir
from acml_core.errors import AcmlError, ArtefactError, BadInput
from acml_core.files import write_text
from acml_core.hub.client import api
from acml_core.hub.errors import is_outage, translate, translated
from acml_core.hub.listing import Remote, remote_files
from acml_core.hub.names import Repository
from acml_core.hub.pull import NEWEST, Options, discard, fetch_file
from acml_core.hub.retry import OUT_OF_ORDER, retrying
from acml_core.layout import escapes, is_pickle
from acml_core.published import COMMIT

Report = Callable[[str], None]
KIND = "dataset"


@dataclass(frozen=True)
class Listing:
    """One commit of a data set.

    Attributes:
        repo: "owner/name".
        commit: the full commit.
        licence: as the data set's card states it, or "".
        files: by name.
    """

    repo: str
    commit: str
    licence: str
    files: dict[str, Remote]

    @property
    def where(self) -> Repository:
        """This commit, as it is named."""
        return Repository(self.repo, self.commit)


def listing(
    where: Repository, *, options: Options | None = None, report: Report = lambda _: None
) -> Listing:
    """What a revision of a data set holds. A commit that was looked at before needs no request.

    Where the Hub cannot be reached, the commit that the branch had when it was last looked at is
    used.

    Raises:
        AcmlError: missing, gated, not allowed or not reachable; or a file's name leads out of its
            folder.
    """
    options = options or Options()
    if where.revision is not None and escapes(where.revision):
        raise BadInput(f"{where.revision!r} is no revision", source=where.repo)
    revision = where.revision or NEWEST
    pinned = COMMIT.fullmatch(revision) is not None
    known = _known(where.repo, revision)
    if known is not None and pinned and not options.force_download:
        return known
    try:
        info = retrying(partial(_info, where, options), report)
    except Exception as error:
        if known is not None and is_outage(error):
            report(f"the Hub cannot be reached: using {known.where} as it was listed before")
            return known
        told = translate(error, _named(where.repo), "read it")
        if told is None:
            raise
        raise told from error
    found = Listing(where.repo, str(info.sha), _licence(info), remote_files(info.siblings))
    for name in found.files:
        if escapes(name):
            raise ArtefactError(
                f"it holds a file named {name!r}, which leads out of its folder",
                source=str(where),
                remedy="Nothing was fetched. Tell the Hub: this is an attack.",
            )
    _remember(found, revision)
    return found


def fetch(
    listed: Listing,
    name: str,
    *,
    options: Options | None = None,
    report: Report = lambda _: None,
) -> Path:
    """One file of a data set: resumed where it broke off, checked, cached.

    Raises:
        AcmlError: it is not there, is a pickle, cannot be fetched, or is not what the Hub lists.
    """
    options = options or Options()
    if name not in listed.files:
        raise BadInput(f"it has no file {name!r}", source=str(listed.where))
    if is_pickle(name):
        raise ArtefactError(
            f"{name} is a pickle, and opening a pickle can run any program that its author put in",
            source=str(listed.where),
            remedy="It is not fetched. Ask the author for parquet or CSV.",
        )
    with translated(_named(listed.repo), "read it"):
        path = retrying(
            partial(fetch_file, listed.where, name, options, KIND), report, OUT_OF_ORDER
        )
    wrong = listed.files[name].differs(path)
    if wrong:
        discard(path, options.cache)
        raise ArtefactError(
            f"{name} is not the file that was published: {wrong}",
            source=str(listed.where),
            remedy="It was taken out of the cache. Run it again.",
        )
    return path


def _info(where: Repository, options: Options) -> Any:
    return api(options.token).dataset_info(where.repo, revision=where.revision, files_metadata=True)


def _named(repo: str) -> str:
    """How a data set is called where models have their names alone: in addresses, for messages."""
    return f"datasets/{repo}"


def _licence(info: Any) -> str:
    """What the card states; a Hub identifier, or the name that stands for "other"."""
    card = info.card_data.to_dict() if info.card_data is not None else {}
    stated = card.get("license")
    if stated == "other":
        stated = card.get("license_name") or card.get("license_link") or stated
    if stated is None:
        stated = [t.partition(":")[2] for t in info.tags or () if t.startswith("license:")]
    return " + ".join(map(str, stated)) if isinstance(stated, list | tuple) else str(stated)


def _place(repo: str, revision: str) -> Path:
    owner, _, name = repo.partition("/")
    return cache_dir() / "datasets" / f"{owner}--{name}" / f"{revision.replace('/', '--')}.json"


def _known(repo: str, revision: str) -> Listing | None:
    """The listing of a revision as it was when last looked at."""
    try:
        kept = json.loads(_place(repo, revision).read_text(encoding="utf-8"))
        files = {one["name"]: Remote(**one) for one in kept["files"]}
        return Listing(repo, kept["commit"], kept["licence"], files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(found: Listing, revision: str) -> None:
    """Keep a listing, for the commit and for the branch that led to it."""
    kept = {
        "commit": found.commit,
        "licence": found.licence,
        "files": [asdict(one) for one in found.files.values()],
    }
    for name in {found.commit, revision}:
        place = _place(found.repo, name)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write_text(place, json.dumps(kept))
        except (OSError, AcmlError):  # a cache that cannot be written only costs a request
            return
