"""Opening a record: what vouches for it, and everything that is looked at before it is parsed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from yaml import YAMLError

from ntp_dynamics import studies
from ntp_dynamics.config.stored import from_yaml
from ntp_dynamics.record.entries import (
    CONFIG,
    MANIFEST,
    STATUS,
    TRAJECTORY,
    Entry,
    check_kinds,
    largest,
    not_as_told,
    own_status,
    read_manifest,
    told_files,
)
from ntp_dynamics.record.store import changed
from ntp_dynamics.system.bounded import DAMAGED, read
from ntp_dynamics.system.disk import size_in_words
from ntp_dynamics.system.errors import UserError, short
from ntp_dynamics.system.owner import attended

TRIES, PAUSE = 20, 0.05
"""How often a record that changes is looked at, and the seconds between: a job that runs replaces
its trajectory, and a moment later the status that vouches for it."""
PARSED = 8
"""How much smaller than arrays a text has to be: parsed it takes ten times its bytes."""

T = TypeVar("T")


@dataclass(frozen=True)
class Standing:
    """What vouches for a record: its manifest where it is ``sealed``, else its status; ``files`` is
    None where nothing does, in one of an earlier version."""

    status: Mapping[str, Any]
    sealed: bool
    files: Mapping[str, Entry] | None

    def entry(self, name: str) -> Entry | None:
        """What vouches for a file; None where nothing vouches for any."""
        return None if self.files is None else self.files[name]


def stand(path: Path) -> Standing:
    """See what vouches for a record, and that all files but its trajectory are as they were
    written.  Raises UserError."""
    check_kinds(path)
    found = _standing(path)
    _check_sizes(path, found.files)
    for bad in not_as_told(path, found.files or {}, but=TRAJECTORY):
        raise changed(bad)
    return found


def vouched(path: Path, name: str) -> Entry | None:
    """What vouches for one file of a record; None where nothing vouches for any.  Raises
    UserError."""
    return _standing(path).entry(name)


def _standing(path: Path) -> Standing:
    status, entry = own_status(path)
    manifest = read_manifest(path)
    if manifest is None and status.get("state") == "done":
        raise UserError(str(path / MANIFEST), "it does not exist", DAMAGED)
    sealed = manifest is not None
    files = manifest if sealed else told_files(status, path / STATUS)
    if manifest is not None and manifest[STATUS] != entry:
        if status.get("state") != "running":
            raise changed(path / STATUS)
        sealed, files = False, {n: e for n, e in manifest.items() if n != STATUS}  # cut off here
    _check_trajectory(path, files)
    return Standing(status, sealed, files)


def while_it_moves(path: Path, read: Callable[[Path], T]) -> T:
    """Read a record; one of a job that is at work there is tried again for a second.  Raises as
    ``read``."""
    for _ in range(TRIES):
        before = _stamp(path)
        try:
            return read(path)
        except UserError:
            if _stamp(path) == before and not attended(path):
                raise
        time.sleep(PAUSE)
    return read(path)


def read_back(path: Path) -> tuple[Any, Mapping[str, Any]]:
    """The configuration of a record and the inputs of its study, as they lie there.

    Raises UserError where they cannot be read.
    """
    with damage_in_one_line(path):
        config = from_yaml(read(path / CONFIG).decode("utf-8"), path / CONFIG)
        return config, studies.find(config.study).inputs(path, config)


DAMAGE = (
    LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError, YAMLError,
    RecursionError, MemoryError,
)  # fmt: skip
"""What reading a file raises that no job has written."""


@contextmanager
def damage_in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        reason = (f"{type(error).__name__}: {error}".splitlines() or [""])[0]
        raise UserError(str(path), f"it cannot be read ({short(reason)})", DAMAGED) from error


def _check_trajectory(path: Path, files: Mapping[str, Entry] | None) -> None:
    """See that there is one, and that it is vouched for where others are."""
    place = path / TRAJECTORY
    if not os.path.lexists(place) and (files is None or TRAJECTORY not in files):
        raise UserError(str(place), "it does not exist", "the job recorded nothing")
    if files is None:
        return
    for name in (TRAJECTORY, CONFIG):
        if name not in files:
            what = "its status does not vouch for it: the job was cut off in between"
            raise UserError(str(path / name), what, "run the job again")
    if _size(place) != files[TRAJECTORY]["size"]:
        raise changed(place)


def _check_sizes(path: Path, files: Mapping[str, Entry] | None) -> None:
    """See that no text is larger than can be parsed here."""
    most = largest() // PARSED
    found = [path / name for name in files] if files is not None else _texts(path)
    for place in found:
        if place.suffix != ".nc" and (size := _size(place)) > most:
            what = f"it has {size_in_words(size)}, more than can be read here"
            raise UserError(str(place), what, "look at it on a machine with more memory")


def _texts(path: Path) -> Iterator[Path]:
    yield path / CONFIG
    yield from (x for x in path.rglob("*") if x.parent != path and x.is_file())


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _stamp(path: Path) -> Any:
    try:
        found = os.lstat(path / STATUS)
        return found.st_ino, found.st_mtime_ns, found.st_size
    except OSError:
        return None
