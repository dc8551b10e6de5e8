"""A file that is written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ntp_dynamics.record.entries import entry_in, entry_of


def write_atomically(
    path: Path, write: Callable[[Path], Any], flush: bool = True
) -> dict[str, Any]:
    """Write to a temporary neighbour, flush it to disk, rename it into place; without ``flush``
    whoever calls sees to that later.

    Returns size and SHA-256 of what was written, as ``write`` says or as it is found there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        told = write(temporary)
        entry = told if isinstance(told, dict) else entry_of_file(temporary)
        if flush:
            _flush(temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.truncate(temporary, 0)  # HDF5 leaves open what it could not write, and so its room
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return entry


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def written(path: Path, body: bytes) -> dict[str, Any]:
    """Write a file; its size and SHA-256."""
    path.write_bytes(body)
    return entry_of(body)


def flush_names(directory: Path) -> None:
    """Flush to disk what a directory lists: a rename may else be lost when the power goes, and what
    was written after it not."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every file system can
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entry_of_file(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of what lies there."""
    with open(path, "rb") as file:
        return entry_in(file)
