"""The shortest matrix that separates relations by 1, for any token vectors.

    min 1/2 ||W||^2   s.t.   <F_i, W> >= 1,     F_i = L (e_a - e_b) (R e_q)^T,

for relations i = (a above b under q) and token vectors L, R (columns).  The optimum is
W = sum lambda_i F_i with lambda >= 0, so any lambda >= 0 with a smallest margin m > 0 gives both

    1/2 ||W||^2 / m^2                    (feasible: an upper bound)    and
    1/2 (sum lambda)^2 / ||W||^2         (the dual at its best scale: a lower bound).

The constraints contradict each other if and only if some lambda >= 0, not 0, makes W vanish.
Derived for this project.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Relations:
    """The constraints: a above b under q, as indices into the columns of L, L and R."""

    above: Int[np.ndarray, " M"]
    below: Int[np.ndarray, " M"]
    query: Int[np.ndarray, " M"]
    left: Float[np.ndarray, "A V"]
    right: Float[np.ndarray, "C Q"]

    def coefficients(self, multipliers: Float[np.ndarray, " M"]) -> Float[np.ndarray, "V Q"]:
        """B = sum lambda (e_a - e_b) e_q^T."""
        v, q = self.left.shape[1], self.right.shape[1]
        up = np.bincount(self.above * q + self.query, multipliers, v * q)
        down = np.bincount(self.below * q + self.query, multipliers, v * q)
        return (up - down).reshape(v, q)

    def matrix(self, multipliers: Float[np.ndarray, " M"]) -> Float[np.ndarray, "A C"]:
        """W = L B R^T."""
        return self.left @ self.coefficients(multipliers) @ self.right.T

    def margins(self, matrix: Float[np.ndarray, "A C"]) -> Float[np.ndarray, " M"]:
        """S_aq - S_bq of the scores S = L^T W R."""
        scores = self.left.T @ matrix @ self.right
        return scores[self.above, self.query] - scores[self.below, self.query]

    def rows(self) -> Float[np.ndarray, "M AC"]:
        """The F_i, flattened."""
        difference = self.left[:, self.above] - self.left[:, self.below]
        outer = difference.T[:, :, None] * self.right.T[self.query][:, None, :]
        return outer.reshape(len(self.above), -1)

    def kernel(self, chosen: Bool[np.ndarray, " M"]) -> Float[np.ndarray, "K K"]:
        """<F_i, F_j> of the chosen relations."""
        difference = self.left[:, self.above[chosen]] - self.left[:, self.below[chosen]]
        asked = self.right[:, self.query[chosen]]
        return (difference.T @ difference) * (asked.T @ asked)

    @cached_property
    def longest(self) -> float:
        """The largest ||F_i||."""
        difference = self.left[:, self.above] - self.left[:, self.below]
        asked = self.right[:, self.query]
        return math.sqrt(((difference**2).sum(0) * (asked**2).sum(0)).max())


@dataclass(frozen=True)
class Solution:
    """A feasible point: ``multipliers`` scaled so that the smallest margin is 1."""

    multipliers: Float[np.ndarray, " M"]
    norm_squared: float
    gap: float
    """Duality gap relative to 1/2 ||W||^2, with an allowance for rounding; inf: not feasible."""


def solution_of(relations: Relations, multipliers: Float[np.ndarray, " M"]) -> Solution:
    """Both bounds of ``multipliers`` >= 0; 1 - gap = (m sum lambda / ||W||^2)^2.

    Rounding: W as stored has margins good to about eps ||W|| max ||F_i||, and misses the W of
    the multipliers by eps sum lambda max ||F_i||.
    """
    matrix = relations.matrix(multipliers)
    total, square = float(multipliers.sum()), float((matrix**2).sum())
    margin = float(relations.margins(matrix).min())
    rounding = 8 * EPS * relations.longest
    safe = margin - rounding * math.sqrt(square)
    if not safe > 0:
        return Solution(multipliers, np.inf, np.inf)
    gap = 1 - (safe * total / (math.sqrt(square) + rounding * total) ** 2) ** 2
    return Solution(multipliers / margin, square / margin**2, max(gap, 0.0))
