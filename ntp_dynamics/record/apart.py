"""Trajectories parsed in a process of their own, which is kept warm and ends with this one.

It is given an open file, so that the bytes that are parsed are those that were hashed; it sends
what the file holds, a piece at a time.  A file that makes it hang, grow or die is an unreadable
one, and the next question gets a new process.  No question is taken as the answer to another, as
each waits for its last word.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

import ntp_dynamics
from ntp_dynamics.record.apart_process import END, FAULT, HEAD, LAST, LAYOUT, READY, VALUES
from ntp_dynamics.record.netcdf import Described, Layout

START_SECONDS = 60.0
"""To import the library, on a machine that is busy."""
SILENCE_SECONDS = 20.0
"""Without a word.  A process that computes ends itself after 0.3 s of no progress; this is for
one that waits, for a disk of another machine."""
LONGEST = 64 << 20
"""Bytes of what a file says of itself."""


class Unreadable(Exception):
    """A file that the library cannot read, and why; ``last``: it took the process along."""

    last = False


def read(
    file: BinaryIO, only: Iterable[str] = (), most: int | None = None
) -> tuple[Layout, list[np.ndarray]]:
    """What a netCDF4 file holds, as `netcdf.layout` chooses, and the values.  Raises Unreadable."""
    size = os.fstat(file.fileno()).st_size
    asked = json.dumps({"only": list(only), "most": most, "size": size}).encode()
    with _LOCK:
        try:
            return _running().ask(file.fileno(), asked, size)
        except Unreadable as error:
            if error.last:
                _stop()
            raise
        except (OSError, ValueError, TypeError, LookupError, MemoryError, EOFError) as error:
            _stop()
            raise Unreadable(f"{type(error).__name__}: {error}") from error
        except BaseException:  # Ctrl-C: what it would say next is no answer to a later question
            _stop()
            raise


def warm() -> None:
    """Start the process, for whoever will ask soon."""
    with suppress(Unreadable), _LOCK:
        _running()


class _Process:
    """The other end, and what it says."""

    def __init__(self) -> None:
        self.line, theirs = socket.socketpair()
        root = str(Path(ntp_dynamics.__file__).parent.parent)
        others = os.environ.get("PYTHONPATH")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, others] if others else [root]),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "HDF5_USE_FILE_LOCKING": "FALSE",
        }
        command = [sys.executable, "-P", "-m", "ntp_dynamics.record.apart_process"]
        with theirs:
            try:
                self.process = subprocess.Popen(
                    command, env=environment, cwd="/", stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
            except OSError as error:
                self.line.close()
                raise Unreadable(f"no process to read it in ({error.strerror})") from error
        self.owner = os.getpid()
        self.ready = False

    def ask(self, descriptor: int, asked: bytes, size: int) -> tuple[Layout, list[np.ndarray]]:
        """What the process reads in an open file of ``size`` bytes.  Raises Unreadable, and what a
        broken line raises."""
        if not self.ready:
            self.line.settimeout(START_SECONDS)
            self._expect(READY)
            self.line.settimeout(SILENCE_SECONDS)
            self.ready = True
        socket.send_fds(self.line, [asked], [descriptor])
        body = bytearray(self._expect(LAYOUT, LONGEST))
        self._fill(memoryview(body))
        found = _layout(json.loads(body))
        if found.size > size:
            raise ValueError("it says it holds more than it does")
        values = [self._values(told) for told in found.variables]
        self._expect(END)
        return found, values

    def _values(self, told: Described) -> np.ndarray:
        array = np.empty(told.shape, told.dtype)
        view, filled = array.reshape(-1).view(np.uint8).data, 0
        while filled < told.size:
            piece = self._expect(VALUES, told.size - filled)
            self._fill(view[filled : filled + piece])
            filled += piece
        if not told.size:
            self._expect(VALUES, 0)
        return array

    def _expect(self, what: bytes, longest: int = 0) -> int:
        """The length of the next message.  Raises Unreadable where it is a fault."""
        head = bytearray(HEAD.size)
        self._fill(memoryview(head))
        said, length = HEAD.unpack(head)
        if said in (FAULT, LAST):
            body = bytearray(min(length, 500))
            self._fill(memoryview(body))
            fault = Unreadable(body.decode("utf-8", "replace"))
            fault.last = said == LAST
            raise fault
        if said != what or length > longest:
            raise ValueError("it was not answered")
        return length

    def _fill(self, view: memoryview) -> None:
        while view:
            count = self.line.recv_into(view)
            if not count:
                raise EOFError("it makes the library hang or end")
            view = view[count:]

    def end(self) -> None:
        self.line.close()
        if self.owner == os.getpid():  # and not of a process that was forked from it
            self.process.kill()
            self.process.wait()


_LOCK = threading.Lock()
_process: _Process | None = None


def _running() -> _Process:
    global _process
    if _process is None or _process.owner != os.getpid() or _process.process.poll() is not None:
        _stop()
        _process = _Process()
    return _process


def _stop() -> None:
    global _process
    if _process is not None:
        _process.end()
        _process = None


def _layout(plain: Any) -> Layout:
    groups, variables = plain
    return Layout(
        {path: (_values(attrs), dims) for path, (attrs, dims) in groups.items()},
        [
            Described(group, name, tuple(dims), dtype, tuple(shape), _values(attrs))
            for group, name, dims, dtype, shape, attrs in variables
        ],
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return np.array(value["of"], value["dtype"]).reshape(value["shape"])[()]


atexit.register(_stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: globals().update(_LOCK=threading.Lock()))
