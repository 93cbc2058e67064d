"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from acml_core.errors import AcmlError, BadInput

if TYPE_CHECKING:
    from torch import Tensor


NUMPY_SHORT_WRITE = "requested and"
"""In numpy's message of a write that the disk did not take whole; it has no error number."""


HASH_CHUNK = 1 << 20
"""Read at once while a file is hashed [bytes]."""


def sha256(path: str | Path) -> str:
    """Hash of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def naming(error: OSError, path: str | Path) -> OSError:
    """The same error, saying which file it is about, which a write to a full disk does not."""
    if error.errno is None and NUMPY_SHORT_WRITE in str(error):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if error.errno is not None and error.filename is None:
        error.filename = str(path)
    return error


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a name to write to; when the block ends well the file moves to ``path``.

    Raises:
        OSError: with ``filename`` filled, which a full disk alone does not say.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise naming(error, path) from None
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file (UTF-8)."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_tensors(
    path: str | Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file.

    Raises:
        AcmlError: it cannot be written, e.g. because the disk is full.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with whole(path) as part:
        part.touch()
        mode = part.stat().st_mode  # as every file here; safetensors makes one for its owner alone
        try:
            save_file(plain, part, metadata=metadata)
            part.chmod(mode)
        except SafetensorError as error:
            raise AcmlError(
                f"cannot be written ({error})",
                source=path,
                remedy="Free some space, or write to another disk.",
            ) from None


def copy_folder(source: str | Path, target: str | Path) -> None:
    """Copy a folder's files to a new folder, which appears whole or not at all.

    Raises:
        BadInput: ``target`` exists and is not empty.
    """
    target = Path(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInput("it exists already", source=target, remedy="Give a new folder.")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(source, part)  # links are followed: a cache holds links to its contents
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
