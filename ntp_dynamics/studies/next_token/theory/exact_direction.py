"""kq.direction.exact: the constant in front of the sharp law of the attention stage's direction.

    (1 - cos(W_kq, W*_kq)) (eta t)^2 -> R^2 / 2,

R^2 the offset of the corpus (`offset`, `attention_offset`), known before training where it is
determined.  What is left of the way there at a path eta t = r ||W*||:

* transients, e^{-rate r} at the slowest rate: e^-10 of them from r = 10 / rate on; near eta_c the
  fastest one swings and is the slow one;
* the path that was lost on the way: ||W|| = eta t - C, so that 1 - cos is off by 2 C / (eta t).
  Aside to the offset it is .05 to .15 R^2 / ||W||, for large R, as of weights that differ by many
  decades, up to .4 R; and in steps that are not small against eta_c up to 2.6 (eta / eta_c)^2 ||W||
  more.  These are measured, on 700 runs; with .2, .5 and 3.2 for them, a path of 200 C is asked.

A path of 100 ||W*|| is asked for in any case.  Derived for this project; confused tokens change
nothing of it, but for traps, which are ruled out.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory.asymptotics import SHARP
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_2,
    EQUAL_MARGINS,
    REGIME,
    ZERO_INIT,
)
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

WITHIN = 0.01
PATH = 100.0
"""In units of ||W*_kq||."""
SETTLED = 10.0
"""e^-10 of a transient is nothing."""
SMALLEST = 1e-12
"""An R^2 below is rounding."""

NO_FORCED_ZERO = Precondition(
    "no forced zero",
    lambda c: ~(c.forced_zero > 0),
    "R^2 is not determined: a tight relation has multiplier 0 in every choice of multipliers",
)
JOINED = Precondition(
    "joined",
    lambda c: ~np.isnan(c.offset) | (c.forced_zero != 0),
    "R^2 is not determined: relations that hold by exactly 1 do not join what relations join",
)
ASIDE = Precondition(
    "R > 0",
    lambda c: ~(c.offset < SMALLEST),
    "R^2 is 0, and 1 - cos falls faster than any power",
)
RATES_KNOWN = Precondition(
    "rates known",
    lambda c: ~(np.isnan(c.slowest) & np.isfinite(c.offset)),
    "the corpus is too large to tell when its limit is reached",
)
SETTLES = Precondition(
    "eta < eta_c, exactly",
    lambda c: ~(c.eta * c.fastest >= 2 * c.kq_norm),
    "the step size is not below eta_c = 2 / (||W*_kq|| lambda_max(Cov z))",
)
"""Where R^2 is determined, so are the multipliers, and eta_c is known."""


def exact_direction(c: Constants) -> Law:
    """R^2 / (2 (eta t)^2)."""
    log_constant = np.log(c.offset / 2)[:, None]
    return Law.limit(lambda t: log_constant - 2 * np.log(c.eta * t), WITHIN, constant=c.offset)


Runs = Float[np.ndarray, " S"]


def limit_is_near(eta: float, norm: Runs, offset: Runs, slowest: Runs, fastest: Runs) -> Runs:
    """First step from which the limit is read to one per cent: norm of the direction, R^2, and the
    slowest and the fastest rate of its transients."""
    step = eta / norm  # of r
    left_by_a_step = np.maximum(step * fastest - 1, np.exp(-step * slowest))
    transient = SETTLED / -np.log(left_by_a_step)
    aside = np.minimum(0.2 * offset / norm, 0.5 * np.sqrt(offset))
    lost = aside + 0.8 * (eta * fastest) ** 2 / norm  # eta_c = 2 ||W|| / fastest
    straight = np.maximum(PATH * norm, 2 * lost / WITHIN) / eta
    return np.ceil(np.maximum(transient, straight))


def near_the_limit(c: Constants) -> Runs:
    """That of the attention stage."""
    return limit_is_near(c.eta, c.kq_norm, c.offset, c.slowest, c.fastest)


CLAIMS = [
    Claim(
        id="kq.direction.exact",
        statement="(1 - cos(W_kq, W*_kq)) (eta t)^2 -> R^2 / 2, with R^2 known before training",
        source="derived here",
        version="matched flow",
        stage=Stage.attention,
        observable="direction_gap_kq",
        law=exact_direction,
        preconditions=(
            *SHARP,
            REGIME,
            ASSUMPTION_2,
            ZERO_INIT,
            EQUAL_MARGINS,
            NO_FORCED_ZERO,
            JOINED,
            ASIDE,
            RATES_KNOWN,
            SETTLES,
        ),
        t_min=near_the_limit,
        kind="derived",
        tight=True,
    ),
]
