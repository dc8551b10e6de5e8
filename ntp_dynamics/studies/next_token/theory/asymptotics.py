"""Sharp laws behind the bounds: derived for this project, not in the paper.

Stage 1 from zero with orthonormal embeddings is exact: by symmetry every step goes along W*_ov, so

    1 - cos = 0,   ||W_ov|| = eta0 t,   L0 = n log(1 + (|V|-1) e^-Delta)

with n the number of tokens that have a known continuation and Delta = eta0 t / ||W*_ov||, which
is eta0 t / sqrt(|V|-1) if all have one.  Momentum changes nothing: a sum of gradients of one
direction has that direction.  Decay leaves the direction, and shortens the norm.

Stage 2, once the leak is small, is normalised descent on an exponential loss with linear margins:

    ||W_kq|| = eta t - O(1),   log(L - L_min) = -eta t / ||W*_kq|| + O(1),
    1 - cos ~ 1/t^2           if every tight relation can carry a positive multiplier,
    1 - cos ~ (log t / t)^2   if some tight relation has multiplier 0 in every dual optimum,

a heuristic confirmed numerically.  The regime is thus known before training starts.  It takes for
granted that attention on the optimal token alone is the best (``pure_attention``), and that no
sentence is trapped by heavier ones (``traps``); norm and loss also that eta < eta_c, beyond which
the weights swing across W* for ever (``step_size``): by an amount that stays bounded, so that the
direction still gains on them.  A slope shows only after a path of about 20 ||W*_kq||; before, the
burn-in imitates slower laws.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_2,
    COLLOCATION,
    EQUAL_MARGINS,
    FROZEN,
    HARD,
    INJECTIVE,
    NO_DECAY,
    NO_TRAP,
    NORMALISED,
    PAPER_RULE,
    PURE_ATTENTION,
    REALIZABLE,
    REGIME,
    RELATIONS,
    STABLE_STEP,
    TARGET,
    TRAINED,
    ZERO_INIT,
)
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law

SOURCE = "derived here"
EXACT = (TRAINED[Stage.feed_forward], HARD, ASSUMPTION_2, COLLOCATION, ZERO_INIT, NORMALISED)
SHARP = (
    TRAINED[Stage.attention],
    FROZEN,
    REALIZABLE,
    INJECTIVE,
    *PAPER_RULE,
    RELATIONS,
    TARGET,
    PURE_ATTENTION,
    NO_TRAP,
)
BURN_IN_PATH = 20.0
"""Path length, in units of ||W*_kq||, before which no asymptotic slope can be read."""


def exact_log_norm(c: Constants) -> Law:
    """||W_ov|| = eta0 t."""
    return Law.equals(lambda t: np.log(c.eta0 * t), tolerance=1e-12)


def exact_log_loss(c: Constants) -> Law:
    """L0 = n log(1 + (|V|-1) e^-Delta) at Delta = eta0 t / ||W*_ov||."""

    def log_loss(t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        log_odds = math.log(c.vocab_size - 1) - c.eta0 * t / c.ov_norm[:, None]
        small = log_odds < -37.0
        with np.errstate(divide="ignore"):
            log_token = np.where(small, log_odds, np.log(np.logaddexp(0.0, log_odds)))
        return np.log(c.known)[:, None] + log_token

    return Law.equals(log_loss, tolerance=1e-9)


def sharp_direction(c: Constants) -> Law:
    """t^-2, or (log t / t)^2 in runs with a forced-zero relation."""
    return Law.power(2, log_power=np.where(c.forced_zero > 0, 2.0, 0.0))


def after_burn_in(c: Constants) -> Float[np.ndarray, " S"]:
    """First step with a path of 20 ||W*_kq||."""
    return np.ceil(BURN_IN_PATH * c.kq_norm / c.eta)


EXACT_FEED_FORWARD = [
    Claim(
        id="ov.exact.direction",
        statement="the feed-forward layer has exactly the direction W*_ov from the first step on",
        source=SOURCE,
        version="closed form",
        stage=Stage.feed_forward,
        observable="direction_gap_ov",
        law=Law.equals(-math.inf),
        preconditions=EXACT,
        kind="derived",
    ),
    Claim(
        id="ov.exact.norm",
        statement="||W_ov|| = eta0 t",
        source=SOURCE,
        version="closed form",
        stage=Stage.feed_forward,
        observable="norm_ov",
        law=exact_log_norm,
        preconditions=(*EXACT, NO_DECAY),
        kind="derived",
    ),
    Claim(
        id="ov.exact.loss",
        statement="L0 = n log(1 + (|V|-1) exp(-eta0 t / ||W*_ov||))",
        source=SOURCE,
        version="closed form",
        stage=Stage.feed_forward,
        observable="log_loss",
        law=exact_log_loss,
        preconditions=(*EXACT, NO_DECAY),
        kind="derived",
    ),
]

SHARP_ATTENTION = [
    Claim(
        id="kq.direction.sharp",
        statement="1 - cos(W_kq, W*_kq) ~ t^-2, or (log t / t)^2 with a forced-zero relation",
        source=SOURCE,
        version="heuristic",
        stage=Stage.attention,
        observable="direction_gap_kq",
        law=sharp_direction,
        preconditions=(*SHARP, REGIME),
        t_min=after_burn_in,
        kind="derived",
        tight=True,
    ),
    Claim(
        id="kq.norm.sharp",
        statement="||W_kq|| = eta t - O(1)",
        source=SOURCE,
        version="heuristic",
        stage=Stage.attention,
        observable="norm_kq",
        law=lambda c: Law.linear_growth(c.eta, c.eta, asymptotic=True),
        preconditions=(*SHARP, STABLE_STEP),
        t_min=after_burn_in,
        kind="derived",
        tight=True,
    ),
    Claim(
        id="kq.loss.sharp",
        statement="L - L_min decays like exp(-eta t / ||W*_kq||)",
        source=SOURCE,
        version="heuristic",
        stage=Stage.attention,
        observable="log_excess_loss",
        law=lambda c: Law.exponential(c.eta / c.kq_norm),
        preconditions=(*SHARP, EQUAL_MARGINS, STABLE_STEP),
        t_min=after_burn_in,
        kind="derived",
        tight=True,
    ),
]

CLAIMS = [*EXACT_FEED_FORWARD, *SHARP_ATTENTION]
