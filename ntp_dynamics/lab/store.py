"""Records on disk: written atomically, sealed by a manifest, verified when read.

    config.yaml  status.json  corpora/  trajectory.nc  verdicts.json  log.txt  MANIFEST.json

`status.json` is created first, exclusively: two jobs never share a directory.  `MANIFEST.json`
holds size and SHA-256 of every other file and is written last; its presence means done.  Formats
do not notice a flipped bit, so reading a sealed record checks it.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.lab import netcdf
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.secrets import redact

if TYPE_CHECKING:
    import xarray
    from netCDF4 import Dataset

STATUS, MANIFEST, TRAJECTORY = "status.json", "MANIFEST.json", "trajectory.nc"

HDF5 = threading.Lock()
"""Held by whoever opens, reads, writes or closes a trajectory: the library is not thread-safe."""

UNREADABLE = (OSError, RuntimeError, ValueError, IndexError)
"""What reading a file raises that is damaged or not one of ours."""


class RecordWriter:
    """Writes one record, secrets aside.  Raises UserError where the directory already holds one."""

    def __init__(self, directory: str | Path, status: dict[str, Any], overwrite: bool = False):
        self.directory = Path(directory)
        self.files: list[str] = []
        make_directory(self.directory)
        try:
            if overwrite and (self.directory / STATUS).exists():
                remove_record(self.directory)
            with open(self.directory / STATUS, "x", encoding="utf-8") as file:
                file.write(_dump(redact(status)))
        except FileExistsError:
            raise occupied(self.directory) from None
        except OSError as error:
            raise _unwritable(self.directory, error) from error

    def text(self, name: str, text: str) -> None:
        """Write a text file without secrets."""
        self.data(name, redact(text))

    def data(self, name: str, text: str) -> None:
        """Write text as it stands: data that must read back equal, in any environment."""
        self._write(name, lambda path: path.write_text(text, encoding="utf-8"))

    def json(self, name: str, value: Any) -> None:
        """Write JSON with sorted keys, without secrets: equal values give equal bytes."""
        self.data(name, _dump(redact(value)))

    def tree(self, name: str, tree: xarray.DataTree) -> None:
        """Write netCDF4 with a checksum on every variable."""
        with HDF5:
            self._write(name, lambda path: _write_tree(path, tree))

    def add(self, name: str) -> None:
        """Count a file that something else wrote here (a figure, the log) as part of the record."""
        if name not in self.files:
            self.files.append(name)

    def seal(self, without: Sequence[str] = ()) -> None:
        """Write the manifest.  Files that are to change once more are left out of it first, and put
        in by sealing again: the record is sound at every moment."""
        names = sorted({*self.files, STATUS} - {*without})
        entries = {name: _entry(self.directory / name) for name in names}
        self._write(MANIFEST, lambda path: path.write_text(_dump({"files": entries})))

    def _write(self, name: str, write: Callable[[Path], Any]) -> None:
        try:
            write_atomically(self.directory / name, write)
        except (OSError, RuntimeError) as error:  # netCDF's own word for a full disk is the latter
            raise _unwritable(self.directory / name, error) from error
        if name != MANIFEST:
            self.add(name)


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Write to a temporary neighbour, flush it to disk, rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        descriptor = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def make_directory(directory: Path) -> None:
    """Create a directory and its parents.  Raises UserError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(directory, error) from error


def occupied(directory: Path) -> UserError:
    """What to say about a directory that holds a record."""
    remedy = "choose another directory or pass overwrite=true"
    return UserError(str(directory), "it already holds a record", remedy)


def remove_record(directory: Path) -> None:
    """Remove what a job leaves behind, and nothing else; its status last, which says it is one."""
    for name in (MANIFEST, TRAJECTORY, "verdicts.json", "config.yaml", "log.txt"):
        (directory / name).unlink(missing_ok=True)
    for name in ("corpora", "figures"):
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / STATUS).unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Parse a JSON file of a record.  Raises UserError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None
    except (OSError, ValueError) as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error


def verify(directory: Path) -> None:
    """Check a sealed record against its manifest.  Raises UserError naming the first bad file."""
    manifest = read_json(directory / MANIFEST)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict):
        what = "it lists no files"
        raise UserError(str(directory / MANIFEST), what, "the record is damaged; run the job again")
    for name, entry in files.items():
        path = directory / name
        if not path.is_file() or _entry(path) != entry:
            what = "it is not the file that was recorded" if path.is_file() else "it is missing"
            raise UserError(str(path), what, "the record is damaged; run the job again")


def _write_tree(path: Path, tree: xarray.DataTree) -> None:
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


def read_group(
    path: Path, groups: Sequence[str], dimensions: tuple[str, ...]
) -> dict[str, np.ndarray] | None:
    """Of the first of these groups that a trajectory has, the variables with these dimensions and
    its coordinates of one dimension, missing values nan.

    Cheaper than the whole trajectory.  None where the file or the group cannot be read.
    """
    with suppress(*UNREADABLE), _opened(path) as file:
        for name in groups:
            if name in file.groups:
                return {
                    key: np.ma.filled(variable[:].astype(float), np.nan)
                    for key, variable in file.groups[name].variables.items()
                    if variable.dimensions in (dimensions, (key,))
                }
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


def _entry(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}


def _dump(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def _unwritable(path: Path, error: Exception) -> UserError:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return UserError(str(path), f"it cannot be written: {reason}", "choose another directory")
