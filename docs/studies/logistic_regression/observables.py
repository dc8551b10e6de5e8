"""What is measured.  An observable is a function of (state, reference): here w and the problem."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from logistic_regression.dynamics import log_loss as log_mean_loss
from logistic_regression.problem import Problem
from ntp_dynamics.observe.observable import Scale, observable

Weights = Float[np.ndarray, "R d"]
Values = Float[np.ndarray, " R"]


@observable(
    long_name="log of the mean logistic loss",
    units="log nat",
    log=True,
    title="loss L",
    axis="loss (nat)",
    rank=2,
)
def log_loss(w: Weights, problem: Problem) -> Values:
    return log_mean_loss((problem.points @ w[..., None])[..., 0])


@observable(
    long_name="1 - cos(w, w*), half the squared distance of unit vectors",
    title="direction gap",
    axis="1 - cos(w, w*)",
    ceiling=2.0,
    floor=float(np.finfo(float).eps) ** 2,
    rank=1,
)
def direction_gap(w: Weights, problem: Problem) -> Values:
    unit = w / _norm(w)[:, None]
    return 0.5 * ((unit - problem.target) ** 2).sum(axis=1)


@observable(
    long_name="largest margin - margin of w/|w|, over the largest",
    title="margin gap",
    axis="1 - margin / largest",
    scale=Scale.log_log,
    rank=3,
)
def margin_gap(w: Weights, problem: Problem) -> Values:
    reached = (problem.points @ w[..., None])[..., 0].min(axis=1) / _norm(w)
    largest = (problem.points @ problem.target[..., None])[..., 0].min(axis=1)
    return 1 - reached / largest


@observable(
    long_name="||w - <w, w*> w*||: the part of w across w*",
    title="rest across w*",
    rank=4,
)
def rest(w: Weights, problem: Problem) -> Values:
    along = (w * problem.target).sum(axis=1, keepdims=True)
    return np.linalg.norm(w - along * problem.target, axis=1)


@observable(long_name="||w||", title="norm")
def norm(w: Weights, problem: Problem) -> Values:
    return np.linalg.norm(w, axis=1)


def _norm(w: Weights) -> Values:
    """||w||, nan at zero, which has no direction."""
    length = np.linalg.norm(w, axis=1)
    return np.where(length > 0, length, np.nan)


OBSERVABLES = (direction_gap, log_loss, margin_gap, rest, norm)
