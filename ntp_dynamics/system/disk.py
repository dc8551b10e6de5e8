"""Disk space, said before it is needed; and what a disk says that has none."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import unwritable

FULL = (errno.ENOSPC, errno.EDQUOT)
PIECE = 1 << 20


def size_in_words(size: float) -> str:
    """Bytes for a person: 840 B, 1.8 MB, 12 GB."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.3g} {units[0]}"


def make_room(directory: Path, needed: int) -> None:
    """Refuse what does not fit on the disk.  Raises UserError."""
    place = directory.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed > free:
        what = f"the record needs {size_in_words(needed)}, {size_in_words(free)} are free"
        raise UserError(str(directory), what, "use hooks=light, fewer runs, or another disk")


def not_written(path: Path, size: int, error: Exception) -> UserError:
    """What to say of a file of about so many bytes that could not be written."""
    if getattr(error, "errno", None) not in FULL:
        return unwritable(path, error)
    what = f"the disk is full: {size_in_words(size)} were to be written"
    with suppress(OSError):
        free = shutil.disk_usage(path.parent).free
        what += f", {size_in_words(free)} are free" if free < size else ""  # else it is a quota
    return UserError(str(path), what, "make room and give the command again, or use another disk")


def refusal_of(directory: Path, size: int) -> OSError | None:
    """Why so many bytes cannot be written here, of the system itself; None where they can."""
    probe = directory / f".probe.{os.getpid()}.tmp"
    try:
        with open(probe, "wb", buffering=0) as file:
            for begin in range(0, size + 1, PIECE):
                file.write(bytes(min(PIECE, size + 1 - begin)))
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return None
