"""Whose a directory is: a file `CLAIM` for as long as somebody works in it.

The lock is `flock`'s on that file, which the system gives to one at a time and takes back
when its holder dies, however that happens.  What the file says (host, boot, process, its start)
names the owner in messages, and stands in for the lock where a file system has none.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows has other locks
    fcntl = None

from ntp_dynamics.system.errors import UserError

CLAIM = "CLAIM"
PATIENCE = 1000
"""How often somebody may end just before us: then the file is a link to nowhere."""


@dataclass(frozen=True)
class Owner:
    """A process: where it runs, since which start of that machine, its id and when it began."""

    host: str
    boot: str
    pid: int
    started: str

    @classmethod
    def me(cls) -> Owner:
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Owner:
        """A process of this machine."""
        return cls(socket.gethostname(), _boot(), pid, _start_of(pid))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    def lives(self, locked: bool) -> bool:
        """Whether this owner may still be at work, where we hold its lock (``locked``) or the file
        system has none.  Of another machine we cannot know."""
        here = Owner.me()
        if (self.boot or self.host) != (here.boot or here.host):
            return self.host != here.host  # the same machine has started anew since
        if locked:
            return False
        unknown = self.host != here.host or not self.started
        return unknown or _start_of(self.pid) == self.started


class DirectoryLock:
    """A directory that is ours until `release`.  Raises UserError where it is somebody else's."""

    def __init__(self, directory: Path):
        self.directory, self._path = directory, directory / CLAIM
        try:
            self._file = self._take()
        except OSError as error:
            raise unwritable(directory, error) from error

    def _take(self) -> int:
        """The file, open and locked.  Raises OSError, and UserError where its owner lives."""
        for _ in range(PATIENCE):
            fresh = True
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                fresh = False
                try:
                    file = os.open(self._path, os.O_RDWR)
                except FileNotFoundError:  # its owner has just ended
                    continue
            try:
                self._check(file, fresh)
                if _same(file, self._path):
                    os.ftruncate(file, 0)
                    os.lseek(file, 0, os.SEEK_SET)
                    os.write(file, json.dumps(asdict(Owner.me())).encode())
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # its owner ended after we opened it
        raise _taken(self.directory, None)

    def _check(self, file: int, fresh: bool) -> None:
        """Lock the file.  Raises UserError where its owner lives."""
        try:
            locked = _lock(file)
        except BlockingIOError:
            raise _taken(self.directory, _read(file), held=True) from None
        owner = _read(file)
        alive = owner.lives(locked) if owner else not locked and not fresh
        if alive:
            raise _taken(self.directory, owner)

    @property
    def stands(self) -> bool:
        """Whether the directory is still there, and ours."""
        return self._file >= 0 and _same(self._file, self._path)

    def release(self) -> None:
        """Let others have the directory."""
        if self._file >= 0:
            if self.stands:
                with suppress(OSError):
                    self._path.unlink()
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def attended(directory: Path) -> bool:
    """Whether somebody is at work in a directory, as far as that can be known."""
    try:
        file = os.open(directory / CLAIM, os.O_RDONLY)
    except OSError:
        return False
    try:
        owner = _read(file)
        try:
            locked = _shared(file)
        except BlockingIOError:
            return True
        return owner.lives(locked) if owner else not locked
    finally:
        os.close(file)


def new_directory(directory: Path) -> Path:
    """Create a directory, or a numbered neighbour where it is taken: of jobs that start in the same
    second each gets one of its own.  Raises UserError."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        for number in count():
            free = directory.with_name(f"{directory.name}-{number}") if number else directory
            with suppress(FileExistsError):
                free.mkdir()
                return free
    except OSError as error:
        raise unwritable(directory, error) from error
    raise AssertionError("numbers do not end")


def unwritable(path: Path, error: Exception) -> UserError:
    """What to say of a place that cannot be written to."""
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return UserError(str(path), f"it cannot be written: {reason}", "choose another directory")


def _taken(directory: Path, owner: Owner | None, held: bool = False) -> UserError:
    """What to say of a directory of somebody else's; of one whose lock is ``held`` nothing is in
    doubt, and to delete the file would let two writers in."""
    what = f"{owner or 'another process'} is at work in it"
    remedy = "choose another directory, or wait until it ends"
    if not held:
        remedy += f"; if that process is gone, delete {CLAIM} there"
    return UserError(str(directory), what, remedy)


def _shared(file: int) -> bool:
    """As `_lock`, for a look that keeps nobody out."""
    return fcntl is not None and _lock(file, fcntl.LOCK_SH)


def _lock(file: int, kind: int | None = None) -> bool:
    """Lock an open file; False where the file system has no locks.  Raises BlockingIOError where
    somebody else holds it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if kind is None else kind) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        return False
    return True


def _same(file: int, path: Path) -> bool:
    """Whether an open file still lies at its path."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False


def _read(file: int) -> Owner | None:
    """Who the file names; None where its owner died before it wrote that."""
    try:
        os.lseek(file, 0, os.SEEK_SET)
        said: Any = json.loads(os.read(file, 4096))
        return Owner(**{name: kind(said[name]) for name, kind in _FIELDS.items()})
    except (OSError, ValueError, KeyError, TypeError):
        return None


_FIELDS: dict[str, type] = {"host": str, "boot": str, "pid": int, "started": str}


def _boot() -> str:
    """Changes when the machine starts anew; empty where the system does not say."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _start_of(pid: int) -> str:
    """When a process began, in the system's ticks; empty where there is none or it is not said."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""
