"""Memory that is free goes back to the system.

Batches of molecules and spectra differ in length, so that training asks for thousands of sizes of
large blocks. glibc learns from the first ones to keep such blocks in its heap instead of mapping each
by itself, and the heap then frays: a training of SMILES grew by 1 GB a minute.
"""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""Names of these settings in glibc's <malloc.h>."""

SETTINGS = {MMAP_THRESHOLD: 31 << 20, TRIM_THRESHOLD: 64 << 20, TOP_PAD: 16 << 20}
"""Bytes. Stating the first ends its adaptation: larger blocks are mapped, and unmapped when free. That
takes time in every step, so it is as high as glibc allows (less than 32 MB)."""


def give_back_free_memory() -> bool:
    """Set the allocator of this process. Returns whether there is one to set: glibc's, on Linux."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and all(mallopt(*one) == 1 for one in SETTINGS.items())
