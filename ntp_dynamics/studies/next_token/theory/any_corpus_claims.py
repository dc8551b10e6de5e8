"""Laws of softmax-linear losses, whatever the corpus: soft labels, and the log head of attention.

W -> W_fin + r W_svm, r -> infinity (`linear_target`).  Of gradient descent with eta <= 1/beta and
T = eta t, from zero:

    L - L_inf <= [Lam + (||W_fin||^2 + ||W_svm||^2 log^2 T) / 2] / T              any.gd.bound

Proof: L is convex and beta-smooth, so L(W_t) - L(U) <= ||U||^2 / (2T) for every U; take
U = W_fin + log T W_svm, whose leak is at most Lam / T, and which are orthogonal.  By matching the
gradient flow W = W_svm log T + W_fin + W_0 + o(1), a derivation and no proof,

    (L - L_inf) T -> ||W_svm||^2,   ||W|| = ||W_svm|| (log T + b) + o(1),
    1 - cos -> R^2 / (2 ||W||^2),   ||P_F W - W_fin|| -> C / T.

Limits without a rate (`soft.*`, `log.*`) are what the sources prove; a constant would satisfy them
at every finite horizon, so they are reported and not judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import GradientDescent
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_2,
    PLAIN,
    TRAINED,
    ZERO_INIT,
)
from ntp_dynamics.studies.next_token.theory.linear_constants import LinearConstants
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

PROVED = "proved here"
DERIVED = "derived here"
SOURCES = {
    Stage.feed_forward: "Thrampoulidis, NeurIPS 2024",
    Stage.attention: "Li et al., AISTATS 2024, Section 3-4, as coded by the authors; its text was "
    "not read",
}
LONG = 1e4
"""eta t from which a limit of gradient descent is read: what is left of the way to it is of the
order of log T / T and of 1 / log T."""
WITHIN = 0.05
"""Relative, of what is read there."""
NORM_WITHIN = 0.2
"""Absolute: the o(1) of the norm falls like log log T / log T."""

Curve = Float[np.ndarray, "S T"]
Of = Callable[[Constants], LinearConstants]

GD = Precondition(
    "gd",
    lambda c: isinstance(c.optimizer, GradientDescent),
    "the optimiser is not gradient descent",
)
RATED = Precondition(
    "a rate",
    lambda c: False,
    "its source proves a limit without a rate, which no finite record can break: reported, not "
    "judged",
)


def of(stage: Stage) -> Of:
    """The constants of a stage."""
    return lambda c: c.linear[stage]


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
    """R^2 is known."""
    return Precondition(
        "offset",
        lambda c: ~np.isnan(k(c).offset),
        "the targets do not determine the offset R^2",
    )


def finite_part(k: Of) -> Precondition:
    """F is not 0."""
    return Precondition(
        "finite part",
        lambda c: k(c).cyclic,
        "no component has two tokens: there is no finite part",
    )


def column(x: Float[np.ndarray, " S"]) -> Float[np.ndarray, "S 1"]:
    """One value a run, beside a grid."""
    return np.asarray(x, dtype=float)[:, None]


def gd_bound(k: LinearConstants) -> Law:
    """[Lam + (||W_fin||^2 + ||W_svm||^2 log^2 T) / 2] / T."""

    def log_f(t: Float[np.ndarray, " T"]) -> Curve:
        log_path = np.log(k.eta * t)
        length = column(k.finite_norm**2) + column(k.norm**2) * log_path**2
        return np.log(column(k.leak) + length / 2) - log_path

    return Law.envelope(log_f)


def gd_rate(k: LinearConstants) -> Law:
    """||W_svm||^2 / T."""
    return Law.equals(lambda t: 2 * np.log(column(k.norm)) - np.log(k.eta * t), WITHIN)


def gd_norm(k: LinearConstants) -> Law:
    """||W_svm|| (log T + b)."""

    def log_norm(t: Float[np.ndarray, " T"]) -> Curve:
        return np.log(column(k.norm)) + np.log(np.log(k.eta * t) + column(k.shift))

    return Law.equals(log_norm, 0.0, absolute=NORM_WITHIN)


def gd_direction(k: LinearConstants, norm: Curve) -> Law:
    """R^2 / (2 ||W||^2), with ||W|| as measured."""
    return Law.equals(np.log(column(k.offset) / 2) - 2 * np.log(norm), WITHIN)


def gd_finite(k: LinearConstants) -> Law:
    """C / T."""
    return Law.equals(lambda t: np.log(column(k.lag)) - np.log(k.eta * t), WITHIN)


def claims_of_stage(stage: Stage) -> list[Claim]:
    """All that is said of a stage; those of attention end in .kq."""
    k = of(stage)
    layer, end = ("ov", "") if stage is Stage.feed_forward else ("kq", ".kq")
    here = (TRAINED[stage], ASSUMPTION_2)
    descent = (*here, GD, PLAIN, small_step(k))

    def derived(name: str, statement: str, observable: str, **told: Any) -> Claim:
        return Claim(
            id=f"{name}{end}",
            statement=statement,
            source=DERIVED,
            version="matched flow",
            stage=stage,
            observable=observable,
            kind="derived",
            tight=True,
            **told,
        )

    def late(c: Constants) -> float:
        return math.ceil(LONG / k(c).eta)

    found = [
        Claim(
            id=f"any.gd.bound{end}",
            statement="L - L_inf <= [Lam + (||W_fin||^2 + ||W_svm||^2 log^2(eta t)) / 2] / (eta t)",
            source=PROVED,
            version="any corpus",
            stage=stage,
            observable="log_excess_loss",
            law=lambda c: gd_bound(k(c)),
            constant=0.0,
            preconditions=(*descent, ZERO_INIT),
            t_min=lambda c: math.ceil(1 / k(c).eta),
        ),
        derived(
            "any.gd.rate",
            "(L - L_inf) eta t -> ||W_svm||^2",
            "log_excess_loss",
            law=lambda c: gd_rate(k(c)),
            preconditions=(*descent, direction(k)),
            t_min=late,
        ),
        derived(
            "any.gd.norm",
            "||W|| = ||W_svm|| (log(eta t) + b) + o(1)",
            f"norm_{layer}",
            law=lambda c: gd_norm(k(c)),
            preconditions=(*descent, ZERO_INIT, direction(k), determined(k)),
            t_min=late,
        ),
        derived(
            "any.gd.direction",
            "1 - cos(W, W_svm) -> R^2 / (2 ||W||^2)",
            f"direction_gap_{layer}",
            law=lambda c: gd_direction(k(c), c.observed[f"norm_{layer}"]),
            preconditions=(*descent, ZERO_INIT, direction(k), determined(k)),
            t_min=late,
        ),
    ]
    if stage is Stage.feed_forward:
        found.append(
            derived(
                "any.gd.finite",
                "||P_F W - W_fin|| -> C / (eta t)",
                "finite_distance",
                law=lambda c: gd_finite(k(c)),
                preconditions=(*descent, direction(k), finite_part(k)),
                t_min=late,
            )
        )
    return found


SOFT_LABELS = claims_of_stage(Stage.feed_forward)
LOG_HEAD = claims_of_stage(Stage.attention)
