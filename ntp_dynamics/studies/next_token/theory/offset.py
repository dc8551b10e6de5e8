"""The offset of a softmax-linear problem: the constant in front of its direction's law.

Along W = W_fin + r W_svm + W_0 the gradient keeps the direction of W_svm where

    W_0 = argmin sum_{tight arcs} coef e^{-(W_0a - W_0b)} + <W_svm, W_0>,

coef the summands of Lam (`finite_part`).  Gradients sum to zero over what arcs join, in the metric
of W: a component of s tokens counts s times.  From a start at zero

    1 - cos(W, W_svm) -> R^2 / (2 ||W||^2),   R^2 = ||P (W_fin + W_0)||^2,   P across W_svm,

and a start W(0) adds the square of what no gradient moves.  R^2 does not change when all coef are
scaled.  It is determined by the problem if every tight arc can have a positive multiplier, and the
tight ones join whatever arcs join; else W_0 has no limit, or depends on the path.  What is left of
the way to the limit falls like e^{-rate r}, at the rates of the linearised flow or, as the leak
itself, at 1.  (Joined by tight arcs, levels differ by integers: an arc that is not tight has a rate
of at least 1.)  Derived for this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from ntp_dynamics.studies.next_token.theory.columns import Columns
from ntp_dynamics.studies.next_token.theory.finite_part import FinitePart
from ntp_dynamics.studies.next_token.theory.recession import Recession

ITERATIONS = 2000
SMALLEST = 1e-14
"""The step that is nothing."""
RESIDUAL = 1e-9
"""The largest relative error of a gradient that is taken for none."""
LARGEST = 1000
"""Components in one part up to which eigenvalues are computed."""


@dataclass(frozen=True, eq=False)
class Offset:
    """W_0, R^2 and b, or ``missing``: why the problem does not determine them."""

    values: Float[np.ndarray, " C"]
    """W_0 of every component; 0 without an arc."""
    squared: float
    """R^2; nan where it is not determined."""
    shift: float
    """b = <W_fin + W_0, W_svm> / ||W_svm||^2."""
    missing: str | None
    _balance: _Balance | None

    @cached_property
    def rates(self) -> tuple[float, float]:
        """The slowest and the fastest, in units of r, of the linearised flow across W_svm; the leak
        counts among the slow.  A step of eta is stable below 2 ||W_svm|| / fastest.  nan where they
        are not known."""
        if self._balance is None:
            return np.nan, np.nan
        found = list(self._balance.rates(self.values))
        # Of several parts each has its own W_svm, at rate 1, and so a way across W_svm.
        every = np.concatenate([*found, np.ones(min(len(found) - 1, 1))])
        return float(every.min(initial=1.0)), float(every.max(initial=0.0))


def offset(problem: Recession, finite: FinitePart) -> Offset:
    """W_0, R^2 and b of a problem."""
    size, level = problem.size.astype(float), problem.levels
    if not problem.has_direction:
        return _missing(problem, "no weight goes to infinity")
    why = undetermined(problem.columns)
    if why is not None:
        return _missing(problem, why)
    tight = problem.columns.tight
    balance = _Balance(
        problem.above[tight],
        problem.below[tight],
        _by_arc(problem, finite.log_coefficient)[tight],
        size,
        level,
        _parts(problem.above, problem.below, len(size)),
    )
    try:
        values = balance.minimise()
    except RuntimeError:  # of splu: weights so far apart that a Laplacian is singular
        values = None
    if values is None:
        return _missing(problem, "the offset was not found to rounding")
    # W_fin sums to zero over every component, and so stands across W_svm.
    shift = float(size @ (values * level) / (size @ level**2))
    across = values - shift * level
    squared = float(size @ across**2 + finite.values @ finite.values)
    return Offset(values, squared, shift, None, balance)


def null_part(problem: Recession, start: Float[np.ndarray, "V Q"]) -> float:
    """||P_null W(0)||^2, what a start adds to R^2: the mean over what arcs join has no gradient,
    and neither has a token that no sample of its column knows."""
    seen = start[problem.token, problem.column]
    count = np.bincount(problem.whole)
    mean = np.bincount(problem.whole, seen) / count
    unseen = np.ones(start.shape, dtype=bool)
    unseen[problem.token, problem.column] = False
    return float((count * mean**2).sum() + (start[unseen] ** 2).sum())


def undetermined(columns: Columns) -> str | None:
    """Why W_svm has no offset of its own, or None."""
    if columns.inexact:
        return "the target is not proved"
    if columns.forced_zero.any():
        return "a tight relation has multiplier 0 in every choice of multipliers"
    tight, size = columns.tight, len(columns.entries)
    by_tight = _parts(columns.above[tight], columns.below[tight], size)
    if by_tight.max(initial=0) > _parts(columns.above, columns.below, size).max(initial=0):
        return "relations that hold by exactly 1 do not join what relations join"
    return None


def _missing(problem: Recession, why: str) -> Offset:
    return Offset(np.full(len(problem.size), np.nan), np.nan, np.nan, why, None)


def _parts(
    above: Int[np.ndarray, " A"], below: Int[np.ndarray, " A"], size: int
) -> Int[np.ndarray, " C"]:
    """The part of each component: what arcs join."""
    edges = np.ones(len(above), dtype=np.int8), (above, below)
    return connected_components(csr_array(edges, shape=(size, size)), directed=False)[1]


def _by_arc(problem: Recession, log_summand: Float[np.ndarray, " O"]) -> Float[np.ndarray, " A"]:
    """Summands of one arc together."""
    total = np.full(len(problem.above), -np.inf)
    np.logaddexp.at(total, problem.arc, log_summand)
    return total


@dataclass(frozen=True, eq=False)
class _Balance:
    """min over x of sum coef e^{-(x_a - x_b)} + sum size level x: at its minimum the multipliers,
    coef e^{-(x_a - x_b)}, flow from components above to those below.  Arcs join every part."""

    above: Int[np.ndarray, " A"]
    below: Int[np.ndarray, " A"]
    log_coefficient: Float[np.ndarray, " A"]
    size: Float[np.ndarray, " C"]
    level: Float[np.ndarray, " C"]
    part: Int[np.ndarray, " C"]

    def minimise(self) -> Float[np.ndarray, " C"] | None:
        """x with sum size x = 0 over every part, or None where none was found: Newton's method,
        each part by itself.  A step is halved while it goes past the minimum along it by half or
        more."""
        x = self._start()
        gradient, multiplier = self._gradient(x)
        for _ in range(ITERATIONS):
            step = self._solve(multiplier, gradient)
            if not np.abs(step).max() > SMALLEST * max(1.0, float(np.abs(x).max())):
                break
            here = np.bincount(self.part, gradient * step)
            for _ in range(60):
                gradient, multiplier = self._gradient(x - step)
                far = np.bincount(self.part, gradient * step) < -here / 2
                if not far.any():
                    break
                step, here = np.where(far[self.part], step / 2, step), np.where(far, here / 2, here)
            x = x - step
        if np.abs(gradient).max() > RESIDUAL * np.abs(self.size * self.level).max():
            return None
        mean = np.bincount(self.part, self.size * x) / np.bincount(self.part, self.size)
        return x - mean[self.part]

    def rates(self, x: Float[np.ndarray, " C"]) -> Iterator[Float[np.ndarray, " K"]]:
        """For each part with arcs, eigenvalues of the Hessian at x in the metric of W, but for the
        constants' and for the part's own W_svm, whose eigenvalue is 1; nan for a large part."""
        multiplier = self._gradient(x)[1]
        place = np.empty(len(self.size), dtype=np.int64)
        for members, arcs in _grouped(self.part, self.part[self.above]):
            if len(members) > LARGEST:
                yield np.array([np.nan])
                continue
            place[members] = np.arange(len(members))
            a, b = place[self.above[arcs]], place[self.below[arcs]]
            laplacian = np.zeros((len(members), len(members)))
            laplacian[a, b] = laplacian[b, a] = -multiplier[arcs]
            np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
            root = np.sqrt(self.size[members])
            known = np.stack([root, root * self.level[members]])
            known /= np.linalg.norm(known, axis=1, keepdims=True)
            hessian = laplacian / np.outer(root, root)
            far = 4 * np.trace(hessian)  # beyond every eigenvalue
            yield np.linalg.eigvalsh(hessian + far * known.T @ known)[:-2]

    def _start(self) -> Float[np.ndarray, " C"]:
        """Where the logs of all multipliers are as near as can be to that of their mean."""
        mean = np.abs(self.size * self.level).sum() / (2 * len(self.above))
        wanted = self.log_coefficient - np.log(mean)
        return self._solve(np.ones(len(self.above)), self._outflow(wanted))

    def _gradient(
        self, x: Float[np.ndarray, " C"]
    ) -> tuple[Float[np.ndarray, " C"], Float[np.ndarray, " A"]]:
        with np.errstate(over="ignore"):
            multiplier = np.exp(self.log_coefficient - (x[self.above] - x[self.below]))
        return self.size * self.level - self._outflow(multiplier), multiplier

    def _outflow(self, flow: Float[np.ndarray, " A"]) -> Float[np.ndarray, " C"]:
        size = len(self.size)
        return np.bincount(self.above, flow, size) - np.bincount(self.below, flow, size)

    @cached_property
    def _place(self) -> Int[np.ndarray, " C"]:
        """Of every component but the first of each part, whose x stays 0: -1."""
        place = np.ones(len(self.size), dtype=np.int64)
        place[np.unique(self.part, return_index=True)[1]] = 0
        return np.where(place > 0, np.cumsum(place) - 1, -1)

    def _solve(
        self, multiplier: Float[np.ndarray, " A"], right: Float[np.ndarray, " C"]
    ) -> Float[np.ndarray, " C"]:
        """y with L y = b, L the graph's Laplacian with these weights, and y = 0 at the first
        component of every part."""
        place = self._place
        a, b = place[self.above], place[self.below]
        row, column = np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b])
        value = np.concatenate([-multiplier, -multiplier, multiplier, multiplier])
        kept = (row >= 0) & (column >= 0)
        free = int(place.max()) + 1
        entries = value[kept], (row[kept], column[kept])
        laplacian = csc_array(entries, shape=(free, free))
        factors = splu(laplacian, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        found = np.zeros(len(place))
        found[place >= 0] = factors.solve(right[place >= 0])
        return found


def _grouped(
    part: Int[np.ndarray, " C"], part_of_arc: Int[np.ndarray, " A"]
) -> Iterator[tuple[Int[np.ndarray, " K"], Int[np.ndarray, " B"]]]:
    """(components, arcs) of every part that has arcs."""
    asked = np.unique(part_of_arc)
    ordered = [np.argsort(x, kind="stable") for x in (part, part_of_arc)]
    bounds = [
        (np.searchsorted(x[order], asked), np.searchsorted(x[order], asked, side="right"))
        for x, order in zip((part, part_of_arc), ordered, strict=True)
    ]
    for i in range(len(asked)):
        members, arcs = (order[a[i] : b[i]] for order, (a, b) in zip(ordered, bounds, strict=True))
        yield members, arcs
