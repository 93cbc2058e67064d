"""One process at a time writes a library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acml_core.errors import AcmlError

try:
    import fcntl
except ModuleNotFoundError:  # Windows: nothing stops two writers there
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Make the folder and hold its lock, which ends with the process, however that ends.

    Args:
        wait: until another process has let go; otherwise that is an error.

    Raises:
        AcmlError: the path is a file, or another process holds the lock.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise AcmlError(
            "a file of that name exists", source=folder, remedy="Give another folder."
        ) from None
    handle = None if fcntl is None else os.open(folder, os.O_RDONLY)
    try:
        if handle is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise AcmlError(
                    "another process is writing this library",
                    source=folder,
                    remedy="Wait until it is done.",
                ) from None
        yield
    finally:
        if handle is not None:
            os.close(handle)
        if made and not any(folder.iterdir()):
            folder.rmdir()
