"""The requests of the Hub's protocol that read; ``writing.py`` has those that write."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from writing import Writing

ROUTES = [
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)(/revision/(?P<rev>.+))?", "info"),
    ("GET", r"/api/(?P<repo>datasets/[^/]+/[^/]+)(/revision/(?P<rev>.+))?", "info"),
    ("GET", r"/api/models/(?P<repo>[^/]+/[^/]+)/tree/(?P<rev>.+)", "tree"),
    ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/branch/(?P<rev>.+)", "branch"),
    ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/preupload/(?P<rev>.+)", "preupload"),
    ("POST", r"/api/models/(?P<repo>[^/]+/[^/]+)/commit/(?P<rev>.+)", "commit"),
    ("POST", r"/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/storage/(?P<oid>[0-9a-f]{64})", "store"),
    ("GET", r"/storage/(?P<oid>[0-9a-f]{64})", "stored"),
    ("GET", r"/(?P<repo>(datasets/)?[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<file>.+)", "resolve"),
    ("HEAD", r"/(?P<repo>(datasets/)?[^/]+/[^/]+)/resolve/(?P<rev>[^/]+)/(?P<file>.+)", "resolve"),
    ("HEAD", r"/", "root"),
]


def git_hash(content: bytes) -> str:
    """How git names a file's content."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def card(text: str) -> dict[str, Any] | None:
    """The YAML head of a README, as the Hub's listing repeats it."""
    parts = text.split("---\n")
    try:
        head = yaml.safe_load(parts[1]) if len(parts) > 2 and not parts[0] else None
    except yaml.YAMLError:
        return None
    return head if isinstance(head, dict) else None


class Handler(Writing, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._route("GET")

    def do_HEAD(self) -> None:
        self._route("HEAD")

    def do_POST(self) -> None:
        self._route("POST")

    def do_PUT(self) -> None:
        self._route("PUT")

    # ---- what every request goes through ---------------------------------------------------------

    def _route(self, method: str) -> None:
        from server import Seen

        self.hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        host = self.headers.get("Host", "")
        self.hub.seen.append(
            Seen(method, path, host, {k.lower(): v for k, v in self.headers.items()})
        )
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.fault = self.hub.fault(method, path)
        if self.fault is not None and self.fault.status:
            self._refuse(self.fault.status, self.fault.code, "told to", self.fault.headers)
            return
        for verb, pattern, name in ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                getattr(self, f"_{name}")(**found.groupdict())
                return
        self._refuse(404, "", f"no route for {method} {path}")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        fault = self.fault
        if fault is not None and fault.alter:
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.after is not None:
            self.wfile.write(body[: fault.after])
            self.wfile.flush()
            if fault.reset:  # a linger of zero makes the kernel send RST
                packed = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, packed)
                self.connection.close()
            self.close_connection = True
            return
        self.wfile.write(body)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        told = {"X-Error-Message": message, "Content-Type": "application/json", **(headers or {})}
        if code:
            told["X-Error-Code"] = code
        self._send(status, json.dumps({"error": message}).encode(), told)

    def _user(self) -> str | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.hub.tokens.get(token)

    def _open(self, repo: str, *, content: bool = False) -> Any:
        """The repository, or None after refusing, with the Hub's own answers."""
        user = self._user()
        if "Authorization" in self.headers and user is None:
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return None
        found = self.hub.repos.get(repo)
        owner = repo.removeprefix("datasets/").split("/")[0]
        if found is None or (found.private and user != owner):
            self._refuse(401 if user is None else 404, "RepoNotFound", "Repository not found")
            return None
        if found.gated and content and user != owner:
            status = 401 if user is None else 403
            self._refuse(status, "GatedRepo", f"Access to model {repo} is restricted")
            return None
        return found

    def _files(self, found: Any, rev: str) -> Any:
        at = found.files(rev)
        if at is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {rev}")
        return at

    # ---- reading ---------------------------------------------------------------------------------

    def _root(self) -> None:
        self._send(200, b"")

    def _whoami(self) -> None:
        user = self._user()
        if user is None:
            self._refuse(401, "", "Invalid credentials in Authorization header")
        else:
            self._json({"type": "user", "name": user, "orgs": []})

    def _info(self, repo: str, rev: str | None) -> None:
        found = self._open(repo)
        if found is None or (at := self._files(found, rev or "main")) is None:
            return
        sha, files = at
        self._json(
            {
                "id": repo.removeprefix("datasets/"),
                "sha": sha,
                "private": found.private,
                "gated": "manual" if found.gated else False,
                "tags": [],
                "cardData": card(files.get("README.md", b"").decode()),
                "siblings": [self._sibling(name, files[name]) for name in sorted(files)],
            }
        )

    def _sibling(self, name: str, content: bytes) -> dict[str, Any]:
        size = self.hub.sizes.get(name, len(content))
        about = {
            "rfilename": self.hub.rename.get(name, name),
            "size": size,
            "blobId": git_hash(content),
        }
        digest = hashlib.sha256(content).hexdigest()
        if digest in self.hub.large:
            about["lfs"] = {"sha256": digest, "size": size, "pointerSize": 130}
        return about

    def _tree(self, repo: str, rev: str) -> None:
        found = self._open(repo)
        if found is None or (at := self._files(found, rev)) is None:
            return
        self._json(
            [
                {"type": "file", "path": name, "size": len(content), "oid": git_hash(content)}
                for name, content in at[1].items()
            ]
        )

    def _resolve(self, repo: str, rev: str, file: str) -> None:
        found = self._open(repo, content=True)
        if found is None or (at := self._files(found, rev)) is None:
            return
        sha, files = at
        if file not in files:
            headers = {"X-Repo-Commit": sha}
            self._refuse(404, "EntryNotFound", "Entry not found", headers)
            return
        content = files[file]
        digest = hashlib.sha256(content).hexdigest()
        if digest in self.hub.large:
            headers = {
                "X-Repo-Commit": sha,
                "X-Linked-Size": str(len(content)),
                "X-Linked-ETag": f'"{digest}"',
                "Location": f"{self.hub.storage}/storage/{digest}?signature=x",
            }
            self._send(302, b"", headers)
            return
        self._content(content, {"X-Repo-Commit": sha, "ETag": f'"{git_hash(content)}"'})

    def _stored(self, oid: str) -> None:
        self._content(self.hub.large[oid], {"ETag": f'"{oid}"'})

    def _content(self, content: bytes, headers: dict[str, str]) -> None:
        headers = {"Accept-Ranges": "bytes", **headers}
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span is None:
            self._send(200, content, headers)
            return
        start, end = int(span[1]), int(span[2] or len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self._send(206, content[start : end + 1], headers)
