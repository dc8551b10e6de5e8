"""A job opened for looking: its record as far as it can be read, and why not where it cannot."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record.entries import LOG, MANIFEST, STATUS, TRAJECTORY, check_kinds
from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.plain import text
from ntp_dynamics.record.record import Record, load_run
from ntp_dynamics.record.written import Written
from ntp_dynamics.system.bounded import opened
from ntp_dynamics.system.disk import size_in_words
from ntp_dynamics.system.errors import UserError

LARGEST = 300 * 10**6
"""Bytes of a record that is opened in the browser's server."""
KEPT = 4
"""Records kept in memory, the last ones looked at."""
LOG_LINES = 40


@dataclass(frozen=True)
class Reading:
    """``record`` is None where there is none yet, or it is damaged: ``problem`` says so.

    ``laws`` are those that were written with the verdicts; without them (``no_laws`` says why)
    measured values are shown and laws are not.
    """

    record: Record | None
    laws: Sequence[Written] = ()
    problem: str = ""
    no_laws: str = ""
    log: tuple[str, ...] = ()


class Reader:
    """Opens jobs and keeps the last few; one that changed on disk is read again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Reading] = OrderedDict()
        self._lock = Lock()

    def open(self, job: Job) -> Reading:
        key = job.id, stamp(job)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = read(job)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def stamp(job: Job) -> str:
    """Changes whenever a file of the record is replaced."""
    parts = []
    for name in (STATUS, TRAJECTORY, MANIFEST):
        try:
            stat = os.stat(job.path / name, follow_symlinks=False)
            parts.append(f"{stat.st_mtime_ns:x}.{stat.st_size:x}")
        except OSError:
            parts.append("-")
    return "_".join(parts)


def read(job: Job) -> Reading:
    """Open a job, whatever state it is in.  Raises nothing that a directory could cause."""
    if job.state == "planned":
        return Reading(None, problem="it has not begun")
    log = _log(job.path)
    if problem := _refused(job.path):
        return Reading(None, problem=problem)
    try:
        record = load_run(job.path)
    except UserError as error:
        if job.state in ("running", "dead", "failed", "interrupted") and TRAJECTORY in error.where:
            return Reading(None, problem="it has recorded nothing so far", log=log)
        problem = text(f"{Path(error.where).name}: {error.what}; {error.remedy}")
        return Reading(None, problem=problem, log=log)
    try:
        laws = record.laws
    except UserError as error:
        return Reading(record, no_laws=text(f"laws are not drawn: {error.what}"), log=log)
    return Reading(record, laws, no_laws="" if laws else _no_laws(record), log=log)


def _no_laws(record: Record) -> str:
    """Why there are none."""
    if not record.verdicts:
        if record.sealed:  # nothing was claimed of it
            return ""
        return "laws are drawn once the job is judged"
    return "laws are not drawn: this record is of a version that did not write them"


def _refused(path: Path) -> str:
    """Why a directory is not opened: it leads elsewhere, or is too large."""
    try:
        check_kinds(path)
    except UserError as error:
        return text(f"{Path(error.where).name}: {error.what}")
    for name in (TRAJECTORY, LAWS):
        try:
            size = os.lstat(path / name).st_size
        except OSError:
            continue
        if size > LARGEST:
            return f"{name} has {size_in_words(size)}, more than a page can show"
    return "" if path.is_dir() else "its directory is no longer there"


def _log(path: Path) -> tuple[str, ...]:
    """The last lines of the log; none of what is no file."""
    try:
        with opened(path / LOG, 1 << 62) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 20_000))
            lines = file.read(20_000).decode("utf-8", "replace").splitlines()
    except (OSError, UserError):
        return ()
    return tuple(text(line) for line in lines[-LOG_LINES:])
