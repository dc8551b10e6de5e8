"""When a side task may run: not too often, and for a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable

FIRST_GUESS = 0.05
"""Seconds the task is taken to need before it ran once."""


class Throttle:
    """At most once in ``seconds``, and for at most ``share`` of the time since the start.

    A task that takes long is run less often.
    """

    def __init__(
        self,
        seconds: float = 2.0,
        share: float = 0.02,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._seconds, self._share, self._clock = seconds, share, clock
        self._start = self._last = clock()
        self._spent, self._expected = 0.0, FIRST_GUESS

    @property
    def due(self) -> bool:
        """Whether the task may run now."""
        return self._clock() - self._last >= self._seconds and self.affordable

    @property
    def affordable(self) -> bool:
        """Whether the task would stay within its share, however long ago it ran."""
        allowed = self._share * (self._clock() - self._start)
        return self._spent + self._expected <= allowed

    def run(self, task: Callable[[], object]) -> None:
        """Run the task, and count what it took."""
        started = self._clock()
        task()
        self._last = self._clock()
        took = self._last - started
        self._expected = 1.5 * took  # the next may take longer
        self._spent += took
