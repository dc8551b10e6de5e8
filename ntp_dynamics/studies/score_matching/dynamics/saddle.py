"""Stationary points (s, -s, 0, ..., 0) that are no minima, by Newton's method in s (Theorem
3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.score_matching.loss.line import line_loss
from ntp_dynamics.study import Logged, Saved, nothing_logged

FIRST = 2.5
"""Where Newton's method starts."""
APART = 1e-4
"""Of the central differences that make derivatives of exact gradients."""
FLAT = 1e-9
"""Curvatures below it, up to sign, are none."""


@dataclass(frozen=True)
class Saddles:
    """R times the same, for every number of students."""

    position: Float[np.ndarray, "R K"]
    loss: Float[np.ndarray, "R K"]
    gradient: Float[np.ndarray, "R K"]
    """The largest entry of the gradient, in modulus."""
    negative: Float[np.ndarray, "R K"]
    """How many eigenvalues of the Hessian are."""


class Saddle:
    """`study.Dynamics` of the iteration; nothing is drawn, so all runs are one."""

    measures: Sequence[str] = ()

    def __init__(self, students: Sequence[int], runs: int):
        self.students, self.runs, self.at = list(students), runs, 0
        self.s = np.full(len(self.students), FIRST)

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        for _ in range(to - self.at):
            self.s = np.array([_newton(s, n) for s, n in zip(self.s, self.students, strict=True)])
        self.at = to
        return nothing_logged(self.runs)

    def state(self) -> Saddles:
        """Where it stands."""
        rows = []
        for s, n in zip(self.s, self.students, strict=True):
            mu = symmetric(s, n)
            curvature = np.linalg.eigvalsh(hessian(mu))
            loss, gradient = told(mu)
            rows.append((s, loss, np.abs(gradient).max(), (curvature < -FLAT).sum()))
        columns = (
            np.tile(np.array(x, dtype=float), (self.runs, 1)) for x in zip(*rows, strict=True)
        )
        return Saddles(*columns)

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {"s": np.tile(self.s, (self.runs, 1)), "at": np.full(self.runs, self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.s, self.at = saved["s"][0].copy(), int(saved["at"][0])


def symmetric(s: float, n: int) -> Float[np.ndarray, " n"]:
    """(s, -s, 0, ..., 0)."""
    mu = np.zeros(n)
    mu[:2] = s, -s
    return mu


def told(mu: Float[np.ndarray, " n"]) -> tuple[float, Float[np.ndarray, " n"]]:
    """Loss and gradient of students of equal weight."""
    log_loss, size, g, _ = line_loss(mu, np.full(len(mu), -math.log(len(mu))))
    return math.exp(log_loss), math.exp(size) * g


def hessian(mu: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n n"]:
    """Second derivatives of the loss, by central differences of its gradient."""
    rows = [(told(mu + e)[1] - told(mu - e)[1]) / (2 * APART) for e in APART * np.eye(len(mu))]
    both = np.array(rows)
    return (both + both.T) / 2


def _newton(s: float, n: int) -> float:
    def slope(x: float) -> float:
        return float(told(symmetric(x, n))[1][0])

    curvature = (slope(s + APART) - slope(s - APART)) / (2 * APART)
    return s - slope(s) / curvature
