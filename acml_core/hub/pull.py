"""Fetching files of a Hub repository: one commit, checked, in the cache that every HF library uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import acml_core
from acml_core.errors import ArtefactError, BadInput
from acml_core.files import write_text
from acml_core.hub.client import api, endpoint
from acml_core.hub.errors import is_outage, translate, translated, unreachable
from acml_core.hub.listing import Remote, choose, refuse_pickle, remote_files
from acml_core.hub.names import Repository
from acml_core.hub.retry import OUT_OF_ORDER, retrying
from acml_core.layout import FILES, escapes, is_pickle
from acml_core.published import COMMIT, File

Report = Callable[[str], None]

NEWEST = "main"
"""Branch that a repository's name alone means."""


@dataclass(frozen=True)
class Pulled:
    """Files of one commit, in the cache.

    Attributes:
        folder: holds them under their names in the repository.
        commit: the full commit.
    """

    folder: Path
    commit: str


@dataclass(frozen=True)
class Options:
    """How to reach the Hub; the defaults are those of every HF library.

    Attributes:
        token: of the Hub; None for the one that 'hf auth login' or HF_TOKEN gave.
        cache_dir: another cache.
        local_files_only: make no request.
        force_download: fetch again what the cache has.
        allow_pickle: fetch pickles too. They are never opened.
    """

    token: str | bool | None = None
    cache_dir: str | Path | None = None
    local_files_only: bool = False
    force_download: bool = False
    allow_pickle: bool = False

    @property
    def cache(self) -> Path:
        """The cache's folder."""
        from huggingface_hub import constants

        return Path(self.cache_dir or constants.HF_HUB_CACHE).expanduser()


def pull(
    where: Repository,
    *,
    files: Mapping[str, File] | None = None,
    wanted: Sequence[str] | None = None,
    options: Options | None = None,
    report: Report = lambda _: None,
) -> Pulled:
    """Fetch files of a repository, all of one commit, and check each.

    A commit that is whole in the cache is used without any request. Where the Hub cannot be reached
    the commit that a branch last had is used, if the cache has it.

    Args:
        where: the repository and revision.
        files: sha256 and size of each file, from a registry; only these are fetched.
        wanted: names of the files where no registry gives them; None for a trained model's.
        options: token, cache and what is allowed.
        report: told of waits, and of a cached copy in place of the Hub's.

    Raises:
        AcmlError: missing, gated, not allowed, not reachable, or not what the registry says.
    """
    options = options or Options()
    if files is not None:
        wanted = list(files)
    if where.revision is not None and escapes(where.revision):
        raise BadInput(f"{where.revision!r} is no revision", source=where.repo)
    pickles = [name for name in wanted or () if is_pickle(name)]
    if pickles and not options.allow_pickle:
        refuse_pickle(pickles[0], str(where))
    expected = {n: Remote(n, f.bytes, sha256=f.sha256) for n, f in (files or {}).items()}
    pinned = where.revision is not None and COMMIT.fullmatch(where.revision) is not None
    if options.local_files_only or (pinned and not options.force_download):
        kept = cached(where, wanted or FILES, options)
        if kept is not None:
            try:
                _check(kept.folder, expected.values(), where, options)
                return kept
            except ArtefactError as damaged:
                if options.local_files_only:
                    raise
                report(f"{damaged.what}: fetching it again")
    if options.local_files_only:
        raise unreachable(where.repo, None)
    try:
        info = retrying(partial(_info, where, options), report)
    except Exception as error:
        kept = cached(where, wanted or FILES, options) if is_outage(error) else None
        if kept is None:
            told = translate(error, where.repo, "read it")
            if told is None:
                raise
            raise told from error
        report(f"the Hub cannot be reached: using the copy of {where} at {kept.commit[:12]}")
        _check(kept.folder, expected.values(), where, options)
        return kept
    chosen = choose(
        remote_files(info.siblings), wanted, str(where), allow_pickle=options.allow_pickle
    )
    commit = str(info.sha)
    at = Repository(where.repo, commit)
    with translated(where.repo, "read it"):
        paths = [
            retrying(partial(fetch_file, at, one.name, options), report, OUT_OF_ORDER)
            for one in chosen
        ]
    folder = paths[0].parents[chosen[0].name.count("/")]
    _check(folder, expected.values() if expected else chosen, where, options)
    _remember(where, commit, options)
    return Pulled(folder, commit)


def cached(where: Repository, names: Sequence[str], options: Options) -> Pulled | None:
    """The files as the cache has them, without a request, or None where any is missing."""
    from huggingface_hub import try_to_load_from_cache

    paths = []
    for name in names:
        found = try_to_load_from_cache(
            where.repo, name, cache_dir=options.cache, revision=where.revision or NEWEST
        )
        if not isinstance(found, str):
            return None
        paths.append(Path(found))
    folder = paths[0].parents[names[0].count("/")]
    return Pulled(folder, folder.name)


def _info(where: Repository, options: Options) -> Any:
    return api(options.token).model_info(where.repo, revision=where.revision, files_metadata=True)


def fetch_file(where: Repository, name: str, options: Options, repo_type: str = "model") -> Path:
    """One file, whole or not at all, with a progress bar on stderr."""
    from huggingface_hub import hf_hub_download

    path = hf_hub_download(
        where.repo,
        name,
        repo_type=repo_type,
        revision=where.revision,
        cache_dir=options.cache,
        token=options.token,
        endpoint=endpoint(),
        force_download=options.force_download,
        library_name="acml",
        library_version=acml_core.__version__,
    )
    return Path(path)


def _check(folder: Path, files: Any, where: Repository, options: Options) -> None:
    """Compare fetched files with what they should be; a wrong one is taken out of the cache."""
    wrong = {one.name: told for one in files if (told := one.differs(folder / one.name))}
    for name in wrong:
        discard(folder / name, options.cache)
    for name, told in wrong.items():
        raise ArtefactError(
            f"{name} is not the file that was published: {told}",
            source=str(where),
            remedy="It was taken out of the cache. Run it again; if it says the same, the"
            " repository was changed: tell whoever named it to you.",
        )


def discard(path: Path, cache: Path) -> None:
    """Remove a file and its content from the cache."""
    content = path.resolve()
    path.unlink(missing_ok=True)
    if cache.resolve() in content.parents:
        content.unlink(missing_ok=True)


def _remember(where: Repository, commit: str, options: Options) -> None:
    """Note in the cache, as the Hub's client does, which commit a branch had: for use offline."""
    from huggingface_hub.file_download import repo_folder_name

    revision = where.revision or NEWEST
    if revision == commit:
        return
    folder = repo_folder_name(repo_id=where.repo, repo_type="model")
    ref = options.cache / folder / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    write_text(ref, commit)
