"""Published ways to evaluate: a fold of a data set, lists of candidates, first ranks that count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from pydantic import Field

from acml_core.config import Settings, parse, read_toml
from acml_core.data.fetch_map import FOLD
from acml_core.errors import BadInput, UnknownName, did_you_mean
from acml_core.hub.datasets import fetch, listing
from acml_core.hub.names import PREFIX, Repository
from acml_core.modality import Modality


class Protocol(Settings):
    """A published way to evaluate, as a plugin ships it in ``protocols/*.toml``."""

    dataset: str = Field("", description="OWNER/NAME on the Hub, where its lists come from")
    map: str = Field("", description="column map that makes the table")
    column: str = Field(FOLD, description="the table's column with the fold")
    fold: str = Field("test", description="whose rows are the queries")
    ks: tuple[int, ...] = Field((1, 5, 20), description="first ranks that count", min_length=1)
    tracks: dict[str, str] = Field(
        {}, description="candidate lists: a name = a file of the dataset"
    )


def find(name: str, plugin: type[Modality]) -> Protocol:
    """A protocol by its name in a plugin, or from a TOML file.

    Raises:
        UnknownName: the plugin has none of that name. ConfigError: a file that is none.
    """
    if name.endswith(".toml"):
        return parse(Protocol, read_toml(name), source=name)
    offered = plugin.protocols()
    if name not in offered:
        raise UnknownName(
            f"the plugin {plugin.name!r} has no protocol called {name!r}",
            remedy=did_you_mean(name, offered) + " A file's name ends in .toml.",
        )
    return parse(Protocol, read_toml(offered[name]), source=offered[name])


def track_files(
    protocol: Protocol, given: Sequence[str], report: Callable[[str], None]
) -> dict[str, Path]:
    """Files of candidate lists by track.

    Args:
        given: files, each alone or as ``TRACK=FILE``; none of them to fetch the protocol's own.

    Raises:
        BadInput: no file was given, and the protocol names none; or a track twice.
        AcmlError: the Hub cannot be reached.
    """
    files: dict[str, Path] = {}
    by_file = {PurePosixPath(name).name: track for track, name in protocol.tracks.items()}
    for one in given:
        track, separator, text = one.partition("=")
        path = Path(text if separator and not Path(one).is_file() else one)
        name = track if path == Path(text) else by_file.get(path.name, path.stem)
        if name in files:
            raise BadInput(
                f"two files for the track {name!r}", remedy="Name them: --candidates TRACK=FILE."
            )
        files[name] = path
    if given:
        return files
    if not (protocol.dataset and protocol.tracks):
        raise BadInput(
            "the protocol names no candidate lists", remedy="Give --candidates FILE.json."
        )
    listed = listing(Repository(protocol.dataset), report=report)
    report(f"candidate lists of {PREFIX}{listed.where}")
    return {track: fetch(listed, name, report=report) for track, name in protocol.tracks.items()}
