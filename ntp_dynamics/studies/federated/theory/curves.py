"""Exact curves of moments: any schedule, any horizon, lags (derived).

A round's map is a polynomial of degree 2H in the step size, and the identity at 0.  So it is built
at 2H Chebyshev nodes; a round of any step size is then a weighted sum of 2H products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.federated.theory.moments import (
    LocalStep,
    Quadratics,
    Triangle,
    initial,
    pieces,
    round_map,
)

CHUNK = 256
"""Rounds whose step sizes are expanded together."""


@dataclass(frozen=True)
class Rounds:
    """A federation of quadratics: H local steps of M of the clients."""

    step: LocalStep
    local_steps: int
    participants: int

    def at(self, eta: float) -> np.ndarray:
        """A round's map at a step size."""
        return round_map(self.step, eta, self.local_steps, self.participants)

    def radius(self, eta: float) -> float:
        """Of the mean square: w stays bounded in it if and only if this is below 1."""
        size = self.step.left.shape[-1]
        rows, columns = np.triu_indices(size)
        kept = (rows < size - 1) & (columns < size - 1)
        whole = self.at(eta)[np.ix_(kept, kept)]
        return float(np.abs(np.linalg.eigvals(whole)).max())

    @property
    def triangle(self) -> Triangle:
        """How moments of one copy are kept."""
        return self.step.triangle

    def stationary(self, eta: float) -> Float[np.ndarray, "D D"]:
        """S at t -> infinity at a constant step size: one linear solve."""
        whole = self.at(eta)
        free, last = whole[:-1, :-1] - np.eye(len(whole) - 1), whole[:-1, -1]
        found = np.append(np.linalg.solve(free, -last), 1.0)
        size = self.step.left.shape[-1]
        return (self.triangle.give @ found).reshape(size, size)


def excess(s: Float[np.ndarray, "... D D"], hessian: np.ndarray) -> Float[np.ndarray, ...]:
    """E[F_S - F*] of moments relative to the minimiser: tr(A S)/2."""
    return np.einsum("...ij,ij->...", s[..., :-1, :-1], hessian) / 2


@dataclass(frozen=True)
class Schedule:
    """Moments of rounds whose step sizes lie in [0, ``largest``]."""

    rounds: Rounds
    largest: float

    @cached_property
    def nodes(self) -> Float[np.ndarray, " q"]:
        """Of Chebyshev, of the first kind."""
        count = 2 * self.rounds.local_steps
        angles = (2 * np.arange(count) + 1) / (2 * count) * np.pi
        return self.largest * (1 + np.cos(angles)) / 2

    @cached_property
    def slopes(self) -> Float[np.ndarray, "q p p"]:
        """(map - I)/eta at every node, a polynomial of degree 2H - 1."""
        maps = [self.rounds.at(eta) for eta in self.nodes]
        eye = np.eye(maps[0].shape[0])
        return np.stack([(m - eye) / eta for m, eta in zip(maps, self.nodes, strict=True)])

    def weights(self, eta: Float[np.ndarray, " T"]) -> Float[np.ndarray, "T q"]:
        """eta times the Lagrange polynomials at eta, by the barycentric formula."""
        count = len(self.nodes)
        angles = (2 * np.arange(count) + 1) / (2 * count) * np.pi
        sides = (-1.0) ** np.arange(count) * np.sin(angles)
        away = eta[:, None] - self.nodes
        met = away == 0
        terms = sides / np.where(met, 1.0, away)
        terms = np.where(met.any(axis=1, keepdims=True), met, terms)
        return eta[:, None] * terms / terms.sum(axis=1, keepdims=True)


def path(
    rounds: Rounds,
    eta: Float[np.ndarray, " T"],
    w0: Float[np.ndarray, " d"],
    due: Int[np.ndarray, " n"],
) -> Float[np.ndarray, "n D D"]:
    """S after the due rounds (increasing, the last at most T), from w0 relative to the origin."""
    triangle, size = rounds.triangle, len(w0) + 1
    state = triangle.take @ initial(w0).ravel()
    found = np.empty((len(due), len(state)))
    walk = _constant if np.ptp(eta) == 0 else _varying
    for i, s in enumerate(walk(rounds, eta, state, due)):
        found[i] = s
    return (found @ triangle.give.T).reshape(len(due), size, size)


def _constant(rounds: Rounds, eta: np.ndarray, s: np.ndarray, due: np.ndarray) -> Iterator[Any]:
    """By binary powers of one map."""
    powers, at = [rounds.at(float(eta[0]))], 0
    for stop in due.tolist():
        gap, place = stop - at, 0
        while gap:
            if place == len(powers):
                powers.append(powers[-1] @ powers[-1])
            if gap & 1:
                s = powers[place] @ s
            gap, place = gap >> 1, place + 1
        at = stop
        yield s


def _varying(rounds: Rounds, eta: np.ndarray, s: np.ndarray, due: np.ndarray) -> Iterator[Any]:
    """By interpolation in eta."""
    schedule, at = Schedule(rounds, float(eta.max())), 0
    flat = schedule.slopes.reshape(-1, len(s))
    for stop in due.tolist():
        for begin in range(at, stop, CHUNK):
            for weights in schedule.weights(eta[begin : min(begin + CHUNK, stop)]):
                s = s + weights @ (flat @ s).reshape(len(weights), -1)
        at = stop
        yield s


def lagged(
    rounds: Rounds,
    eta: Float[np.ndarray, " T"],
    w0: Float[np.ndarray, " d"],
    due: Int[np.ndarray, " n"],
    staleness: int,
    *,
    fixed: bool,
) -> Float[np.ndarray, "n D D"]:
    """The same where each client starts from w_{t - lag}, lag uniform on 0 .. min(staleness, t), or
    (``fixed``) equal to that.  Carries E w~_{t-l} w~_{t-m}^T of all lags."""
    length, size = staleness + 1, len(w0) + 1
    history = np.zeros((length, length, size, size))
    history[0, 0] = initial(w0)
    share, triangle = 1 / rounds.participants, rounds.triangle
    found, at, made, given = np.empty((len(due), size, size)), 0, None, None
    for i, stop in enumerate(due.tolist()):
        for t in range(at, stop):
            if eta[t] != given:
                made, given = pieces(rounds.step, float(eta[t]), rounds.local_steps), eta[t]
            assert made is not None
            chance = np.zeros(length)
            reach = min(staleness, t)
            chance[reach if fixed else slice(0, reach + 1)] = 1.0 if fixed else 1 / (reach + 1)
            starts = np.tensordot(chance, history, axes=1)  # E start w~_{t-m}^T
            own = np.einsum("l,llij->ij", chance, history)
            both = np.tensordot(chance, starts, axes=1)
            moved = share * made.own @ (triangle.take @ own.ravel())
            moved = moved + (1 - share) * made.pair @ (triangle.take @ both.ravel())
            towards = history[0] + made.drift @ starts  # E w~_{t+1} w~_{t-m}^T
            cross = made.drift @ starts[0]
            now = history[0, 0] + cross + cross.T + (triangle.give @ moved).reshape(size, size)
            history[1:, 1:] = history[:-1, :-1].copy()
            history[0, 1:] = towards[:-1]
            history[1:, 0] = towards[:-1].transpose(0, 2, 1)
            history[0, 0] = (now + now.T) / 2
        at = stop
        found[i] = history[0, 0]
    return found


def of_quadratics(data: Quadratics, oracle: Any, local_steps: int, participants: int) -> Rounds:
    """The federation of these clients."""
    gradients = data.gradients
    return Rounds(LocalStep(oracle, gradients, gradients), local_steps, participants)
