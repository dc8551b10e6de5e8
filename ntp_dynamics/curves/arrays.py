"""Tables of named arrays: npz and npy files, lists of JSON."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ntp_dynamics.curves.names import first_clock
from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError

SHAPES = "store t (T,) and y (T,) or (S, T)"
DAMAGED = (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError, NotImplementedError)


def read_npz(path: Path) -> Table:
    """The arrays of an npz or npy file; nothing in it is ever unpickled.  Raises UserError."""
    with path.open("rb") as file:
        try:
            loaded = np.load(file, allow_pickle=False)
        except DAMAGED as error:
            raise _unreadable(path, error) from error
        if isinstance(loaded, np.ndarray):
            return _of_one(loaded, path.name)
        arrays, left = {}, []
        for name in loaded.files:
            try:
                arrays[name] = loaded[name]
            except DAMAGED as error:
                if "allow_pickle" not in str(error):
                    raise _unreadable(path, error) from error
                left.append(f"{name} holds Python objects and is left out")
    return table_of(arrays, path.name, tuple(left))


def _unreadable(path: Path, error: Exception) -> UserError:
    if "allow_pickle" in str(error):
        what = "it holds Python objects, which are never loaded"
        return UserError(path.name, what, "store arrays of numbers")
    return UserError(path.name, "it is damaged or no file of arrays", "write it with numpy.savez")


def _of_one(array: np.ndarray, source: str) -> Table:
    """An npy file: structured, or rows of steps whose first column is t."""
    if array.dtype.names:
        return table_of({name: array[name] for name in array.dtype.names}, source)
    if array.ndim != 2 or array.shape[1] < 2:
        raise UserError(source, f"an array of shape {array.shape} has no t", SHAPES)
    return table_of({f"c{i}": x for i, x in enumerate(array.T, 1)}, source)


def table_of(arrays: Mapping[str, np.ndarray], source: str, notes: tuple[str, ...] = ()) -> Table:
    """The arrays that go with the clock among them: (T,), and (S, T) or (T, S), told apart by T.

    Raises UserError where no array can be a clock.
    """
    flat = {name: x for name, x in arrays.items() if x.ndim == 1}
    if not flat:
        reason = "; ".join(notes) or "no array of one dimension is there to be t"
        raise UserError(source, reason, SHAPES)
    lengths = [x.size for x in flat.values()]
    named = first_clock(flat)
    size = flat[named].size if named else max(lengths, key=lengths.count)
    columns, left = {}, []
    for name, x in arrays.items():
        if x.shape == (size,):
            columns[name] = Column(x)
        elif x.ndim == 2 and x.shape[1] == size:  # (T, T) too: runs lead
            columns[name] = Column(x.T)
        elif x.ndim == 2 and x.shape[0] == size:
            columns[name] = Column(x)
        elif x.ndim:
            left.append(f"{name} {x.shape} does not go with t ({size},) and is left out")
    return Table(source, columns, (*notes, *left))
