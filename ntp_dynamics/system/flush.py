"""Files onto their disk, many at one go where the system can.

`fsync` waits for the disk once a file; `syncfs` writes a whole file system out and waits once.  It
is used on local file systems that are known to do that; elsewhere each file is flushed.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ntp_dynamics.system.disk import not_written

WHOLE = {"ext4", "xfs", "overlay", "tmpfs"}
"""Kinds of file systems that `syncfs` writes out, errors and all (Linux 5.8)."""


def flush(paths: Sequence[Path], whole: set[int]) -> None:
    """Return once these files are on the disk.  ``whole`` are the devices that were written out
    since the files were written; others are added.  Raises UserError where they cannot be."""
    for path in paths:
        try:
            device = os.stat(path).st_dev
            if device not in whole and _flush(path, device):
                whole.add(device)
        except OSError as error:
            raise not_written(path, _size(path), error) from error


def _flush(path: Path, device: int) -> bool:
    """Whether with the file its whole file system was written out."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if not _can_be_whole(device):
            os.fsync(descriptor)
            return False
        if _library().syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return True
    finally:
        os.close(descriptor)


@cache
def _can_be_whole(device: int) -> bool:
    """Whether a file system is one that `syncfs` writes out."""
    if not hasattr(_library(), "syncfs"):
        return False
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    kinds = [
        line.partition(" - ")[2].split()[0]
        for line in mounts.splitlines()
        if line.split()[2] == number
    ]
    return bool(kinds) and kinds[0] in WHOLE


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
