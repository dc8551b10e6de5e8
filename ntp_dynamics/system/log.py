"""The log of a job: one line an event, written at once and without secrets."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from ntp_dynamics.system.disk import not_written
from ntp_dynamics.system.errors import escaped
from ntp_dynamics.system.secrets import redact


class JobLog:
    """Appends time-stamped lines to a file."""

    def __init__(self, path: Path):
        self._path = path
        self._lost: OSError | None = None
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115
        self._hash, self._size = hashlib.sha256(), 0

    def __call__(self, message: str) -> None:
        """Log a text that may hold anything."""
        self.data("\n".join(map(escaped, redact(message).split("\n"))))  # a traceback has lines

    def data(self, message: str) -> None:
        """Log the lab's own words and numbers, in any environment as they stand."""
        line = f"{datetime.now():%Y-%m-%d %H:%M:%S} {message}\n".encode("utf-8", "backslashreplace")
        self._hash.update(line)
        self._size += len(line)
        try:
            written = self._file.write(line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:  # a job goes on without; `entry` says so
            self._lost = error

    @property
    def entry(self) -> dict[str, Any]:
        """Size and SHA-256 of what was logged so far, as a manifest lists them.  Raises UserError
        where a line of it was not written."""
        if self._lost is not None:
            raise not_written(self._path, self._size, self._lost)
        return {"sha256": self._hash.hexdigest(), "size": self._size}

    def __enter__(self) -> JobLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
