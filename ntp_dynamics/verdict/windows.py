"""What the windows of S runs show: slopes, and which runs reach far enough to show any."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.verdict.design import PAIRS, WHOLE, Design, Fit, design
from ntp_dynamics.verdict.gate import MIN_DECADES, MIN_POINTS, Case, last

LEAST_POINTS = {10: 8, 2: 4}  # recorded steps that make a window
NOISE = 0.9
MAD_TO_SD = 1.4826
THIRD = 20 - 30 * NOISE + 12 * NOISE**2 - 2 * NOISE**3  # variance of a third difference of it


@dataclass(frozen=True)
class Slopes:
    """Numbers by pair of windows P, window W (0 later, 1 earlier) and run S; ``halves``: the same
    in the earlier and the later half, in log-time, of each window; ``error``: how far the number of
    a whole window may be off, one standard error (`Residuals.errors`)."""

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
    def design(self) -> Design:
        """Where they lie."""
        return design(self.t, self.used, self.end, self.ratio)

    @property
    def points(self) -> Int[np.ndarray, "P W S"]:
        """Steps in each window."""
        return self.design.points

    @cached_property
    def full(self) -> Bool[np.ndarray, " S"]:
        """Whether all windows of a run hold steps enough."""
        return np.all(self.points >= LEAST_POINTS[self.ratio], axis=(0, 1))

    def slopes(self, y: Float[np.ndarray, "S T"], noise: Any = 0.0) -> Slopes:
        """Least-squares slopes of y on t; nan where a window is empty.  y is finite everywhere;
        ``noise`` (S, T) bounds the rounding of each value."""
        return _slopes(self.design.on_t, y, noise)

    def log_slopes(self, y: Float[np.ndarray, "S T"], noise: Any = 0.0) -> Slopes:
        """Slopes of y on log t."""
        return _slopes(self.design.on_log, y, noise)

    def jitter(self, y: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "P S"]:
        """Standard errors of slopes on log t in the later windows, if what third differences show
        of y is noise as correlated as `NOISE` from step to step: of smooth y next to nothing."""
        size = np.abs(np.diff(y, 3, axis=1))
        typical = np.median(size, axis=1) if size.size else np.full(len(y), np.inf)
        sd = MAD_TO_SD * typical / math.sqrt(THIRD)
        square = (self.design.on_log.weights[:WHOLE:2] ** 2).sum(axis=-1)
        return sd * np.sqrt(square * (1 + NOISE) / (1 - NOISE))

    def last_log_slopes(self, y: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "3 S"]:
        """Slopes of y on log t in the last window and its halves, without their errors."""
        return _sums(self.design.on_log.last, y)


def _slopes(fit: Fit, y: Float[np.ndarray, "S T"], noise: Any) -> Slopes:
    found, error = _sums(fit.weights, y), fit.errors(y)
    if np.ndim(noise):
        error = error + _sums(fit.sizes, noise)
    pairs = (len(PAIRS), 2, -1)
    halves = found[WHOLE:].reshape(len(PAIRS), 2, 2, -1)
    return Slopes(found[:WHOLE].reshape(pairs), halves, error.reshape(pairs))


def _sums(weights: Float[np.ndarray, "N S T"], y: Float[np.ndarray, "S T"]) -> np.ndarray:
    """(N, S); one row of weights serves all runs."""
    if weights.shape[1] == 1:
        return weights[:, 0] @ y.T
    return np.einsum("nst,st->ns", weights, y)


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
    enough = enough & (decades >= MIN_DECADES) & (case.visible.sum(axis=1) >= MIN_POINTS)
    recent = case.t >= (end / ratio**2)[:, None]
    lost = case.deep & (case.counted & ~case.visible & recent).any(axis=1) & (not upper)
    seen = case.deep & enough & ~lost
    fallen = case.deep & ~enough & ~lost & (end < horizon)
    return windows, Reach(seen, fallen, lost, case.deep & ~(seen | fallen | lost), decades)
