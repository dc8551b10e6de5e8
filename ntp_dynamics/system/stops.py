"""Being asked to stop: by a key, the system, a terminal that goes, a cluster."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Signals that ask to stop."""

Handler = Callable[[int, FrameType | None], Any]


class Interrupt:
    """Whether someone asked to stop, and how."""

    requested = False
    said = "Ctrl-C"

    def request(self, number: int) -> None:
        """Note that a signal came."""
        self.requested, self.said = True, named(number)


def named(number: int) -> str:
    """A signal as a person knows it."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


@contextmanager
def graceful_interrupt() -> Iterator[Interrupt]:
    """The first signal to stop sets a flag that loops look at; the second interrupts at once.

    One that is ignored (of a job that was started with nohup) stays ignored.
    """
    interrupt = Interrupt()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt(interrupt.said)
        interrupt.request(number)

    with _handled(note):
        yield interrupt


@contextmanager
def interrupted_by_stops() -> Iterator[None]:
    """Any signal to stop raises KeyboardInterrupt, which says which it was."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(named(number))

    with _handled(stop):
        yield


@contextmanager
def undisturbed() -> Iterator[None]:
    """What must not be cut in two; a stop that is asked for meanwhile is answered at the end."""
    came: list[int] = []
    try:
        with _handled(lambda number, frame: came.append(number)):
            yield
    finally:
        for number in came:
            signal.raise_signal(number)


@contextmanager
def unwound() -> Iterator[None]:
    """Around a program of the user's: a signal to stop that would end the process where it stands
    raises KeyboardInterrupt, which says which it was.  What the program handles itself, or ignores,
    stays as it is."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(named(number))

    with _handled(stop, {signal.SIG_DFL}):
        yield


@contextmanager
def _handled(handler: Handler, only: Collection[Any] | None = None) -> Iterator[None]:
    """All signals to stop that are not ignored go to a handler; ``only`` those that now have one of
    these.  They reach the main thread only: elsewhere this does nothing."""
    previous: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in STOPS if hasattr(signal, name)]
        known = {number: signal.getsignal(number) for number in numbers}
        previous = {n: old for n, old in known.items() if old not in (signal.SIG_IGN, None)}
        if only is not None:
            previous = {n: old for n, old in previous.items() if old in only}
    try:
        for number in previous:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
