"""The shim: compiled once by the system's compiler, preloaded, and armed where a process is to
suffer."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
VARIABLE = "NTP_TORTURE_SHIM"
"""Where the shim of this process lies."""


class Kind(IntFlag):
    """Calls, as the shim numbers them."""

    OPEN, WRITE, FSYNC, RENAME, MKDIR, UNLINK, TRUNCATE, READ, SYNC = (1 << i for i in range(9))
    CHANGES = OPEN | WRITE | FSYNC | RENAME | MKDIR | UNLINK | TRUNCATE | SYNC


class What(IntEnum):
    """What becomes of the call that is waited for: nothing, the process is killed before or after
    it, half of what it writes is written, it fails, the process is stopped (SIGSTOP) before it."""

    COUNT, BEFORE, AFTER, TORN, FAIL, STOP = range(6)


class Count:
    """A number that processes share, and that outlives them."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self.cell = ctypes.c_long.from_buffer(self._page)

    @property
    def value(self) -> int:
        return int(self.cell.value)


@dataclass(frozen=True)
class Suffer:
    """The calls ``n`` to ``to`` (counted from 1; ``to`` 0: that one; -1: all that follow), among
    those of ``kinds`` below ``place`` whose path holds ``part``, suffer ``what``; ``error`` is the
    errno of one that fails.  ``seen`` counts them, ``log`` is a file that gets each."""

    place: Path
    n: int = 0
    what: What = What.COUNT
    to: int = 0
    part: str = ""
    kinds: Kind = Kind.CHANGES
    error: int = 0
    seen: Count | None = None
    log: Path | None = None

    def arm(self) -> None:
        """In this process, from now on."""
        seen = self.seen or Count()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if self.log else -1
        last = sys.maxsize if self.to < 0 else max(self.to, self.n)
        _library().torture_arm(
            *(str(self.place).encode(), self.part.encode(), int(self.kinds)),
            *(ctypes.c_long(self.n), ctypes.c_long(last), int(self.what), self.error),
            *(ctypes.byref(seen.cell), log),
        )
        _alive.append(seen)


_alive: list[Count] = []
"""The shim writes into them as long as the process lives."""


def set_clock(wall: float = 0.0, monotonic: float = 0.0) -> None:
    """Seconds that the clocks of this process are ahead, from now on."""
    _library().torture_clock(ctypes.c_double(wall), ctypes.c_double(monotonic))


def preloaded() -> bool:
    """Whether this process can suffer."""
    return VARIABLE in os.environ


def compiler() -> str | None:
    """The system's C compiler."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def preload(place: Path | None = None) -> Path:
    """Start this program once more with the shim in front of its system calls; where it is already
    there, returns the folder it lies in, for others to work in (below ``place``).

    Raises FileNotFoundError without a compiler.
    """
    if preloaded():
        return Path(os.environ[VARIABLE]).parent
    cc = compiler()
    if cc is None:
        raise FileNotFoundError("a C compiler (cc, gcc or clang)")
    folder = Path(tempfile.mkdtemp(prefix="ntp-torture-", dir=place))
    library = folder / "shim.so"
    flags = ["-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run([cc, *flags], check=True)
    environment = {**os.environ, VARIABLE: str(library), "LD_PRELOAD": str(library)}
    return os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(os.environ[VARIABLE])
