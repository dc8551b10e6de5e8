"""Checkpoints: where a job stood, in files that notice a flipped bit.

    checkpoints/000007.ckpt:  one line of JSON, arrays as NumPy writes them, SHA-256 of all before

They lie beside the record and are no part of it.  Two are kept: a newest one that is damaged (the
disk was full, the machine went down) leaves the one before.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.store import CHECKPOINTS
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import unwritable

FORMAT = 1
KEPT = 2
DIGEST = hashlib.sha256().digest_size
LONGEST_LINE = 1 << 24


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Words, as JSON has them, and arrays of numbers by name."""

    said: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


class Checkpoints:
    """Those of one job, in its directory."""

    def __init__(self, job: Path):
        self.folder = job / CHECKPOINTS

    def write(self, checkpoint: Checkpoint) -> None:
        """One more; all but the last two go.  Raises UserError where it cannot be written."""
        there = self._numbered()
        path = self.folder / f"{max(there, default=0) + 1:06}.ckpt"
        try:
            self.folder.mkdir(exist_ok=True)
            write_atomically(path, lambda temporary: _write(temporary, checkpoint))
            for number in sorted(there)[: 1 - KEPT]:
                there[number].unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(path, error) from error

    def newest(self) -> tuple[Checkpoint | None, list[UserError]]:
        """The newest one that is whole, None where there is none, and what is wrong with those that
        are newer."""
        passed = []
        for _, path in sorted(self._numbered().items(), reverse=True):
            try:
                return _read(path), passed
            except UserError as error:
                passed.append(error)
        return None, passed

    def remove(self) -> None:
        """All of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _numbered(self) -> dict[int, Path]:
        found = {}
        with suppress(OSError):
            for path in self.folder.glob("*.ckpt"):
                if path.stem.isdecimal() and path.is_file() and not path.is_symlink():
                    found[int(path.stem)] = path
        return found


def _write(path: Path, checkpoint: Checkpoint) -> None:
    said = {"format": FORMAT, "arrays": [*checkpoint.arrays], "said": checkpoint.said}
    with open(path, "wb") as file:
        hashed = _Hashed(file)
        hashed.write(json.dumps(said, sort_keys=True).encode() + b"\n")
        for array in checkpoint.arrays.values():
            np.lib.format.write_array(hashed, np.asarray(array, order="C"), allow_pickle=False)
        file.write(hashed.digest)


def _read(path: Path) -> Checkpoint:
    """Raises UserError where it is not what was written."""
    damaged = UserError(str(path), "it is not the checkpoint that was written", "delete it")
    try:
        whole = path.read_bytes()
        body, digest = whole[:-DIGEST], whole[-DIGEST:]
        if hashlib.sha256(body).digest() != digest:
            raise damaged
        file = io.BytesIO(body)
        said = json.loads(file.readline(LONGEST_LINE))
        if said["format"] != FORMAT:
            raise damaged
        arrays = {n: np.lib.format.read_array(file, allow_pickle=False) for n in said["arrays"]}
    except (OSError, ValueError, LookupError, TypeError, MemoryError, RecursionError) as error:
        raise damaged from error
    return Checkpoint(said["said"], arrays)


class _Hashed:
    """A file that is only written to, and the hash of what was."""

    def __init__(self, file: io.BufferedWriter):
        self._file, self._hash = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    @property
    def digest(self) -> bytes:
        return self._hash.digest()
