"""Measuring, where the observable may be anybody's.

One that raises, exits or returns what cannot be recorded is told in one line and costs itself, not
the job.  Those of the study are not guarded: their errors are errors of the study.
"""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import numpy as np

from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.secrets import redact

LONGEST = 120
"""Characters of somebody else's error that a line tells; the log has all of it."""


class Unmeasurable(UserError):
    """An observable that could not be measured, and why."""

    def __init__(self, observable: Observable, what: str, remedy: str):
        super().__init__(named(observable), what, remedy)
        self.observable = observable


def measure(
    observable: Observable, state: Any, reference: Any, sizes: MutableMapping[str, int]
) -> np.ndarray:
    """The values (R, ...) of somebody's observable in a state, as numbers.

    ``sizes`` of the known axes; the size of another is what it is the first time.  Raises
    Unmeasurable.
    """
    try:
        value: Any = observable(state, reference)
        array = as_array(value)
    except BaseException as error:  # SystemExit too: a job does not end with a measurement
        what = f"it raises {said(error)}"
        raise Unmeasurable(observable, what, "mend it, or leave it out") from error
    if array.dtype.kind not in "fiub":
        kind = array.dtype if array.dtype.kind == "c" else type(value).__name__
        what = f"it returns {kind}, not real numbers"
        raise Unmeasurable(observable, what, "return a tensor of float64")
    return _of_right_shape(observable, array, sizes)


def as_array(value: Any) -> np.ndarray:
    """What an observable returned, a tensor or anything like an array, as one of numpy's."""
    if hasattr(value, "is_floating_point"):  # a tensor; numpy does not know every kind of float
        value = (value.double() if value.is_floating_point() else value).numpy(force=True)
    return np.asarray(value)


def _of_right_shape(
    observable: Observable, value: np.ndarray, sizes: MutableMapping[str, int]
) -> np.ndarray:
    axes = ("run", *observable.dims)
    wanted = tuple(sizes.get(axis, n) for axis, n in zip(axes, value.shape, strict=False))
    if value.ndim != len(axes) or value.shape != wanted:
        expected = ", ".join(f"{axis} {sizes.get(axis, '?')}" for axis in axes)
        what = f"it returns the shape {value.shape}, not ({expected})"
        raise Unmeasurable(observable, what, f"its axes are {', '.join(axes)}")
    for axis, n in zip(axes, value.shape, strict=True):
        sizes.setdefault(axis, n)
    return value


def named(observable: Observable) -> str:
    """An observable for a person: its name, and the file it stands in."""
    code = getattr(inspect.unwrap(observable.measure), "__code__", None)
    return f"{observable.name} ({Path(code.co_filename).name})" if code else observable.name


def said(error: BaseException) -> str:
    """Somebody else's error in one short line, without secrets."""
    try:
        first = next(iter(str(error).splitlines()), "")
    except Exception:  # an error that cannot even be told
        first = ""
    kind = type(error).__name__
    text = redact(f"{kind}: {first}") if first else kind
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
