"""The log of a job: one line an event, written at once and without secrets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ntp_dynamics.lab.errors import escaped
from ntp_dynamics.lab.secrets import redact


class JobLog:
    """Appends time-stamped lines to a file."""

    def __init__(self, path: Path):
        self._file = open(path, "w", encoding="utf-8", buffering=1)  # noqa: SIM115

    def __call__(self, message: str) -> None:
        text = "\n".join(map(escaped, redact(message).split("\n")))  # a traceback has lines
        self._file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")

    def __enter__(self) -> JobLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
