"""Trajectories as files: opened, read and closed in one place, under the lock that HDF5 needs."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.record import netcdf
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    import xarray
    from netCDF4 import Dataset

HDF5 = threading.Lock()
"""Held by whoever opens, reads, writes or closes a trajectory: the library is not thread-safe."""

UNREADABLE = (OSError, RuntimeError, ValueError, IndexError)
"""What reading a file raises that is damaged or not one of ours."""


def write_tree(path: Path, tree: xarray.DataTree) -> None:
    """Write a trajectory.  Whoever calls holds the lock, until the file is where it belongs."""
    import netCDF4

    with netCDF4.Dataset(path, "w") as file:
        netcdf.write_tree(file, tree)


def read_tree(path: Path) -> xarray.DataTree:
    """Load a trajectory into memory.  Raises UserError."""
    try:
        with _opened(path) as file:
            return netcdf.read_tree(file)
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "the job recorded nothing") from None
    except UNREADABLE as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error


def check_tree(path: Path) -> None:
    """Read a trajectory a variable at a time, and its checksums with it.  Raises UserError."""
    try:
        with _opened(path) as file:
            netcdf.check(file)
    except UNREADABLE as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error


class Recorded(NamedTuple):
    """A variable as a group holds it, missing values nan."""

    values: Float[np.ndarray, ...]
    dims: tuple[str, ...]
    attrs: Mapping[str, Any]


class Group(NamedTuple):
    """A group by itself, and which others the trajectory has."""

    name: str
    variables: Mapping[str, Recorded]
    others: Sequence[str]


def read_group(path: Path, groups: Sequence[str], most: int = 2) -> Group | None:
    """The first of these groups that a trajectory has, with the variables of at most so many
    dimensions.

    Cheaper than the whole trajectory.  None where the file or the group cannot be read.
    """
    with suppress(*UNREADABLE), _opened(path) as file:
        for name in groups:
            if name in file.groups:
                found = {
                    key: Recorded(
                        np.ma.filled(variable[:].astype(float), np.nan),
                        variable.dimensions,
                        {a: variable.getncattr(a) for a in variable.ncattrs()},
                    )
                    for key, variable in file.groups[name].variables.items()
                    if variable.ndim <= most
                }
                return Group(name, found, [*file.groups])
    return None


@contextmanager
def _opened(path: Path) -> Iterator[Dataset]:
    """A trajectory to read from, with the lock; it is closed before the lock is free again."""
    import netCDF4

    with HDF5:
        try:
            file = netCDF4.Dataset(path)
        except FileNotFoundError:
            raise
        except UNREADABLE:
            gc.collect()  # what was half open is closed here, not in a thread without the lock
            raise
        with file:
            yield file
