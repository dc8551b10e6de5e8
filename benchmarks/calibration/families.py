"""Families of curves with a known law, and the noise that is put on them.

A replicate is an experiment of S runs: one curve (with its own random phase or onset), a normal
amplitude a run (sd 0.3 in log y) and noise of log y along the recorded steps, autoregressive of
order 1.  The claims are log t / t, constant unspecified, and "some exponential".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.signal import lfilter

from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict.law import Law

POWER_CLAIM, EXPONENTIAL_CLAIM = Law.power(1, 1), Law.exponential()
AMPLITUDE = 0.3
DECAY = 0.01
FLOAT32_FLOOR = math.log(1e-7)
LOG_10 = math.log(10)

Curve = Callable[[Float[np.ndarray, " T"], Float[np.ndarray, "R 1"]], Float[np.ndarray, "R T"]]


@dataclass(frozen=True)
class Family:
    """A curve ln y(t, u), u uniform on [0, 1) and new in every replicate, under a claim.

    ``holds``: whether the claim is true of it.  ``settled_from``: the horizon at which a transient
    of a true one is over: a hundred times the time by which it is shifted, ten times its plateau.
    ``visible_from``: the horizon from which a false claim may no longer pass; ln T >= 1.5 / deficit
    where an exponent falls short.
    ``share``: the part of the grid that is recorded.
    ``heavy``: seeds differ by Student factors, in amplitude and in noise.  ``log_floor``: the
    rounding floor that the judge is told.
    """

    name: str
    claim: Law
    holds: bool
    curve: Curve
    settled_from: float = 1.0
    visible_from: float = 1.0
    share: float = 1.0
    heavy: bool = False
    log_floor: float | None = None


def _deficit(missing: float) -> float:
    """The horizon at which an exponent that is ``missing`` too small shows."""
    return math.exp(1.5 / missing)


def _log(t: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(t, 1 + 1e-9))  # finite at t = 1, where log t / t is zero


def _claimed(t: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.log(_log(t) / t)


def _power(p: float, q: int) -> Curve:
    return lambda t, u: q * np.log(_log(t)) - p * np.log(t)


def _periodic(t: np.ndarray, u: np.ndarray) -> np.ndarray:
    return _claimed(t, u) + np.log1p(0.3 * np.sin(2 * np.log(t) + 2 * np.pi * u))


def _plateau(t: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Constant up to a step between 10 and 1,000, then log t / t."""
    return _claimed(np.maximum(t, 10 ** (1 + 2 * u)), u)


def _staircase(t: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Steps of a factor e^1/2 below a curve log t / t."""
    return (np.floor(2 * np.log(_log(t + 2) / t) + u) - u) / 2


def _stretched(power: float) -> Curve:
    return lambda t, u: -((DECAY * t) ** power)


def _true(name: str, curve: Curve, **options) -> Family:
    return Family(name, POWER_CLAIM, True, curve, **options)


def _false(name: str, curve: Curve, **options) -> Family:
    return Family(name, POWER_CLAIM, False, curve, **options)


def _exponential(name: str, holds: bool, curve: Curve, **options) -> Family:
    return Family(name, EXPONENTIAL_CLAIM, holds, curve, **options)


FAMILIES = [
    _true("log t / t", _claimed),
    _true("1 / t", _power(1, 0)),
    _true("1 / t^2", _power(2, 0)),
    _true("log t / t + 5 exp(-t/30)", lambda t, u: np.log(_log(t) / t + 5 * np.exp(-t / 30))),
    _true("log(t+100) / (t+100)", lambda t, u: _claimed(t + 100, u), settled_from=1e4),
    _true("log t / t (1 + .3 sin(2 log t + phase))", _periodic),
    _true("plateau, then log t / t", _plateau, settled_from=1e4),
    _true("staircase below log t / t", _staircase),
    _true("log t / t, irregular grid", _claimed, share=0.6),
    _true("log t / t, heavy-tailed seeds", _claimed, heavy=True),
    _false("log^2 t / t", _power(1, 2)),
    _false("log^3 t / t", _power(1, 3)),
    _false("t^-0.9", _power(0.9, 0), visible_from=_deficit(0.1)),
    _false("t^-0.75", _power(0.75, 0), visible_from=_deficit(0.25)),
    _false("t^-0.5", _power(0.5, 0), visible_from=_deficit(0.5)),
    _false("1 / log t", lambda t, u: -np.log(np.log(t + 1)), visible_from=_deficit(1.0)),
    _false("log t / t + 0.001", lambda t, u: np.log(_log(t) / t + 1e-3), visible_from=1e4),
    _false("t^-0.5, irregular grid", _power(0.5, 0), visible_from=_deficit(0.5), share=0.6),
    _false("t^-0.5, heavy-tailed seeds", _power(0.5, 0), visible_from=_deficit(0.5), heavy=True),
    _exponential("exp(-t/100)", True, lambda t, u: -DECAY * t),
    _exponential("plateau, then exp(-t/100)", True,
                 lambda t, u: -DECAY * np.maximum(t - 10 ** (1 + 1.5 * u), 0)),
    _exponential("exp(-t/100), float32 floor, told", True,
                 lambda t, u: np.logaddexp(-DECAY * t, FLOAT32_FLOOR), log_floor=FLOAT32_FLOOR),
    _exponential("exp(-(t/100)^0.9)", False, _stretched(0.9)),
    _exponential("exp(-(t/100)^0.95)", False, _stretched(0.95), visible_from=math.inf),
    _exponential("1 / t", False, lambda t, u: -np.log(t)),
]  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One place of the design: horizon, runs, noise sd, its correlation from step to step."""

    horizon: int
    runs: int
    noise: float
    correlation: float


def draw(
    family: Family, cell: Cell, replicates: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "R S T"]]:
    """The recorded steps and ln y of the replicates of a cell."""
    t = recorded_steps(cell.horizon)[1:].astype(float)
    if family.share < 1:
        t = t[(rng.random(t.size) < family.share) | (t == t[-1])]
    curve = family.curve(t, rng.random((replicates, 1)))
    curve = np.broadcast_to(curve, (replicates, t.size))
    amplitude, scale = rng.standard_normal((replicates, cell.runs, 1)), np.ones(1)
    if family.heavy:  # Student factors with 3 degrees of freedom, of a run's whole noise
        scale = np.sqrt(3 / rng.chisquare(3, (replicates, cell.runs, 1)))
    log_y = curve[:, None] + AMPLITUDE * scale * amplitude
    if cell.noise:
        log_y = log_y + cell.noise * scale * stationary(rng, log_y.shape, cell.correlation)
    return t, log_y


def stationary(
    rng: np.random.Generator, shape: tuple[int, ...], correlation: float
) -> Float[np.ndarray, "R S T"]:
    """Stationary of sd 1."""
    shocks = rng.standard_normal(shape)
    if not correlation:
        return shocks
    fresh = math.sqrt(1 - correlation**2)
    start = correlation * rng.standard_normal((*shape[:-1], 1))
    return lfilter([fresh], [1, -correlation], shocks, axis=-1, zi=start)[0]
