"""At which steps a loop is recorded, and at which of these whole maps are kept."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ntp_dynamics.observe.hooks import CHECKPOINTS_PER_DECADE
from ntp_dynamics.system.errors import UserError

Schedule = Callable[[int], bool]


def schedule_of(every: Any) -> Schedule:
    """Every so many steps, from 0 on; or as a function of the step says.  Raises UserError."""
    if callable(every):
        return lambda step: bool(every(step))
    try:
        n = operator.index(every)
    except TypeError:
        n = 0
    if n < 1 or isinstance(every, bool):
        raise UserError("every", f"{every!r} is no number of steps", "give one that is 1 or more")
    return lambda step: step % n == 0


def crosses(before: int, step: int) -> bool:
    """Whether a grid of six places a decade has one after ``before`` and up to ``step``."""
    if before < 1:
        return True
    return _place(step) > _place(before)


def _place(step: int) -> int:
    return math.floor(CHECKPOINTS_PER_DECADE * math.log10(step) + 1e-9)
