"""The one loop over steps: from stop to stop, whatever moves.

It knows a `Dynamics` and nothing of what that is about.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.study import Dynamics, Logged, NonFinite

CALL_SECONDS = 0.1
"""About how long a call takes: Ctrl-C and the bar wait for that."""
NO_STEPS = np.zeros(0, dtype=np.int64)


class Reached(NamedTuple):
    """How far a dynamics has come: what it logged on the way there, or, at a stop, its state."""

    step: int
    logged: Logged | None = None
    state: Any = None


def follow(
    dynamics: Dynamics,
    stops: Iterable[int],
    due: Int[np.ndarray, " n"] = NO_STEPS,
    begin: int = 0,
) -> Iterator[Reached]:
    """Take a dynamics that stands at ``begin`` to the last of its stops.

    A state is given at each stop (increasing; 0 may be one), what is measured at the due steps
    (increasing) as it comes.  Calls grow or shrink with the time the last one took; where they are
    cut changes no number.  Raises NonFinite at the first step that is known not to be finite, after
    what was measured before it.
    """
    step, size = begin, 1
    noted = int(np.searchsorted(due, begin, side="right")) if begin else 0

    def go(to: int) -> Iterator[Reached]:
        nonlocal step, noted
        last = noted
        if noted < len(due):
            last = int(np.searchsorted(due, to, side="right"))
        with _of_numbers(dynamics, to):
            logged = dynamics.advance(to, due[noted:last])
        step, noted = to, last
        return _finite_part(to, logged)

    if begin == 0:
        yield from go(0)
    for stop in stops:
        while step < stop:
            taken = min(size, stop - step)
            began = time.monotonic()
            passed = go(step + taken)
            seconds = max(time.monotonic() - began, 1e-6)
            size = max(1, min(2 * size, int(taken * CALL_SECONDS / seconds)))
            yield from passed
        with _of_numbers(dynamics, step):
            state = dynamics.state()
        yield Reached(step, state=state)


@contextmanager
def _of_numbers(dynamics: Dynamics, step: int) -> Iterator[None]:
    """What somebody cannot compute with because it is no number is told as that, and only so."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except (OverflowError, ValueError) as error:
        if isinstance(error, OverflowError) or not _all_finite(dynamics):
            raise NonFinite(step, "its state") from error
        raise


def _all_finite(dynamics: Dynamics) -> bool:
    """Whether all that a dynamics goes on from are numbers."""
    floats = (x for x in dynamics.save().values() if x.dtype.kind == "f")
    return all(np.isfinite(x).all() for x in floats)


def _finite_part(step: int, logged: Logged) -> Iterator[Reached]:
    """Raises NonFinite where a run is not finite, after the steps where all were."""
    if not len(logged.steps) or logged.finite.all():
        yield Reached(step, logged)
        return
    first = int(logged.finite.all(axis=0).argmin())
    if first:
        yield Reached(int(logged.steps[first - 1]), logged.until(first))
    raise NonFinite(int(logged.steps[first]), logged.part)


def every_state(dynamics: Dynamics, last: int) -> Iterator[Any]:
    """The states at steps 0 .. last."""
    for step in range(last + 1):
        dynamics.advance(step, NO_STEPS)
        yield dynamics.state()
