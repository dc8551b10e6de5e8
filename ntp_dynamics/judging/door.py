"""The Python door: ``ntp.judge_curve``."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.curves.gather import Asked, read_curve
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.statement import Statement, bound_column
from ntp_dynamics.system.errors import UserError

ARRAYS = "give t (T,), positive and increasing, and y (T,) or (S, T)"
Source = str | PathLike[str]


def judge_curve(
    t: Any,
    y: Any = None,
    law: str | None = None,
    *,
    t_column: str | None = None,
    column: str | Sequence[str] = (),
    by: str | None = None,
    clock: str | None = None,
    settle: bool = True,
    **claimed: Any,
) -> Judged:
    """Hold a law in the field's notation against curves.

        ntp.judge_curve(t, y, "t^-1 log t")
        ntp.judge_curve("log.csv", law="y <= 3 / t", column="loss")

    ``t`` (T,): positive, increasing, and ``y`` (S, T) or (T,): the quantity of S runs, not its
    log.  Or ``t``: a file, or a list of files, that are read as `ntp-judge` reads them, with
    ``t_column`` the column of the clock, ``column`` those of y (names or patterns), and ``by`` the
    one that tells runs apart.  ``clock``: what t counts.
    ``law`` and ``claimed``: the fields of `statement.Statement`.  ``settle``: whether the answer's
    ``settle`` is worked out when it is asked for.  Raises UserError.
    """
    if law is None:
        raise UserError("law", "no law is given", 'give one, as law="t^-1 log t"')
    statement = Statement(law, **claimed)
    columns = (column,) if isinstance(column, str) else tuple(column)
    bound = bound_column(law)
    paths = _paths(t)
    if paths is None:
        curve = curve_of(t, y, clock or "t")
    else:
        if y is not None:
            raise UserError("y", "a file holds y itself", "name its column with column=")
        asked = Asked(t_column, columns, by, clock, (bound,) if bound else ())
        curve, _ = read_curve(paths, asked)
    return hold(statement, curve, "law", settles=settle)


def _paths(given: Any) -> list[Path] | None:
    """The files that are meant; None where arrays are."""
    if isinstance(given, (str, PathLike)):
        return [Path(given)]
    if isinstance(given, (list, tuple)) and given and isinstance(given[0], (str, PathLike)):
        return [Path(path) for path in given]
    return None


def curve_of(t: Any, y: Any, clock: str) -> Curve:
    """The curve of arrays.  Raises UserError where they are none."""
    try:
        t, y = np.asarray(t, dtype=np.float64), np.atleast_2d(np.asarray(y, dtype=np.float64))
        curve = Curve(t, y, clock=clock)
    except (ValueError, TypeError) as error:
        raise UserError("y", f"these are no curves ({error})", ARRAYS) from error
    if t.size < 2 or not (np.isfinite(t).all() and t[0] > 0 and (np.diff(t) > 0).all()):
        raise UserError("t", "it is not positive and increasing", ARRAYS)
    return curve
