"""Finished results of a suite on disk: figures as lines of JSON, predictions as arrays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from acml_core.files import whole

RESULTS, PREDICTIONS = "results.jsonl", "predictions"


def name_of(key: dict[str, Any]) -> str:
    """A result's name: a hash of all that it depends on, as plain data."""
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]


class Store:
    """Results by name, in a folder; a line that a kill has cut is none.

    Args:
        folder: made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / PREDICTIONS).mkdir(parents=True, exist_ok=True)
        self._lines: dict[str, dict[str, Any]] = {}
        path = folder / RESULTS
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")
        for line in text.splitlines():
            try:
                found = json.loads(line)
                if self._array(found["name"]).is_file():
                    self._lines[found["name"]] = found
            except (ValueError, KeyError, TypeError):
                continue

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def add(self, name: str, line: dict[str, Any], said: np.ndarray) -> None:
        """Keep a result: the predictions first, since the line stands for both."""
        with whole(self._array(name)) as part, part.open("wb") as file:
            np.save(file, said.astype(np.float32), allow_pickle=False)
        self._lines[name] = {"name": name, **line}
        with (self.folder / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._lines[name]) + "\n")

    def figures(self, name: str) -> dict[str, Any]:
        """The line of a result."""
        return self._lines[name]

    def said(self, name: str) -> np.ndarray:
        """``(n, T)`` predictions for the test molecules."""
        return np.asarray(np.load(self._array(name), allow_pickle=False))

    def _array(self, name: str) -> Path:
        return self.folder / PREDICTIONS / f"{name}.npy"
