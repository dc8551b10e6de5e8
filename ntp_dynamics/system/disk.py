"""Disk space, said before it is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

from ntp_dynamics.system.errors import UserError


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
