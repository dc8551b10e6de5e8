"""The process that parses trajectories: a program of its own (`record.apart` starts it).

HDF5 believes what a file says of itself.  After one flipped bit it may never return, ask for all of
the memory, or end the process; here that costs the answer to one question.  It can open the file it
is given and no other, write none, and start nothing.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.record.netcdf import Layout, layout, pieces

if TYPE_CHECKING:
    from netCDF4 import Dataset

SECONDS = 0.3
"""Of computing between two signs of progress: a piece takes a tenth of it at most."""
MEMORY = 320 << 20
"""Bytes beyond those of the libraries."""
HEAD = struct.Struct("<cQ")
"""Before each message: what it is, and how many bytes follow."""
READY, LAYOUT, VALUES, END, FAULT, LAST = b"R", b"L", b"V", b"E", b"F", b"G"
"""The last one is a fault too, after which there is no answer."""
QUESTION = 1 << 16
FAULTS = (
    OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, MemoryError,
)  # fmt: skip
"""What reading a file raises that is damaged or not one of ours."""


def serve(line: socket.socket) -> None:
    """Answer until whoever asks is gone, or the library keeps a file that it could not read."""
    import netCDF4

    _limit()
    _say(line, READY)
    idle = _open_files()
    while True:
        question, descriptors, _, _ = socket.recv_fds(line, QUESTION, 1)
        if not question or not descriptors:
            return
        (descriptor,) = descriptors
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptor + 2, hard))  # the one, once more
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            with netCDF4.Dataset(f"/dev/fd/{descriptor}") as file:
                _answer(line, file, json.loads(question))
            signal.setitimer(signal.ITIMER_PROF, 0)
            fault = None
        except FAULTS as error:
            fault = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:500]
        os.close(descriptor)
        if fault is None:
            _say(line, END)
            continue
        gc.collect()  # closes what was half open
        kept = _open_files() != idle
        _say(line, LAST if kept else FAULT, fault)
        if kept:
            return


def _answer(line: socket.socket, file: Dataset, asked: dict[str, Any]) -> None:
    file.set_auto_maskandscale(False)
    found = layout(file, asked["only"], asked["most"])
    if found.size > asked["size"]:
        raise ValueError("it says it holds more than it does")
    _say(line, LAYOUT, json.dumps(_plain(found)).encode())
    for told in found.variables:
        group = file if told.group == file.path else file[told.group]
        for piece in pieces(group.variables[told.name]):
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            _say(line, VALUES, np.ascontiguousarray(piece).tobytes())


def _plain(found: Layout) -> list[Any]:
    groups = {path: [_values(attrs), dims] for path, (attrs, dims) in found.groups.items()}
    return [groups, [[*told[:-1], _values(told.attrs)] for told in found.variables]]


def _values(attributes: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: Any) -> Any:
    """Text as it is, numbers with their type.  Raises ValueError for anything else."""
    if isinstance(value, str) or (isinstance(value, list) and all(map(_is_text, value))):
        return value
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "iuf":
        raise ValueError("an attribute holds neither text nor numbers")
    return {"dtype": numbers.dtype.str, "shape": numbers.shape, "of": numbers.ravel().tolist()}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if _linux() else 0
    limits: Sequence[tuple[str, int]] = [("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)]
    if pages:
        limits = [*limits, ("RLIMIT_AS", pages * os.sysconf("SC_PAGE_SIZE") + MEMORY)]
    for name, most in limits:
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, most))


def _open_files() -> int:
    return len(os.listdir("/dev/fd"))


def _linux() -> bool:
    return Path("/proc/self/statm").exists()


def _say(line: socket.socket, what: bytes, body: bytes = b"") -> None:
    line.sendall(HEAD.pack(what, len(body)) + body)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # it ends with whoever asks
        signal.signal(ignored, signal.SIG_IGN)
    with suppress(OSError, KeyboardInterrupt):
        serve(socket.socket(fileno=0))
    os._exit(0)
