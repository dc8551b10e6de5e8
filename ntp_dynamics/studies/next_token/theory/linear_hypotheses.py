"""Hypotheses of the laws of softmax-linear losses, and the constants of the stage they ask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.hypotheses import ASSUMPTION_2, TRAINED
from ntp_dynamics.studies.next_token.theory.linear_constants import LinearConstants
from ntp_dynamics.verdict.claim import Precondition

Of = Callable[[Constants], LinearConstants]
SMALL = 0.1
"""The largest step of normalised descent whose two-cycle is read as that of a quadratic."""

SMALLEST = 1e-12
"""An R^2 below is rounding."""

GD = Precondition(
    "gd",
    lambda c: isinstance(c.optimizer, GradientDescent),
    "the optimiser is not gradient descent",
)


def of(stage: Stage) -> Of:
    """The constants of a stage."""
    return lambda c: c.linear[stage]


def trained(stage: Stage) -> tuple[Precondition, ...]:
    """A stage with targets."""
    return TRAINED[stage], ASSUMPTION_2


def small_step(k: Of) -> Precondition:
    """eta <= 1 / beta."""
    return Precondition(
        "eta <= 1/beta",
        lambda c: k(c).eta * k(c).smoothness <= 1,
        "the step size exceeds 1/beta, beta = half the largest weight of a column",
    )


def direction(k: Of) -> Precondition:
    """Something grows."""
    return Precondition(
        "direction",
        lambda c: k(c).norm > 0,
        "no direction: inf L is attained, and the weights stay bounded",
    )


def determined(k: Of) -> Precondition:
    """R^2 is known, and how fast it is approached."""
    return Precondition(
        "offset",
        lambda c: ~np.isnan(k(c).offset + k(c).slowest),
        "the targets do not determine the offset R^2 and the way there",
    )


def aside(k: Of) -> Precondition:
    """R^2 is not 0."""
    return Precondition(
        "R > 0",
        lambda c: ~(k(c).offset < SMALLEST),
        "R^2 is 0, and 1 - cos falls faster than any power",
    )


def settles(k: Of) -> Precondition:
    """A step does not swing between components; where the fastest rate is not known nothing is
    asked."""
    return Precondition(
        "eta < eta_c",
        lambda c: ~(k(c).eta * k(c).fastest >= 2 * k(c).norm),
        "the step size is not below eta_c = 2 ||W_svm|| / fastest rate",
    )


def finite_part(k: Of) -> Precondition:
    """F is not 0."""
    return Precondition(
        "finite part",
        lambda c: k(c).cyclic,
        "no component has two tokens: there is no finite part",
    )


def lags(k: Of) -> Precondition:
    """C is not 0."""
    return Precondition(
        "a lag",
        lambda c: k(c).lag > 0,
        "all continuations of each token are equally likely: the finite part is there at once",
    )


def excited(k: Of) -> Precondition:
    """The eigenvector of lam is not kept still by a symmetry of the corpus."""
    return Precondition(
        "excited",
        lambda c: k(c).excited,
        "a symmetry of the corpus keeps the steepest direction of the finite part still",
    )


def two_cycle(k: Of) -> Precondition:
    """A step that is small beside what it turns round in."""
    return Precondition(
        f"eta <= {SMALL:g}",
        lambda c: k(c).eta <= SMALL,
        f"the step size exceeds {SMALL:g}: the two-cycle is not that of a quadratic",
    )


def split(k: Of) -> Precondition:
    """Normalised descent between components alone."""
    return Precondition(
        "split ngd",
        lambda c: (
            isinstance(c.optimizer, SplitNormalisedGradientDescent) | (c.normalised & ~k(c).cyclic)
        ),
        "the optimiser is not split_ngd, nor ngd without a finite part",
    )


def column(x: Float[np.ndarray, " S"]) -> Float[np.ndarray, "S 1"]:
    """One value a run, beside a grid."""
    return np.asarray(x, dtype=float)[:, None]
