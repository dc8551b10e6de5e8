"""Normalised descent on softmax-linear losses, whatever the corpus: laws with constants.

NGD with a constant step cannot come to rest inside a component: it locks into a two-cycle of length
eta along the eigenvector of lam, and its effective step between components becomes 2/lam,

    fluctuation -> lam eta^2 / 8,   leak t -> lam ||W_svm||^2 / 2.

Before that the least loss so far is, from zero and for every r >= 0, at most

    L_inf + Lam e^-r + G [(||W_fin||^2 + r^2 ||W_svm||^2) / (2 eta t) + eta / 2],      any.ngd.best

G = sqrt 2 times the norm of the weights of all columns, which no gradient exceeds.  Proof: with
U = W_fin + r W_svm, ||W_{t+1} - U||^2 = ||W_t - U||^2 - 2 eta <g/||g||, W_t - U> + eta^2; sum over
t, use convexity and ||g|| <= G.  What follows the components (`split_ngd`; ngd where each is one
token) goes on as in the realizable case:

    log leak = -eta t / ||W_svm|| + O(1),   1 - cos -> R^2 / (2 (eta t)^2).

All but any.ngd.best is derived, not proved.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import lambertw

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory.any_corpus_gd import DERIVED, PROVED, WITHIN, Curve
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.exact_direction import limit_is_near
from ntp_dynamics.studies.next_token.theory.hypotheses import NORMALISED, PLAIN, ZERO_INIT
from ntp_dynamics.studies.next_token.theory.linear_constants import LinearConstants
from ntp_dynamics.studies.next_token.theory.linear_hypotheses import (
    aside,
    column,
    determined,
    direction,
    excited,
    finite_part,
    of,
    settles,
    split,
    trained,
    two_cycle,
)
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law

LOCKED = 30.0
"""Times as many steps as it takes to lock in, after which the two-cycle is read: at 20 times the
leak of the words of a licence (|V| = 100) was off by 4 %."""
BURN_IN_PATH = 20.0
"""Path length, in units of ||W_svm||, before which no slope can be read."""
EXACTLY = 0.01
"""Relative, of R^2."""


def ngd_best(k: LinearConstants) -> Law:
    """The bound at the best r: r e^r = Lam eta t / (G ||W_svm||^2)."""

    def log_f(t: Float[np.ndarray, " T"]) -> Curve:
        path = k.eta * t
        leak, square = column(k.leak), column(k.norm**2)
        ratio = leak * path / (column(k.steepness) * np.where(square > 0, square, 1.0))
        r = lambertw(ratio).real  # 0 without a direction, where Lam is 0
        length = column(k.finite_norm**2) + r**2 * square
        return np.log(leak * np.exp(-r) + column(k.steepness) * (length / path + k.eta) / 2)

    return Law.envelope(log_f)


def ngd_plateau(k: LinearConstants) -> Law:
    """lam eta^2 / 8."""
    constant = k.curvature * k.eta**2 / 8
    return Law.limit(column(np.log(constant)), WITHIN, constant=constant)


def ngd_leak(k: LinearConstants) -> Law:
    """lam ||W_svm||^2 / (2 t)."""
    constant = k.curvature * k.norm**2 / 2
    log_constant = column(np.log(constant))
    return Law.limit(lambda t: log_constant - np.log(t), WITHIN, constant=constant)


def split_direction(k: LinearConstants) -> Law:
    """R^2 / (2 (eta t)^2)."""

    def log_value(t: Float[np.ndarray, " T"]) -> Curve:
        return np.log(column(k.offset) / 2) - 2 * np.log(k.eta * t)

    return Law.limit(log_value, EXACTLY, constant=k.offset)


def near_the_limit(k: LinearConstants) -> Float[np.ndarray, " S"]:
    """First step from which R^2 is read to one per cent."""
    return limit_is_near(k.eta, k.norm, k.offset, k.slowest, k.fastest)


def locked(k: LinearConstants) -> Float[np.ndarray, " S"]:
    """LOCKED times ||W_svm|| / eta * log(1 / (lam eta))."""
    steps = k.norm / k.eta * np.maximum(-np.log(k.curvature * k.eta), 1.0)
    return np.ceil(LOCKED * np.maximum(steps, 1 / k.eta))


def claims(stage: Stage, end: str) -> list[Claim]:
    """Those of the two-cycle in a stage; their names ``end`` so."""
    k = of(stage)
    here = trained(stage)
    cycles = (*here, NORMALISED, PLAIN, finite_part(k), excited(k), two_cycle(k))

    return [
        Claim(
            id=f"any.ngd.best{end}",
            statement="the least L - L_inf so far <= Lam e^-r + G [(||W_fin||^2 + r^2 ||W_svm||^2) "
            "/ (2 eta t) + eta / 2], r the best",
            source=PROVED,
            version="any corpus",
            stage=stage,
            observable="log_least_excess",
            law=lambda c: ngd_best(k(c)),
            constant=0.0,
            preconditions=(*here, NORMALISED, PLAIN, ZERO_INIT),
        ),
        Claim(
            id=f"any.ngd.plateau{end}",
            statement="the fluctuation settles at lam eta^2 / 8: a two-cycle",
            source=DERIVED,
            version="two-cycle",
            stage=stage,
            observable="log_fluctuation",
            law=lambda c: ngd_plateau(k(c)),
            preconditions=cycles,
            t_min=lambda c: locked(k(c)),
            kind="derived",
            tight=True,
        ),
        Claim(
            id=f"any.ngd.leak{end}",
            statement="the leak falls as lam ||W_svm||^2 / (2 t)",
            source=DERIVED,
            version="two-cycle",
            stage=stage,
            observable="log_leak_loss",
            law=lambda c: ngd_leak(k(c)),
            preconditions=(*cycles, direction(k)),
            t_min=lambda c: locked(k(c)),
            kind="derived",
            tight=True,
        ),
    ]


def split_claims(stage: Stage, layer: str, end: str) -> list[Claim]:
    """Those of what follows the components, about W_``layer``."""
    k = of(stage)
    parted = (*trained(stage), split(k), PLAIN, direction(k), settles(k))

    def burnt_in(c: Constants) -> Float[np.ndarray, " S"]:
        return np.ceil(BURN_IN_PATH * k(c).norm / k(c).eta)

    return [
        Claim(
            id=f"any.split.rate{end}",
            statement="log leak = -eta t / ||W_svm|| + O(1)",
            source=DERIVED,
            version="matched flow",
            stage=stage,
            observable="log_leak_loss",
            law=lambda c: Law.exponential(k(c).eta / k(c).norm),
            preconditions=parted,
            t_min=burnt_in,
            kind="derived",
            tight=True,
        ),
        Claim(
            id=f"any.split.direction{end}",
            statement="1 - cos(W, W_svm) -> R^2 / (2 (eta t)^2)",
            source=DERIVED,
            version="matched flow",
            stage=stage,
            observable=f"direction_gap_{layer}",
            law=lambda c: split_direction(k(c)),
            preconditions=(*parted, ZERO_INIT, determined(k), aside(k)),
            t_min=lambda c: near_the_limit(k(c)),
            kind="derived",
            tight=True,
        ),
    ]
