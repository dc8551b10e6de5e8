"""A whole course: how fast ln(y/f) grows along ln t from the first place to the last, and how far
noise may move that.

Least squares on all places, and on either half of the range.  What a parabola leaves is taken for
noise, or what second differences show if that is more: the first holds model error too.  Few places
tell little of the correlation of their noise, so that the largest likely one is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr

from ntp_dynamics.verdict.design import MOST_CORRELATED

LEAST_HALF = 3
"""Places in a half of the range; where one has fewer, halves have equally many."""
DEGREES = 5
"""Of Student's t that a slope over its error is held against (`p_grows`)."""
WIDER = 18.0
"""Over the number of places: by what share more the error counts."""
LIKELY = 2.0
"""Times 1/sqrt(n), by which the correlation of n values may exceed the one that is found."""


@dataclass(frozen=True, eq=False)
class Course:
    """The places of runs that show the same ones, as ``x`` = ln t."""

    x: Float[np.ndarray, " N"]

    @cached_property
    def weights(self) -> Float[np.ndarray, "3 N"]:
        """A slope is the sum of these times y: of all places, of the earlier half, of the later."""
        n, low, high = self.x.size, self.x[0], self.x[-1]
        late = self.x > (low + high) / 2
        if min(late.sum(), n - late.sum()) < LEAST_HALF:
            late = np.arange(n) >= n // 2
        inside = np.stack([np.ones(n, dtype=bool), ~late, late])
        centre = inside @ self.x / inside.sum(axis=1)
        away = np.where(inside, self.x - centre[:, None], 0.0)
        return away / (away * away).sum(axis=1, keepdims=True)

    def slopes(self, y: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "3 S"]:
        """Of y on ln t."""
        return self.weights @ y.T

    def errors(self, y: Float[np.ndarray, "S N"]) -> Float[np.ndarray, "3 S"]:
        """Standard errors of the slopes of runs, under noise that follows an autoregression."""
        n = self.x.size
        left = y - (y @ self.base.T) @ self.base
        size = (left * left).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = np.where(size > 0, (left[:, 1:] * left[:, :-1]).sum(axis=1) / size, 0.0)
        rho = np.clip(rho + (5 + 5 * rho) / n + LIKELY / math.sqrt(n), 0.0, MOST_CORRELATED)
        before, after = np.diff(self.x)[:-1], np.diff(self.x)[1:]
        w = after / (before + after)
        bend = y[:, 1:-1] - w * y[:, :-2] - (1 - w) * y[:, 2:]
        both = w**2 + (1 - w) ** 2
        r = rho[:, None]
        variance = (1 - 2 * r + both + 2 * w * (1 - w) * r**2).sum(axis=1)
        sd = np.sqrt(np.maximum(size / (n - 3), (bend * bend).sum(axis=1) / variance))
        powers = np.where(np.arange(n) == 0, 1.0, 2.0) * r ** np.arange(n)
        return sd * np.sqrt(np.maximum(self.overlaps @ powers.T, 0.0))

    @cached_property
    def base(self) -> Float[np.ndarray, "3 N"]:
        """1, x and a parabola, orthogonal to one another and of length 1."""
        x = self.x - self.x.mean()
        return np.linalg.qr(np.stack([np.ones_like(x), x, x * x], axis=1))[0].T

    @cached_property
    def overlaps(self) -> Float[np.ndarray, "3 N"]:
        """Of the weights with themselves, so many places later."""
        n = self.x.size
        return np.stack([np.correlate(w, w, "full")[n - 1 :] for w in self.weights])

    def p_grows(
        self, slope: Float[np.ndarray, " ..."], error: Float[np.ndarray, " ..."]
    ) -> Float[np.ndarray, " ..."]:
        """One-sided p-value of "it does not grow", from a slope over all places and its error.

        Few places show neither the size nor the correlation of their noise.  So the error counts
        1 + 18 / n times and Student's t has 5 degrees of freedom, found by simulation: of 20,000
        courses of 6, 8, 11, 20, 40 and 100 places, noise of correlation 0, .5 and .9, at most .2 %
        have p < .025.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(error > 0, slope / error, np.where(slope > 0, np.inf, -np.inf))
        return stdtr(DEGREES, -z / (1 + WIDER / self.x.size))
