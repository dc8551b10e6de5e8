"""netCDF files of this process: the library below them, HDF5, is not thread-safe."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netCDF4 import Dataset

HDF5 = threading.Lock()
"""Held by whoever opens, reads, writes or closes a netCDF file."""


@contextmanager
def reading(path: Path) -> Iterator[Dataset]:
    """A file to read from, with the lock; it is closed before the lock is free again.  Raises what
    the library raises."""
    import netCDF4

    with HDF5:
        try:
            file = netCDF4.Dataset(path)
        except Exception:
            gc.collect()  # what was half open is closed here, not in a thread without the lock
            raise
        with file:
            yield file
