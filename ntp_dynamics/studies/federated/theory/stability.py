"""How far copies drift apart that differ in one sample: bounds, the exact mean square (derived).

In expectation over the client and the sample, with L-Lipschitz and beta-smooth losses:

    any loss  |w_t - w_t'| <= (2 L/(n N beta)) expm1(H t log1p(eta beta kappa))
    convex    |w_t - w_t'| <= 2 L kappa eta H t/(n N)          if eta <= 2/(beta kappa^2)
    quadratic |w_t - w_t'| <= (kappa eta/(n N)) sum rho^(steps left) RMS|grad f(v;z) - grad f(v;z')|

with rho^2 = max_i l_max(I - 2 eta A_i + eta^2 kappa^2 E A_B^2), and the root mean square over the
run's own v at each step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.federated.theory.estimator import Oracle
from ntp_dynamics.studies.federated.theory.moments import (
    LocalStep,
    Quadratics,
    initial,
    round_map,
)


@dataclass(frozen=True)
class Smoothness:
    """What a bound needs of a loss, and of a federation of N clients of n samples."""

    lipschitz: float
    """L."""
    smooth: float
    """beta."""
    kappa: float
    clients: int
    samples: int
    local_steps: int

    def any_loss(self, t: Float[np.ndarray, " T"], eta: float) -> Float[np.ndarray, " T"]:
        """Log of the bound for any loss."""
        growth = self.local_steps * t * np.log1p(eta * self.smooth * self.kappa)
        spread = np.log(2 * self.lipschitz / (self.samples * self.clients * self.smooth))
        return spread + growth + np.log(-np.expm1(-growth))

    def convex(self, t: Float[np.ndarray, " T"], eta: float) -> Float[np.ndarray, " T"]:
        """Log of the bound for convex losses."""
        rate = 2 * self.lipschitz * self.kappa * eta * self.local_steps
        return np.log(rate * t / (self.samples * self.clients))


@dataclass(frozen=True)
class Replaced:
    """A sample of a client, and the one in its place."""

    client: int
    sample: int
    x: Float[np.ndarray, " d"]
    y: float

    def of(self, data: Quadratics) -> Quadratics:
        """The data with it replaced; w is measured from the same origin."""
        x, y = data.x.copy(), data.y.copy()
        x[self.client, self.sample], y[self.client, self.sample] = self.x, self.y
        return Quadratics(x, y, data.lam, data.origin, data.shift)


@dataclass(frozen=True)
class Coupled:
    """Two copies of the rounds of a quadratic, at a constant step size."""

    data: Quadratics
    oracle: Oracle
    eta: float
    local_steps: int
    participants: int

    def square_distance(
        self, others: list[Replaced], w0: np.ndarray, due: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, "n K"]:
        """E |w - w'|^2 after the due rounds, for each replaced sample alone."""
        whole = self.data.gradients
        alone = self._map(whole, whole.copy())
        sides = []
        for other in others:
            theirs = other.of(self.data).gradients
            sides += [self._map(whole, theirs), self._map(theirs, theirs.copy())]
        maps = np.stack([alone, *sides])
        size = len(w0) + 1
        s = np.tile(initial(w0).ravel(), (len(maps), 1))
        found, at = np.empty((len(due), len(others))), 0
        for i, stop in enumerate(due.tolist()):
            for _ in range(at, stop):
                s = (maps @ s[..., None])[..., 0]
            at = stop
            traces = np.einsum("kqq->k", s.reshape(-1, size, size)[:, :-1, :-1])
            found[i] = traces[0] - 2 * traces[1::2] + traces[2::2]
        return np.maximum(found, 0.0)

    def _map(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        step = LocalStep(self.oracle, left, right)
        return round_map(step, self.eta, self.local_steps, self.participants)

    @property
    def contraction(self) -> float:
        """rho."""
        a = self.data.hessians
        n, d = a.shape[1], a.shape[-1]
        k, mean = self.oracle.mixing(n), a.mean(axis=1)
        squares = k * np.einsum("izab,izbc->iac", a, a) / n + (1 - k) * mean @ mean
        eta = self.eta
        whole = np.eye(d) - 2 * eta * mean + eta**2 * self.oracle.kappa2 * squares
        return float(np.sqrt(np.linalg.eigvalsh(whole).max()))

    def path_bound(
        self, others: list[Replaced], w0: np.ndarray, due: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """The bound from the run's own moments, in the mean over the replaced samples."""
        whole = self.data.gradients
        step = LocalStep(self.oracle, whole, whole)
        maps, rho = step.at(self.eta), self.contraction
        left = rho ** np.arange(self.local_steps - 1, -1, -1.0)
        reads = []
        for other in others:
            apart = (
                whole[other.client, other.sample]
                - other.of(self.data).gradients[other.client, other.sample]
            )
            read = (apart.T @ apart).ravel() @ step.triangle.give
            for _ in range(self.local_steps):
                reads.append(read)
                read = read @ maps[other.client]
        rows = np.array(reads)
        whole_round = round_map(step, self.eta, self.local_steps, self.participants)
        s = step.triangle.take @ initial(w0).ravel()
        clients, n = self.data.y.shape
        scale = np.sqrt(self.oracle.kappa2) * self.eta / (clients * n)
        found, bound, at = np.empty(len(due)), 0.0, 0
        for i, stop in enumerate(due.tolist()):
            for _ in range(at, stop):
                rms = np.sqrt(np.maximum(rows @ s, 0.0)).reshape(len(others), -1)
                bound = rho**self.local_steps * bound + scale * float((rms @ left).mean())
                s = whole_round @ s
            at, found[i] = stop, bound
        return found
