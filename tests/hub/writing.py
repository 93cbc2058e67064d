"""The requests of the Hub's protocol that write: create, preupload, batch, upload, commit."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import yaml


class Writing:
    """Methods of the handler; ``handler.py`` has what they share."""

    hub: Any
    body: bytes
    _open: Any
    _files: Any
    _user: Any
    _refuse: Any
    _json: Any
    _send: Any

    def _writable(self, repo: str) -> Any:
        found = self._open(repo)
        if found is not None and self._user() != repo.split("/")[0]:
            self._refuse(403, "", "You don't have the rights to write")
            return None
        return found

    def _create(self) -> None:
        from server import Repo

        user, wish = self._user(), json.loads(self.body)
        if user is None:
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return
        owner = wish.get("organization") or user
        if owner != user:
            self._refuse(403, "", f"You don't have the rights to create a model under {owner}")
            return
        name = f"{owner}/{wish['name']}"
        if name in self.hub.repos:
            self._json({"error": "exists", "url": f"{self.hub.endpoint}/{name}"}, 409)
            return
        repo = self.hub.repos[name] = Repo(private=wish.get("visibility") == "private")
        repo.commit({".gitattributes": b"*.safetensors filter=lfs\n"}, message="initial commit")
        self._json({"url": f"{self.hub.endpoint}/{name}", "name": name, "id": "1"})

    def _validate(self) -> None:
        """The Hub refuses cards whose head is no YAML, or has a wrong type in it."""
        text = json.loads(self.body)["content"]
        errors = []
        try:
            head = yaml.safe_load(text.split("---\n")[1])
            if not isinstance(head.get("license", ""), str):
                errors.append("license must be a string")
            for entry in head.get("model-index", []):
                for result in entry["results"]:
                    if {"task", "dataset", "metrics"} - set(result):
                        errors.append("model-index lacks something")
        except (yaml.YAMLError, IndexError, KeyError, AttributeError) as error:
            errors.append(f"not a model card: {error}")
        found = [{"message": one} for one in errors]
        self._json({"errors": found, "warnings": []}, 400 if errors else 200)

    def _branch(self, repo: str, rev: str) -> None:
        found = self._writable(repo)
        if found is None:
            return
        if rev in found.branches:
            self._refuse(409, "", "Reference already exists")
            return
        found.branches[rev] = found.branches["main"]
        self._json({})

    def _preupload(self, repo: str, rev: str) -> None:
        from server import LARGE

        if self._writable(repo) is None:
            return
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for one in json.loads(self.body)["files"]
        ]
        self._json({"files": files})

    def _batch(self, repo: str) -> None:
        if self._writable(repo) is None:
            return
        objects = []
        for one in json.loads(self.body)["objects"]:
            if one["oid"] not in self.hub.large:
                href = f"{self.hub.storage}/storage/{one['oid']}"
                one["actions"] = {"upload": {"href": href, "header": {}}}
            objects.append(one)
        self._json({"transfer": "basic", "objects": objects})

    def _store(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self._refuse(400, "", "the content is not what was announced")
            return
        self.hub.large[oid] = self.body
        self._send(200, b"", {"ETag": oid})

    def _commit(self, repo: str, rev: str) -> None:
        found = self._writable(repo)
        if found is None or self._files(found, rev) is None:
            return
        changes, message = {}, ""
        for line in self.body.decode().splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "header":
                message = value["summary"]
            elif item["key"] == "file":
                changes[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                changes[value["path"]] = self.hub.large[value["oid"]]
        sha = found.commit(changes, rev, message)
        self._json({"commitUrl": f"{self.hub.endpoint}/{repo}/commit/{sha}", "commitOid": sha})
