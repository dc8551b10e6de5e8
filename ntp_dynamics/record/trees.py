"""Trajectories as files: opened, read and closed in one place.

Those of this process are written and checked under the lock that HDF5 needs; what lies on a disk is
parsed in a process of its own (`record.apart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.record import apart, netcdf
from ntp_dynamics.record.definition import Definition
from ntp_dynamics.record.entries import Entry, entry_in, largest
from ntp_dynamics.record.stencil import Stencils
from ntp_dynamics.system.bounded import DAMAGED, opened
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.hdf5 import reading

if TYPE_CHECKING:
    import xarray

FRAME = 4_500
"""Bytes that a file takes for a variable, beside its numbers."""

STENCILS = Stencils()

UNREADABLE = (OSError, RuntimeError, ValueError, IndexError)
"""What reading a file raises that is damaged or not one of ours."""


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


def size_of(made: Definition) -> int:
    """About how many bytes its file will have."""
    return made.nbytes + FRAME * len(made.values)


def known_file(made: Definition) -> bytes | None:
    """The file of a trajectory like those that this process has written; None where the library is
    to write it.  Whoever calls holds the lock."""
    return STENCILS.filled(made)


def write_tree(path: Path, made: Definition) -> None:
    """Have the library write a trajectory.  Whoever calls holds the lock, until the file is where
    it belongs."""
    _write(path, made)
    if STENCILS.due(made):
        with suppress(OSError, RuntimeError), TemporaryDirectory() as folder:

            def another(made: Definition) -> bytes:
                _write(Path(folder, "another.nc"), made)
                return Path(folder, "another.nc").read_bytes()

            STENCILS.learn(made, path.read_bytes(), another)


def _write(path: Path, made: Definition) -> None:
    import netCDF4

    with netCDF4.Dataset(path, "w") as file:
        netcdf.fill(file, made)


def check_tree(path: Path) -> None:
    """Read a trajectory that this process wrote a variable at a time, and its checksums with it.
    Raises UserError."""
    try:
        with reading(path) as file:
            netcdf.check(file)
    except UNREADABLE as error:
        raise UserError(str(path), "it cannot be read", DAMAGED) from error


def read_tree(path: Path, entry: Entry | None = None) -> xarray.DataTree:
    """Load a trajectory into memory; ``entry`` is what vouches for it.

    Raises UserError.
    """
    found, values = _read(path, entry)
    try:
        return netcdf.tree_of(found, values)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(str(path), "it cannot be read", DAMAGED) from error


def read_group(
    path: Path, groups: Sequence[str], most: int = 2, entry: Entry | None = None
) -> Group | None:
    """The first of these groups that a trajectory has, with the variables of at most so many
    dimensions.

    Cheaper than the whole trajectory.  None where it has none of them.  Raises UserError.
    """
    found, values = _read(path, entry, groups, most)
    others = [name.strip("/") for name in found.groups if name.count("/") == 1 and name != "/"]
    name = next((name for name in groups if name in others), None)
    if name is None:
        return None
    read = {
        told.name: Recorded(_floats(array, told.attrs), told.dims, told.attrs)
        for told, array in zip(found.variables, values, strict=True)
    }
    return Group(name, read, others)


def _read(
    path: Path, entry: Entry | None, only: Sequence[str] = (), most: int | None = None
) -> tuple[netcdf.Layout, list[np.ndarray]]:
    try:
        file = opened(path, largest())
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "the job recorded nothing") from None
    with file:
        if entry is not None and entry_in(file) != entry:
            raise UserError(str(path), "it is not the file that was recorded", DAMAGED)
        try:
            return apart.read(file, only, most)
        except apart.Unreadable as error:
            raise UserError(str(path), "it cannot be read", DAMAGED) from error


def _floats(values: np.ndarray, attrs: Mapping[str, Any]) -> Float[np.ndarray, ...]:
    """Numbers with nan where one is missing."""
    numbers = values.astype(float)
    if "_FillValue" in attrs:
        numbers[values == attrs["_FillValue"]] = np.nan
    return numbers
