"""This machine: versions, device, plugins and caches."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import acml_core
from acml_core import catalog, plugins
from acml_core.cache import ENVIRONMENT as CACHE_ENVIRONMENT
from acml_core.cache import cache_dir
from acml_core.doctor.finding import BROKEN, OK, WARNING, Finding
from acml_core.registry import CORE

LEAST_FREE_BYTES = 2_000_000_000
"""Free space below which a cache is reported [bytes]: a library of a million molecules needs it."""

GIGABYTE = 1e9


def versions() -> Iterator[Finding]:
    """Python, the core, and every package that the core declares."""
    from packaging.requirements import Requirement

    yield Finding("versions", "python", OK, f"{platform.python_version()} ({sys.executable})")
    yield Finding("versions", CORE, OK, acml_core.__version__)
    try:
        lines = metadata.requires(CORE) or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "versions", CORE, BROKEN, "its metadata is not installed", f"Run: pip install {CORE}"
        )
        return
    for line in lines:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            have = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            have = ""
        if have and wanted.specifier.contains(have, prereleases=True):
            yield Finding("versions", wanted.name, OK, have)
        else:
            yield Finding(
                "versions",
                wanted.name,
                BROKEN,
                f"{have or 'absent'}, and {wanted.specifier or 'any version'} is needed",
                f"Run: pip install '{wanted.name}{wanted.specifier}'",
            )


def device() -> Iterator[Finding]:
    """Where torch computes."""
    try:
        import torch
    except Exception as error:  # a broken build raises OSError, ImportError or worse
        first = f"{type(error).__name__}: {error}".splitlines()[0]
        yield Finding(
            "device", "torch", BROKEN, f"does not import ({first})", "Run: pip install torch"
        )
        return
    yield Finding(
        "device", "cpu", OK, f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()}"
    )
    if torch.cuda.is_available():
        yield Finding("device", "cuda", OK, torch.cuda.get_device_name(0))
    elif torch.version.cuda is not None:
        yield Finding(
            "device",
            "cuda",
            WARNING,
            f"torch is built for CUDA {torch.version.cuda} and sees no GPU",
            "Check the driver with nvidia-smi, or go on with the CPU.",
        )
    else:
        yield Finding("device", "cuda", OK, "this torch is built for the CPU alone")


def of_plugins() -> Iterator[Finding]:
    """Every plugin, imported."""
    names = sorted({info.name for info in plugins.installed()})
    if not names:
        known = ", ".join(known.distribution for known in catalog.plugins().values())
        yield Finding(
            "plugins", "-", WARNING, "none is installed", f"Run: pip install one of {known}"
        )
    for name in names:
        info = plugins.check(name)
        good = info.status in (*plugins.HEALTHY, "disabled")
        status = OK if info.status == "ok" else WARNING if good else BROKEN
        found = f"{info.distribution} {info.version}: {info.status}"
        yield Finding(
            "plugins", name, status, f"{found}: {info.cause}" if info.cause else found, info.remedy
        )


def caches() -> Iterator[Finding]:
    """ACML's own cache and the Hub's: can they be written, and is there space?"""
    yield _cache("acml", cache_dir(), CACHE_ENVIRONMENT)
    try:
        from huggingface_hub import constants
    except ImportError:  # told under versions
        return
    yield _cache("hub", Path(constants.HF_HUB_CACHE), "HF_HOME")


def _cache(name: str, folder: Path, variable: str) -> Finding:
    remedy = f"Free some space, or set {variable} to a folder on another disk."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding(
            "caches",
            name,
            BROKEN,
            f"{folder} cannot be written ({reason})",
            f"Set {variable} to a folder that can.",
        )
    found = f"{folder}: {free / GIGABYTE:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        return Finding("caches", name, WARNING, found, remedy)
    return Finding("caches", name, OK, found)
