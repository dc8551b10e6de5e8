"""The windows in which rates are measured, and limits over runs.

Windows are counted back from the last step T that shows something: pairs of consecutive windows,
the later [T/ratio, T] and the earlier [T/ratio^2, T/ratio], ending at T, T/2 and T/4.  A decade
(ratio 10) suits powers of t, an octave (ratio 2) exponentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import stdtr, stdtrit

from ntp_dynamics.verdict.gate import MIN_DECADES, MIN_POINTS, Case, last

PAIRS = np.array([1.0, 2.0, 4.0])
WHOLE = 2 * len(PAIRS)  # windows that are no half of another
LEAST_POINTS = {10: 8, 2: 4}  # recorded steps that make a window
EDGE = 1e-9  # relative: a step on the edge of two windows belongs to both
MOST_CORRELATED = 0.95  # thirty residuals cannot tell more from a slope


@dataclass(frozen=True)
class Slopes:
    """Numbers by pair of windows P, window W (0 later, 1 earlier) and run S; ``halves``: the same
    in the earlier and the later half, in log-time, of each window; ``error``: how far the number of
    a whole window may be off, one standard error (see ``slope_errors``)."""

    pairs: Float[np.ndarray, "P W S"]
    halves: Float[np.ndarray, "P W 2 S"]
    error: Float[np.ndarray, "P W S"]

    @property
    def last(self) -> Float[np.ndarray, "3 S"]:
        """The last window, then its halves."""
        return np.concatenate([self.pairs[:1, 0], self.halves[0, 0]])

    def affine(self, shift: Any, factor: Any) -> Slopes:
        """``shift + factor * number``, both one number or one a run."""
        return Slopes(
            shift + factor * self.pairs, shift + factor * self.halves, np.abs(factor) * self.error
        )

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> Slopes:
        """``change`` acts on the run axis, the last one."""
        return Slopes(change(self.pairs), change(self.halves), change(self.error))


@dataclass(frozen=True)
class Windows:
    """Windows of S runs on one grid; ``end`` is each run's last visible step.

    Runs that show the same steps have the same windows, so one row (S = 1 below) serves them all.
    """

    t: Float[np.ndarray, " T"]
    used: Bool[np.ndarray, "S T"]
    end: Float[np.ndarray, " S"]
    ratio: int

    @cached_property
    def upper_edge(self) -> Float[np.ndarray, "P W S"]:
        """Last step of pair P, window W (0 later, 1 earlier), run S."""
        ends = self.end / PAIRS[:, None]
        return np.stack([ends, ends / self.ratio], axis=1)

    @cached_property
    def middle(self) -> Float[np.ndarray, "P W S"]:
        """Geometric middle of each window."""
        return self.upper_edge / np.sqrt(self.ratio)

    @cached_property
    def inside(self) -> Bool[np.ndarray, "N S T"]:
        """The steps of the windows of all pairs, then those of their earlier and later halves."""
        return self._design[0]

    @cached_property
    def _log_weights(self) -> Float[np.ndarray, "N S T"]:
        return self._design[1]

    @cached_property
    def _design(self) -> tuple[np.ndarray, np.ndarray]:
        if (self.used == self.used[0]).all() and (self.end == self.end[0]).all():
            rows = self.used[:1].tobytes(), self.end[:1].tobytes()
            return _shared_design(self.t.tobytes(), *rows, self.ratio)
        return _design(self.t, self.used, self.end, self.ratio)

    @cached_property
    def points(self) -> Int[np.ndarray, "P W S"]:
        counts = self.inside[:WHOLE].sum(axis=-1)
        return np.broadcast_to(counts.reshape(len(PAIRS), 2, -1), self.middle.shape)

    def slopes(
        self, x: Float[np.ndarray, " T"], y: Float[np.ndarray, "S T"], noise: Any = 0.0
    ) -> Slopes:
        """Least-squares slopes of y on x; nan where a window is empty.  y is finite everywhere;
        ``noise`` (S, T) bounds the rounding of each value."""
        return self._apply(_weights(x, self.inside), y, noise)

    def log_slopes(self, y: Float[np.ndarray, "S T"], noise: Any = 0.0) -> Slopes:
        """Slopes of y on log t."""
        return self._apply(self._log_weights, y, noise)

    def last_log_slopes(self, y: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "3 S"]:
        """Slopes of y on log t in the last window and its halves, without their errors."""
        return _sums(self._log_weights[[0, WHOLE, WHOLE + 1]], y)

    def _apply(
        self,
        weights: Float[np.ndarray, "N S T"],
        y: Float[np.ndarray, "S T"],
        noise: Any,
    ) -> Slopes:
        found = _sums(weights, y)
        whole = found[:WHOLE]
        error = slope_errors(weights[:WHOLE], self.inside[:WHOLE], y)
        if np.ndim(noise):
            error = error + _sums(np.abs(weights[:WHOLE]), np.asarray(noise))
        pairs = (len(PAIRS), 2, -1)
        halves = found[WHOLE:].reshape(len(PAIRS), 2, 2, -1)
        return Slopes(whole.reshape(pairs), halves, error.reshape(pairs))


@dataclass(frozen=True)
class Reach:
    """Which runs show a rate: ``seen`` enough of them; ``fallen`` below the floor before that;
    ``lost`` from sight inside the windows of a law that forbids it; ``thin`` = too few steps."""

    seen: Bool[np.ndarray, " S"]
    fallen: Bool[np.ndarray, " S"]
    lost: Bool[np.ndarray, " S"]
    thin: Bool[np.ndarray, " S"]
    decades: Float[np.ndarray, " S"]


def survey(case: Case, ratio: int, *, upper: bool) -> tuple[Windows, Reach]:
    """Place the windows.  Under an upper law they end where y falls below the floor for good."""
    horizon = last(case.t, case.counted)
    end = last(case.t, case.visible) if upper else horizon
    windows = Windows(case.t, case.visible, end, ratio)
    decades = np.log10(end / np.maximum(case.t_min, case.t[0]))
    enough = (windows.points[0] >= LEAST_POINTS[ratio]).all(axis=0)
    enough &= (decades >= MIN_DECADES) & (case.visible.sum(axis=1) >= MIN_POINTS)
    recent = case.t >= (end / ratio**2)[:, None]
    lost = case.deep & (case.counted & ~case.visible & recent).any(axis=1) & (not upper)
    seen = case.deep & enough & ~lost
    fallen = case.deep & ~enough & ~lost & (end < horizon)
    return windows, Reach(seen, fallen, lost, case.deep & ~(seen | fallen | lost), decades)


def limits(
    sample: Float[np.ndarray, "... S"], level: float
) -> tuple[Float[np.ndarray, " ..."], Float[np.ndarray, " ..."]]:
    """One-sided t-limits of the mean over runs, each at ``level``; S >= 2."""
    mean, error = _mean_and_error(sample)
    reach = stdtrit(sample.shape[-1] - 1, level) * error
    return mean - reach, mean + reach


def p_above(samples: Float[np.ndarray, "... S"], bound: float) -> Float[np.ndarray, " ..."]:
    """One-sided t-test p-values of "the mean is at most ``bound``"; exact for equal samples."""
    mean, error = _mean_and_error(samples)
    excess = mean - bound
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(error > 0, excess / error, np.where(excess > 0, np.inf, -np.inf))
    return stdtr(samples.shape[-1] - 1, -score)


def _mean_and_error(sample: Float[np.ndarray, "... S"]) -> tuple[np.ndarray, np.ndarray]:
    runs = sample.shape[-1]
    mean = sample.sum(axis=-1) / runs
    away = sample - mean[..., None]
    return mean, np.sqrt((away * away).sum(axis=-1) / ((runs - 1) * runs))


@lru_cache(maxsize=256)
def _shared_design(
    t: bytes, used: bytes, end: bytes, ratio: int
) -> tuple[Bool[np.ndarray, "N 1 T"], Float[np.ndarray, "N 1 T"]]:
    """The design of runs that show the same steps, kept: jobs of a sweep share it."""
    grid = np.frombuffer(t)
    return _design(grid, np.frombuffer(used, dtype=bool)[None], np.frombuffer(end), ratio)


def _design(
    t: Float[np.ndarray, " T"],
    used: Bool[np.ndarray, "S T"],
    end: Float[np.ndarray, " S"],
    ratio: int,
) -> tuple[Bool[np.ndarray, "N S T"], Float[np.ndarray, "N S T"]]:
    """Which steps lie in each window, and the weights of a slope on log t there."""
    edges = end / PAIRS[:, None]
    high = np.stack([edges, edges / ratio], axis=1).reshape(WHOLE, -1)
    low, middle = high / ratio, high / np.sqrt(ratio)
    halves_low = np.stack([low, middle], axis=1).reshape(2 * WHOLE, -1)
    halves_high = np.stack([middle, high], axis=1).reshape(2 * WHOLE, -1)
    low = np.concatenate([low, halves_low])[..., None] * (1 - EDGE)
    high = np.concatenate([high, halves_high])[..., None] * (1 + EDGE)
    inside = used & (t >= low) & (t <= high)
    return inside, _weights(np.log(t), inside)


def _weights(x: Float[np.ndarray, " T"], inside: Bool[np.ndarray, "N S T"]) -> np.ndarray:
    """The slope of y on x in a window is the sum of these times y."""
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (inside @ x) / inside.sum(axis=-1)
        away = np.where(inside, x - centre[..., None], 0.0)
        return away / (away * away).sum(axis=-1, keepdims=True)


def _sums(weights: Float[np.ndarray, "N S T"], y: Float[np.ndarray, "S T"]) -> np.ndarray:
    """(N, S); one row of weights serves all runs."""
    if weights.shape[1] == 1:
        return weights[:, 0] @ y.T
    return np.einsum("nst,st->ns", weights, y)


def slope_errors(
    weights: Float[np.ndarray, "N S T"],
    inside: Bool[np.ndarray, "N S T"],
    y: Float[np.ndarray, "S T"],
) -> Float[np.ndarray, "N S"]:
    """Standard errors of the slopes ``weights @ y`` under noise that follows an autoregression.

    What a parabola leaves of y is taken for noise: e of n points, sigma^2 = sum e^2 / (n - 3), and
    rho their correlation from point to point; var = sigma^2 / sum (x - mean)^2 * (1 + rho) /
    (1 - rho).  The parabola takes some of rho away: (3 + 5 rho) / n is given back, as (1 + 3 rho) /
    n is for a mean (Kendall 1954).  Smooth curvature is no noise; the halves of a window show it.
    """
    return np.stack([_slope_error(w, mask, y) for w, mask in zip(weights, inside, strict=True)])


def _slope_error(
    w: Float[np.ndarray, "S T"], mask: Bool[np.ndarray, "S T"], y: Float[np.ndarray, "S T"]
) -> Float[np.ndarray, " S"]:
    here = np.flatnonzero(mask.any(axis=0))
    span = slice(here[0], here[-1] + 1) if here.size else slice(0)
    w, mask, y = w[:, span], mask[:, span], y[:, span]
    n = mask.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        square = (w * w).sum(axis=-1, keepdims=True)  # 1 / sum (x - mean)^2
        away = w / square
        bend = away * away - 1 / (square * n) - away * square * (away**3).sum(-1, keepdims=True)
        bend = np.where(mask, bend, 0.0)
        bend /= np.sqrt((bend * bend).sum(axis=-1, keepdims=True))
        e = np.where(mask, y - np.where(mask, y, 0.0).sum(axis=-1, keepdims=True) / n, 0.0)
        e = e - away * (w * e).sum(axis=-1, keepdims=True)
        e = e - bend * (bend * e).sum(axis=-1, keepdims=True)
        size, n = (e * e).sum(axis=-1), n[:, 0]
        rho = (e[:, 1:] * e[:, :-1]).sum(axis=-1) / size
        rho = np.clip(rho + (3 + 5 * rho) / n, 0.0, MOST_CORRELATED)
        error = np.sqrt(size / (n - 3) * square[:, 0] * (1 + rho) / (1 - rho))
    return np.where(size > 0, np.where(n > 3, error, np.inf), 0.0)
