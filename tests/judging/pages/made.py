"""Judgements of every kind, on small curves that are drawn once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.statement import Statement

EVIL = '<script>alert(1)</script>&amp;"q"\'\u202e\x07_%#$^~\\{}|`[x](javascript:1)'
"""What a column may be called."""
T = np.unique(np.round(np.logspace(0, 5, 90)))
STEPS = np.arange(1.0, 300.0)


def powers(runs: int, power: float, noise: float = 0.02) -> np.ndarray:
    """Runs that fall like t^-power, (S, T)."""
    random = np.random.default_rng(7)
    return np.exp(random.normal(0, noise, (runs, T.size))) * T**-power


def judged(law: str, y: np.ndarray, t: np.ndarray = T, runs: Any = (), **said: Any) -> Judged:
    """The answer on a law; what would settle it is not asked."""
    curve = Curve(t, y, "loss", "step", tuple(runs), "log.csv", reading=("log.csv",))
    return hold(Statement(law, **said), curve, settles=False)


def some_fail(count: int = 20) -> Judged:
    """Two runs of many fall more slowly than claimed, seed_11 the most slowly."""
    y = powers(count, 1.0)
    y[3] *= T**0.3
    y[11] *= T**0.4
    return judged("O(t^-1)", y, runs=[f"seed_{i}" for i in range(count)])


def hostile() -> Judged:
    """Names and texts that try to be markup."""
    said = {"text": f"claim {EVIL}", "source": f"source {EVIL}"}
    return judged("O(t^-1)", powers(2, 1.0), runs=[EVIL, "b" * 300], **said)


def logged_bound() -> Judged:
    """A bound that was logged beside y."""
    y = powers(3, 1.0)
    curve = Curve(T, y, bounds={"limit": 2 * np.ones((3, 1)) / T})
    return hold(Statement("y <= column limit"), curve, settles=False)


@cache
def kinds() -> dict[str, Judged]:
    """One judgement for each form of law and each answer."""
    falling = np.exp(-0.05 * STEPS) * np.ones((2, 1))
    lost = powers(3, 1.0)
    lost[1, 20], lost[2, 30] = np.nan, np.inf
    growing = 0.3 * T * np.ones((2, 1))
    return {
        "kept": judged("O(t^-1 log t)", powers(1, 1.0) * np.log(T + 1), text="It falls."),
        "contradicted": some_fail(),
        "broken": judged("y <= 0.9 t^-1/2", powers(2, 0.5), start=10.0),
        "undecided": judged("O(t^-1)", powers(3, 1.0, noise=0.7)),
        "vacuous": judged("y <= 1e6 t^-1/2", powers(2, 0.5), ceiling=1.0),
        "some exponential": judged("O(exp(-c t))", falling, STEPS),
        "exponential": judged("y <= 2 exp(-0.02 t)", falling, STEPS, floor=1e-4),
        "growth": judged("0.2 t <= y <= 0.4 t", growing),
        "some growth": judged("a t <= y <= b t", growing),
        "lower": judged("Omega(log t)", 1.2 * np.log(T + 1)[None]),
        "limit": judged("y -> 3 / t", (3 / T * (1 + 5 / T))[None], start=200.0),
        "value": judged("y = 2 exp(-t)", 2 * np.exp(-STEPS)[None], STEPS),
        "monotone": judged("never rises", powers(2, 0.5, noise=0.0)),
        "rises": judged("never rises", powers(2, 0.5, noise=0.05)),
        "curve": judged("y <= 2/t + 0.01", powers(2, 1.0) + 0.002),
        "logged": logged_bound(),
        "not finite": judged("O(t^-1)", lost),
        "size": judged("O(t^-1)", powers(2, 1.0), about="ensemble"),
        "short": judged("O(t^-1)", powers(1, 1.0)[:, :4], T[:4]),
        "zero": judged("O(t^-1)", np.zeros((2, T.size))),
        "hostile": hostile(),
    }
