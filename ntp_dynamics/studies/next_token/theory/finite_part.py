"""The finite part of a softmax-linear problem, and what follows from it.

With every T_n cut down to the component of what its sample asks for (`recession`), the loss has one
minimiser W_fin that sums to zero on every component.  It is found by Newton's method, component by
component, or read off where one sample speaks of all of it:

    w_v = log(p_v / m_v) - mean.

    inf L = the cut-down loss at W_fin,
    Lam   = sum_n pi_n sum_{v outside} m_v e^{w_v} / sum_{v inside} m_v e^{w_v},
            so that L(W_fin + r W_svm) - inf L <= Lam e^-r,
    lam   = the largest eigenvalue of the cut-down loss's Hessian at W_fin.

Derived for this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from ntp_dynamics.studies.next_token.data.rows import starts
from ntp_dynamics.studies.next_token.theory.recession import Recession

ITERATIONS = 2000
"""Newton steps: from far away a softmax takes one a unit, and weights differ by 300 decades."""
SMALLEST = 1e-14
"""The step that is nothing."""


@dataclass(frozen=True, eq=False)
class FinitePart:
    """W_fin, with what proves it: the cut-down loss at these ``values`` is above its infimum by
    no more than about ``decrement``^2 where that is small (Newton's decrement)."""

    values: Float[np.ndarray, " K"]
    """Of every node; 0 where a component is one token."""
    infimum: float
    """inf L."""
    curvature: float
    """lam; 0 where every component is one token."""
    residual: float
    """The norm of the gradient of the cut-down loss."""
    decrement: float
    log_coefficient: Float[np.ndarray, " O"]
    """log of the summands of Lam, in the order of `Recession.arc`."""

    @property
    def leak(self) -> float:
        """Lam."""
        return float(np.exp(self.log_coefficient).sum())


def finite_part(problem: Recession) -> FinitePart:
    """W_fin of a problem, and its constants."""
    values = np.zeros(len(problem.column))
    curvature = residual = decrement = 0.0
    for members, part in _parts(problem):
        x = part.read_off() if part.is_one_sample else part.minimise()
        gradient, share = part.gradient(x.astype(np.longdouble))
        slope = gradient.astype(float)
        x = x - part.newton(slope, share.astype(float))
        gradient, share = part.gradient(x.astype(np.longdouble))
        slope, hessian = gradient.astype(float), part.hessian(share.astype(float))
        values[members] = x
        residual += float(slope @ slope)
        decrement += float(slope @ _zero_sum_solve(hessian, slope))
        curvature = max(curvature, float(np.linalg.eigvalsh(hessian)[-1]))
    log_coefficient, infimum = _constants(problem, values)
    return FinitePart(
        values, infimum, curvature, residual**0.5, max(decrement, 0.0) ** 0.5, log_coefficient
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """The samples of one component of two tokens or more, cut down to it."""

    size: int
    place: Int[np.ndarray, " E"]
    """Which of its tokens."""
    start: Int[np.ndarray, " N+1"]
    sample: Int[np.ndarray, " E"]
    log_copies: Float[np.ndarray, " E"]
    target: Float[np.ndarray, " E"]
    pi: Float[np.ndarray, " N"]

    @property
    def is_one_sample(self) -> bool:
        return len(self.pi) == 1

    def read_off(self) -> Float[np.ndarray, " K"]:
        """The minimiser where there is one sample: it asks for every token of the component."""
        x = np.zeros(self.size)
        x[self.place] = np.log(self.target) - self.log_copies
        return x - x.mean()

    def gradient(self, x: Any) -> tuple[Any, Any]:
        """The gradient at x, and the softmax of every sample, in the precision of x.

        What a sample asks for alone has minus the others' share, so that nothing cancels.
        """
        share = np.exp(self._log_share(x))
        others = np.add.reduceat(np.where(self.target == 1, 0, share), self.start[:-1])
        pull = np.where(self.target == 1, -others[self.sample], share - self.target)
        gradient = np.zeros(self.size, dtype=x.dtype)
        np.add.at(gradient, self.place, self.pi[self.sample] * pull)
        return gradient, share

    def _log_share(self, x: Any) -> Any:
        y = x[self.place] + self.log_copies
        y = y - np.maximum.reduceat(y, self.start[:-1])[self.sample]
        return y - np.log(np.add.reduceat(np.exp(y), self.start[:-1]))[self.sample]

    def hessian(self, share: Float[np.ndarray, " E"]) -> Float[np.ndarray, "K K"]:
        """sum_n pi_n (diag s - s s^T)."""
        rows = csr_array((share, self.place, self.start), shape=(len(self.pi), self.size))
        weighed = csr_array(
            (share * self.pi[self.sample], self.place, self.start), shape=rows.shape
        )
        return np.diag(weighed.sum(axis=0)) - (rows.T @ weighed).toarray()

    def newton(
        self, slope: Float[np.ndarray, " K"], share: Float[np.ndarray, " E"]
    ) -> Float[np.ndarray, " K"]:
        """What Newton's method takes off."""
        return _zero_sum_solve(self.hessian(share), slope)

    def minimise(self) -> Float[np.ndarray, " K"]:
        """From zero; a step is halved while it goes past the minimum along it by half or more."""
        x = np.zeros(self.size)
        gradient, share = self.gradient(x)
        for _ in range(ITERATIONS):
            step = self.newton(gradient, share)
            if not np.abs(step).max() > SMALLEST * max(1.0, float(np.abs(x).max())):
                break
            here = gradient @ step
            for _ in range(60):
                after, share = self.gradient(x - step)
                if after @ step >= -here / 2:
                    break
                step = step / 2
                here = here / 2
            x, gradient = x - step, after
            x -= x.mean()
        return x


def _parts(problem: Recession) -> Any:
    """(nodes, samples) of every component of two tokens or more."""
    samples, size = problem.samples, problem.size
    kept = problem.inside & (size[problem.label] > 1)[samples.sample]
    # A sample that knows one token of the component says nothing about it.
    count = np.bincount(samples.sample[kept], minlength=len(samples.column))
    kept &= (count > 1)[samples.sample]
    count = np.where(count > 1, count, 0)
    order = np.argsort(problem.label[samples.sample[kept]], kind="stable")
    entries = np.flatnonzero(kept)[order]
    rows = np.flatnonzero(count)
    rows = rows[np.argsort(problem.label[rows], kind="stable")]
    start = starts(count[rows])
    by_component = np.argsort(problem.component, kind="stable")
    first_member = starts(size)
    place = np.empty(len(by_component), dtype=np.int64)
    place[by_component] = np.arange(len(by_component)) - np.repeat(first_member[:-1], size)
    found, begin = np.unique(problem.label[rows], return_index=True)
    for c, (a, b) in zip(found.tolist(), pairwise([*begin.tolist(), len(rows)]), strict=True):
        mine = entries[start[a] : start[b]]
        inner = start[a : b + 1] - start[a]
        yield (
            by_component[first_member[c] : first_member[c + 1]],
            _Part(
                size=int(size[c]),
                place=place[problem.node[mine]],
                start=inner,
                sample=np.repeat(np.arange(b - a), np.diff(inner)),
                log_copies=np.log(samples.copies[mine]),
                target=samples.target[mine],
                pi=samples.pi[rows[a:b]],
            ),
        )


def _zero_sum_solve(
    hessian: Float[np.ndarray, "K K"], slope: Float[np.ndarray, " K"]
) -> Float[np.ndarray, " K"]:
    """H^+ g; constants, which H does not see, are given its own scale."""
    scale = np.trace(hessian) / len(hessian) ** 2
    return np.linalg.solve(hessian + scale, slope)


def _constants(
    problem: Recession, values: Float[np.ndarray, " K"]
) -> tuple[Float[np.ndarray, " O"], float]:
    """log of the summands of Lam, and inf L."""
    samples = problem.samples
    log_pi, outside = np.log(samples.pi), ~problem.inside
    y = values[problem.node] + np.log(samples.copies)
    log_inside = np.logaddexp.reduceat(
        np.where(problem.inside, y, -np.inf), samples.tokens.start[:-1]
    )
    relative = y - log_inside[samples.sample]
    owner = samples.sample[outside]
    asked = samples.target > 0
    infimum = -(samples.pi[samples.sample] * samples.target * relative)[asked].sum()
    return log_pi[owner] + relative[outside], float(max(infimum, 0.0))
