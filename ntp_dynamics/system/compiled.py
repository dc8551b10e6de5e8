"""Machine code of kernels, kept between processes, and a line for who waits for it.

Numba keeps it beside the file of a function, else in the user's cache folder, or in
NUMBA_CACHE_DIR; where none of them can be written each process compiles anew.  Its cache watches
that file alone, not those of functions that become part of this one: a name with a digest does.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Timer
from typing import Any

from numba import njit
from numba.core.event import Event, Listener, register
from numba.extending import is_jitted

PATIENCE = 1.0
"""Seconds of compiling before it is said."""


def compiled(**settings: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: machine code with numba's ``settings``, compiled once for all processes until
    a file of its folder changes, or a compiled function of another folder that its module uses.

    Numba compiles a function anew for every type of its arguments, and a number of Python's, an
    array that is read-only and one whose rows lie apart are types of their own: hand over numbers
    of numpy (`np.int64(0)`) and arrays like the others.
    """

    def kept(function: Callable[..., Any]) -> Any:
        function.__qualname__ += f"_{digest_of(function)}"
        try:
            return njit(cache=True, **settings)(function)
        except RuntimeError:  # no place for a cache
            return njit(**settings)(function)

    return kept


def digest_of(function: Callable[..., Any]) -> str:
    """Of the files of its folder, and of the names of what is compiled that its module uses: one
    of another folder has a digest in its own."""
    used = sorted(x.__qualname__ for x in function.__globals__.values() if is_jitted(x))
    texts = _texts(Path(function.__code__.co_filename).parent)
    return hashlib.sha256(texts + " ".join(used).encode()).hexdigest()[:8]


@cache
def _texts(folder: Path) -> bytes:
    """A digest of its files."""
    texts = (path.read_bytes() for path in sorted(folder.glob("*.py")))
    return hashlib.sha256(b"".join(texts)).digest()


class Waiting(Listener):
    """Says once, where a person watches, that kernels are being compiled, if it takes a while."""

    def __init__(self) -> None:
        self._depth = 0
        self._timer: Timer | None = None
        self._said = False

    def on_start(self, event: Event) -> None:
        self._depth += 1
        if self._depth == 1 and not self._said and sys.stderr.isatty():
            self._timer = Timer(PATIENCE, self._say)
            self._timer.daemon = True
            self._timer.start()

    def on_end(self, event: Event) -> None:
        self._depth -= 1
        if self._depth == 0 and self._timer is not None:
            self._timer.cancel()

    def _say(self) -> None:
        self._said = True
        print("compiling kernels, which are kept for later runs", file=sys.stderr)


register("numba:compile", Waiting())
