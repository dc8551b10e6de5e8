"""Rows of one run put in the order of its clock: restarts, repetitions, a first step 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntp_dynamics.system.errors import UserError

STRETCH = 3
"""Fewer rows than this between two steps back are no restart, but rows out of order."""


@dataclass(frozen=True, eq=False)
class Series:
    """Places (T,), increasing and positive, and values (K, T) of K columns."""

    t: Float[np.ndarray, " T"]
    values: Float[np.ndarray, "K T"]
    notes: tuple[str, ...] = ()


def ordered(
    t: Float[np.ndarray, " T"], values: Float[np.ndarray, "K T"], clock: str, where: str
) -> Series:
    """The rows in order.  Where steps go back, a run was restarted and what it logged anew counts.

    Raises UserError for places that are no numbers or negative, and for rows of several runs.
    """
    notes: list[str] = []
    if not np.isfinite(t).all():
        row = int(np.flatnonzero(~np.isfinite(t))[0]) + 1
        raise UserError(where, f"row {row} of {clock} is not finite", "leave such rows out")
    if t.size and t.min() < 0:
        what = f"{clock} {t.min():g} is negative"
        raise UserError(where, what, "count from the start, or choose another --t")
    back = np.flatnonzero(np.diff(t) <= 0) + 1
    if back.size:
        keep, note = _forward(t, back, clock, where)
        t, values, notes = t[keep], values[:, keep], [note]
    if t.size and t[0] == 0:
        t, values = t[1:], values[:, 1:]
        notes.append(f"{clock} 0 is left out: laws speak of positive {clock}")
    return Series(t, values, tuple(notes))


def _forward(
    t: Float[np.ndarray, " T"], back: np.ndarray, clock: str, where: str
) -> tuple[np.ndarray, str]:
    """Which rows to take in which order, where ``back`` are the rows that do not go on."""
    if back.size == t.size - 1 and np.unique(t).size == t.size:
        return np.arange(t.size)[::-1], "rows were written backwards"
    stretches = np.diff(np.concatenate([[0], back, [t.size]]))
    distinct = np.unique(t).size
    if distinct == t.size and stretches.min() < STRETCH:
        return np.argsort(t, kind="stable"), f"rows were not in the order of {clock} and are sorted"
    over = int((t[back] <= t[0]).sum())
    if over or t.size - distinct > distinct / 2:
        how = f"{clock} {t[0]:g} comes {over + 1} times" if over else f"a {clock} has many rows"
        raise UserError(
            where,
            f"{how}: these are several runs, or one that was started over",
            "say which column tells runs apart with --by, or give a file a run",
        )
    later = np.minimum.accumulate(t[::-1])[::-1]  # the smallest place from here to the end
    keep = np.flatnonzero(np.append(t[:-1] < later[1:], True))
    first = t[back].min()
    dropped = t.size - keep.size
    return keep, (
        f"{clock} goes back {_times(back.size)}, first to {first:g}: what was logged later counts, "
        f"{dropped} rows do not"
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
