"""``acml data fetch``: a data set of the Hub to one of our tables, by a column map."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from acml_core.data import fetch_plan, fetch_rows
from acml_core.data.fetch_map import ColumnMap
from acml_core.data.fetch_plan import Plan
from acml_core.data.fetch_table import Outcome, SourceFile, convert
from acml_core.errors import BadInput, did_you_mean
from acml_core.hub.datasets import Listing, fetch, listing
from acml_core.hub.names import PREFIX, Repository, repository
from acml_core.hub.pull import Options
from acml_core.published import non_commercial

Report = Callable[[str], None]
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Fetched:
    """A table that was made.

    Attributes:
        listed: the commit it was made from.
        plan: by which map.
        files: that were read, in order.
        outcome: what became of the rows.
    """

    listed: Listing
    plan: Plan
    files: list[str]
    outcome: Outcome

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "dataset": self.listed.repo,
            "revision": self.listed.commit,
            "licence": self.listed.licence or NOT_STATED,
            "map": self.plan.name,
            "modality": self.plan.plugin.name,
            "files": self.files,
            "rows_read": self.outcome.rows,
            "rows_written": self.outcome.written,
            "filtered": dict(self.outcome.filtered),
            "rejected": len(self.outcome.rejects),
            "folds": dict(self.outcome.folds),
        }


def fetch_table(
    source: str,
    out: Path,
    *,
    map: str | None = None,
    revision: str | None = None,
    folds: Collection[str] = (),
    max_rows: int | None = None,
    options: Options | None = None,
    report: Report = print,
    progress: bool = True,
) -> Fetched:
    """Fetch a data set's files, one after the other, and write their rows as a table.

    What was downloaded stays in the cache, so that another run goes on where this one broke off;
    the table appears whole or not at all.

    Args:
        source: ``hf:OWNER/NAME``, or with a revision ``hf:OWNER/NAME@REVISION``.
        map: name of a plugin's map, or a TOML file; None for the map that a plugin has for it.
        revision: commit, tag or branch; the newest commit by default. The table states the commit.
        folds: sides of the data set's own split to take; all where there is none here.
        max_rows: rows to write at most; files behind the last of them are not downloaded.

    Raises:
        BadInput: no such data set or map, a map that does not fit, or no row that can be used.
        AcmlError: the Hub cannot be reached, or refuses.
    """
    where = _named(source, revision)
    plan = fetch_plan.load(map, where.repo)
    if folds and not plan.map.has_fold:
        raise BadInput(f"the map {plan.name!r} tells no split", remedy="Leave --fold out.")
    if plan.map.dataset and plan.map.dataset != where.repo:
        report(f"the map {plan.name!r} was written for {plan.map.dataset}")
    listed = listing(where, options=options, report=report)
    names = chosen(listed, plan.map, folds)
    size = sum(listed.files[name].size or 0 for name in names)
    report(f"{listed.where}: {len(names)} files, {size / 1e6:,.1f} MB; map {plan.name!r}")
    report(f"licence: {listed.licence or NOT_STATED}")
    if not listed.licence:
        report("the card states no licence: ask its authors before you publish what you make of it")
    elif non_commercial(listed.licence):
        report("the licence forbids commercial use, of weights trained on it too")
    if plan.map.note:
        report(plan.map.note)
    read: list[str] = []

    def files() -> Iterator[SourceFile]:
        for name in names:
            path = fetch(listed, name, options=options, report=report)
            rule = plan.map.reads(name)
            read.append(name)
            yield SourceFile(name, path, rule.fold if rule is not None else "")

    metadata = {
        "origin": f"{PREFIX}{listed.repo}",
        "revision": listed.commit,
        "map": plan.name,
    }
    if plan.map.source:
        metadata["source"] = plan.map.source
    if listed.licence:  # without one a model trained on the table has none, and cannot be published
        metadata["licence"] = listed.licence
    outcome = convert(
        files(), plan, out, metadata, folds=folds, max_rows=max_rows, progress=progress
    )
    return Fetched(listed, plan, read, outcome)


def chosen(listed: Listing, map: ColumnMap, folds: Collection[str] = ()) -> list[str]:
    """The files to read: those that the map names, in its order; else every table.

    Args:
        folds: sides of the split that are wanted; files of another side are left out.

    Raises:
        BadInput: there is none.
    """
    tables = [name for name in sorted(listed.files) if fetch_rows.kind(name) is not None]
    if not map.files:
        names = tables
    else:
        by_rule = [(map.files.index(rule), n) for n in tables if (rule := map.reads(n))]
        names = [name for _, name in sorted(by_rule)]
        for rule in map.files:
            if not any(map.reads(name) == rule for name in names):
                raise BadInput(
                    f"the map's files.path {rule.path!r} names no table of it",
                    source=str(listed.where),
                    remedy=f"Its tables: {', '.join(tables[:8]) or 'none'}.",
                )
    by_file = {rule.path: rule.fold for rule in map.files if rule.fold}
    if folds and by_file and map.fold is None:
        unknown = sorted(set(folds) - set(by_file.values()))
        if unknown:
            raise BadInput(
                f"the data set has no fold {unknown[0]!r}",
                remedy=did_you_mean(unknown[0], by_file.values()),
            )
        names = [n for n in names if (rule := map.reads(n)) is not None and rule.fold in folds]
    if not names:
        raise BadInput(
            "it holds no table that can be read",
            source=str(listed.where),
            remedy=f"These can: {', '.join(fetch_rows.SUFFIXES)}, the text ones with .gz too. It"
            f" holds: {', '.join(sorted(listed.files)[:8])}.",
        )
    return names


def _named(source: str, revision: str | None) -> Repository:
    where = repository(source)
    if where is None or not source.startswith(PREFIX):
        raise BadInput(f"{source!r} is no data set", remedy=f"Write it like {PREFIX}OWNER/NAME.")
    if revision is not None and where.revision not in (None, revision):
        raise BadInput(f"{source!r} and --revision {revision} are two revisions")
    return Repository(where.repo, revision or where.revision)
