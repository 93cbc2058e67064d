"""A Hub on this machine: a real HTTP server that speaks the protocol of huggingface_hub's client.

It keeps repositories in memory as commits of files, large files (``LARGE``) by sha256 behind
a redirect to another origin, as the Hub keeps them. Tests tell it to fail in the ways the Hub fails.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from handler import Handler

LARGE = (".safetensors", ".bin", ".parquet", ".tsv", ".gz")
"""Suffixes of files that are kept as large ones."""


@dataclass
class Repo:
    """One repository: its commits, oldest first, and where each branch is."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, changes: dict[str, bytes], branch: str = "main", message: str = "") -> str:
        """Put files on top of a branch; gives the new commit."""
        before = self.commits.get(self.branches.get(branch, ""), {})
        files = {**before, **changes}
        digest = hashlib.sha1(f"{len(self.commits)}{branch}".encode())
        for name in sorted(files):
            digest.update(name.encode() + files[name])
        sha = digest.hexdigest()
        self.commits[sha] = files
        self.branches[branch] = sha
        self.messages.append(message)
        return sha

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """The full commit of a revision and its files, or None."""
        sha = self.branches.get(revision, revision)
        return (sha, self.commits[sha]) if sha in self.commits else None


@dataclass
class Fault:
    """What to do instead of answering well.

    Attributes:
        path: part of the path of the requests that it is for.
        method: of those requests, or "" for all.
        status, code, headers: of an answer that refuses.
        after: break the connection after so many bytes of the body.
        reset: break it hard, as a firewall does.
        alter: turn the first byte of the body over.
        times: how often; then requests are answered well again.
    """

    path: str
    method: str = ""
    status: int = 0
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: int | None = None
    reset: bool = False
    alter: bool = False
    times: int = 1


@dataclass
class Seen:
    """One request that came."""

    method: str
    path: str
    host: str
    headers: dict[str, str]


class HubServer:
    """The server; a context manager that runs it in a thread of its own.

    Attributes:
        repos: by "owner/name".
        tokens: user names by token.
        large: contents of large files by sha256.
        faults: what to fail at, in order.
        seen: every request.
        rename: names that the listing gives to files, by true name: what a hostile Hub would say.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.tokens = {"hf_alice": "alice", "hf_bob": "bob"}
        self.large: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.rename: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.hub = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """Where large files lie: another origin, to which no token may be sent."""
        return f"http://localhost:{self.port}"

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, repo_id: str, files: dict[str, bytes], **about: Any) -> str:
        """Make a repository, or commit to one; gives the commit."""
        repo = self.repos.setdefault(repo_id, Repo(**about))
        for name, content in files.items():
            if name.endswith(LARGE):
                self.large[hashlib.sha256(content).hexdigest()] = content
        return repo.commit(files)

    def fail(self, path: str, **how: Any) -> None:
        """Add a fault."""
        self.faults.append(Fault(path, **how))

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault for a request, used up by one."""
        with self.lock:
            for one in self.faults:
                if one.times and one.path in path and one.method in ("", method):
                    one.times -= 1
                    return one
        return None

    def requests(self, part: str = "", method: str = "") -> list[Seen]:
        """Requests whose path has ``part`` in it."""
        return [one for one in self.seen if part in one.path and method in ("", one.method)]
