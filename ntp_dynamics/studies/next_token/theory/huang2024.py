"""Ruiquan Huang, Yingbin Liang, Jing Yang, "Non-asymptotic Convergence of Training Transformers for
Next-token Prediction", NeurIPS 2024 (arXiv 2409.17335 v2): one theorem after another.

Two-stage normalised gradient descent from zero: T steps of size eta0 on the collocation loss L0,
then t steps of size eta on the cross-entropy L with W_ov frozen.  Letters as in `constants`:

    eta0, eta   step sizes                      c.eta0, c.eta
    T           length of the first stage       c.steps0
    |V|         vocabulary size                 c.vocab_size
    N           sentences of length >= 2        c.n
    L_max       longest sentence                c.max_length
    W*_ov, W*_kq  max-margin solutions          c.ov_norm, c.kq_norm are their norms
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory.burn_in import quarter_pace
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.fixed_point import fixed_point
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_1,
    ASSUMPTION_2,
    ASSUMPTION_3,
    EXTENDABLE,
    PAPER_RULE,
    PAPER_STAGE,
    RELATIONS,
    SMALL_STEP,
    ZERO_INIT,
    long_first_stage,
)
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law

SOURCE = "Huang, Liang, Yang, NeurIPS 2024, {}"
STAGE_1 = (*PAPER_STAGE[Stage.feed_forward], *ASSUMPTION_1, ASSUMPTION_2, ZERO_INIT, *PAPER_RULE)
STAGE_2 = (
    *PAPER_STAGE[Stage.attention],
    *ASSUMPTION_1,
    ASSUMPTION_2,
    ASSUMPTION_3,
    ZERO_INIT,
    *PAPER_RULE,
    RELATIONS,
    SMALL_STEP,
)

# --- Proposition 1: the feed-forward layer ------------------------------------------------------


def proposition1_direction(version: str, factor: float) -> Claim:
    """1 - cos(W_ov, W*_ov) <= c ||W*_ov||^3 log(2|V|) log t / (eta0 t), for t >= 2."""

    def log_constant(c: Constants) -> Float[np.ndarray, " S"]:
        return np.log(factor * c.ov_norm**3 * math.log(2 * c.vocab_size) / c.eta0)

    return Claim(
        id="ov.direction",
        statement=f"the feed-forward layer converges to the direction of W*_ov: 1 - cos <= "
        f"{factor:g} ||W*_ov||^3 log(2|V|) log t / (eta0 t)",
        source=SOURCE.format("Proposition 1"),
        version=version,
        stage=Stage.feed_forward,
        observable="direction_gap_ov",
        law=Law.power(1, log_power=1),
        constant=log_constant,
        preconditions=STAGE_1,
        t_min=2,
        ceiling=2.0,
    )


PROPOSITION_1 = [
    proposition1_direction("text", 5.0),
    proposition1_direction("appendix", 12.0),
    Claim(
        id="ov.norm",
        statement="the norm of W_ov grows linearly: eta0 t / (2 ||W*_ov||) to eta0 t",
        source=SOURCE.format("Proposition 1"),
        version="text",
        stage=Stage.feed_forward,
        observable="norm_ov",
        law=lambda c: Law.linear_growth(c.eta0 / (2 * c.ov_norm), c.eta0),
        preconditions=STAGE_1,
        t_min=2,
    ),
    Claim(
        id="ov.loss",
        statement="the collocation loss decays at least like exp(-eta0 t / (4 ||W*_ov||))",
        source=SOURCE.format("Proposition 1"),
        version="text",
        stage=Stage.feed_forward,
        observable="log_loss",
        law=lambda c: Law.exponential(c.eta0 / (4 * c.ov_norm)),
        preconditions=STAGE_1,
        t_min=quarter_pace,
    ),
]

# --- Corollary 1: the margins of the feed-forward layer -----------------------------------------


def corollary1_length(c: Constants, log_steps: Any) -> Float[np.ndarray, " S"]:
    """384 ||W*_ov||^5 log(2|V|) log T / eta0, which T must reach."""
    return 384 * c.ov_norm**5 * math.log(2 * c.vocab_size) * log_steps / c.eta0


def corollary1_burn_in(c: Constants) -> Float[np.ndarray, " S"]:
    """Smallest T from which T >= 384 ||W*_ov||^5 log(2|V|) log T / eta0."""
    factor = corollary1_length(c, 1.0)

    def next_after(t: Float[np.ndarray, " S"]) -> Float[np.ndarray, " S"]:
        # T -> factor log T contracts to the larger root, where there is one
        return np.where(factor > math.e, factor * np.log(np.maximum(t, math.e)), 2.0)

    return np.ceil(np.maximum(fixed_point(next_after, 1e3 + factor, 200), 2.0))


def corollary1(version: str, spelt: str, observable: str, low: float, high: float) -> Claim:
    """Margins in (Delta, 3 Delta), Delta = T eta0 / (4 ||W*_ov||^2), at every t that T could be."""

    def law(c: Constants) -> Law:
        delta = c.eta0 / (4 * c.ov_norm**2)
        return Law.linear_growth(low * delta, high * delta)

    return Claim(
        id="ov.margin",
        statement=f"{spelt} t eta0 / (4 ||W*_ov||^2)",
        source=SOURCE.format("Corollary 1 as transcribed"),
        version=version,
        stage=Stage.feed_forward,
        observable=observable,
        law=law,
        preconditions=STAGE_1,
        t_min=corollary1_burn_in,
    )


COROLLARY_1 = [
    corollary1("lower limit", "every margin after t steps is at least", "margin_min", 1, math.inf),
    corollary1("upper limit", "every margin after t steps is at most 3", "margin_max", 0, 3),
]

# --- Theorem 1: the attention layer -------------------------------------------------------------


def theorem1_norm(version: str, spelt: str, divisor: Callable[[Constants], Any]) -> Claim:
    """eta t / (2 ||W*_kq||) <= ||W_kq|| <= eta t; the appendix has L_max in the denominator."""

    def law(c: Constants) -> Law:
        return Law.linear_growth(c.eta / divisor(c), c.eta)

    return Claim(
        id="kq.norm",
        statement=f"the norm of W_kq grows linearly: eta t / ({spelt}) to eta t",
        source=SOURCE.format("Theorem 1"),
        version=version,
        stage=Stage.attention,
        observable="norm_kq",
        law=law,
        preconditions=STAGE_2,
        t_min=2,
    )


THEOREM_1 = [
    Claim(
        id="kq.direction",
        statement="the attention layer converges to the direction of W*_kq: "
        "1 - cos <= 54 N L_max^4 ||W*_kq||^4 log^2 t / (eta t)",
        source=SOURCE.format("Theorem 1"),
        version="text",
        stage=Stage.attention,
        observable="direction_gap_kq",
        law=Law.power(1, log_power=2),
        constant=lambda c: np.log(54 * c.n * c.max_length**4 * c.kq_norm**4 / c.eta),
        preconditions=STAGE_2,
        t_min=2,
        ceiling=2.0,
    ),
    theorem1_norm("text", "2 ||W*_kq||", lambda c: 2 * c.kq_norm),
    theorem1_norm("appendix", "2 L_max ||W*_kq||", lambda c: 2 * c.max_length * c.kq_norm),
]

# --- Theorem 2: attention mass and loss ---------------------------------------------------------


def theorem2_rates(c: Constants) -> tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]:
    """C0 = eta0 / (4 ||W*_ov||^2) and C1 = eta / (4 L_max ||W*_kq||^2)."""
    return c.eta0 / (4 * c.ov_norm**2), c.eta / (4 * c.max_length * c.kq_norm**2)


def theorem2_burn_in(c: Constants) -> Float[np.ndarray, " S"]:
    """Smallest t from which t >= 1696 N L_max^4 ||W*_kq||^6 log^2 t / eta, the larger root."""
    factor = 1696 * c.n * c.max_length**4 * c.kq_norm**6 / c.eta
    return np.ceil(fixed_point(lambda t: factor * np.log(t) ** 2, 1e3 + factor, 100))


def theorem2_leak(c: Constants) -> Law:
    """L_max e^{-C1 t} / (1 + L_max e^{-C1 t})."""
    _, c1 = theorem2_rates(c)

    def log_f(t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return -np.logaddexp(0.0, c1[:, None] * t - np.log(c.max_length)[:, None])

    return Law.envelope(log_f)


def theorem2_loss(c: Constants) -> Law:
    """log |V| - T C0 (1 - 2 L_max / (L_max + e^{C1 t}))."""
    c0, c1 = (rate[:, None] for rate in theorem2_rates(c))
    length = c.max_length[:, None]

    def log_f(t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        # L_max / (L_max + e^x) = 1 / (1 + e^{x - log L_max})
        share = 1 / (1 + np.exp(np.minimum(c1 * t - np.log(length), 700.0)))
        return math.log(c.vocab_size) - c.steps0 * c0 * (1 - 2 * share)

    return Law.envelope(log_f)


def theorem2_first_stage(c: Constants) -> Float[np.ndarray, " S"]:
    """The condition of Corollary 1, which the proof uses; the theorem leaves its constant open."""
    return corollary1_length(c, math.log(max(c.steps0, 2)))


THEOREM_2 = [
    Claim(
        id="kq.leak",
        statement="the attention off the optimal tokens stays below "
        "L_max exp(-C1 t) / (1 + L_max exp(-C1 t))",
        source=SOURCE.format("Theorem 2"),
        version="text, c0 = 1696 of the proof",
        stage=Stage.attention,
        observable="log_leak",
        law=theorem2_leak,
        constant=0.0,
        preconditions=STAGE_2,
        t_min=theorem2_burn_in,
        ceiling=1.0,
    ),
    Claim(
        id="loss",
        statement="the loss stays below |V| exp(-T C0 (1 - 2 L_max / (L_max + exp(C1 t))))",
        source=SOURCE.format("Theorem 2"),
        version="text, c0 = 1696 of the proof",
        stage=Stage.attention,
        observable="log_loss",
        law=theorem2_loss,
        constant=0.0,
        preconditions=(
            *STAGE_2,
            *PAPER_STAGE[Stage.feed_forward],
            long_first_stage(theorem2_first_stage, "384 ||W*_ov||^5 log(2|V|) log T / eta0"),
        ),
        t_min=theorem2_burn_in,
    ),
]

# --- Theorem 3: generalisation by order extension -----------------------------------------------

THEOREM_3 = [
    Claim(
        id="order.extension",
        statement="optimal, non-comparable and non-optimal tokens separate linearly, in this order",
        source=SOURCE.format("Theorem 3"),
        version="text",
        stage=Stage.attention,
        observable="order_extension_margin",
        law=Law.linear_growth(None, math.inf),
        preconditions=(*STAGE_2, EXTENDABLE),
        t_min=2,
    )
]

# --- Lemmas 5 and 6: the mechanism --------------------------------------------------------------


def lemma6(c: Constants) -> Law:
    """min_n phi_+ / (2 ||W*_kq||), with phi_+ as measured."""
    log_mass = np.log(c.observed["attention_mass_min"])
    return Law.envelope(log_mass - np.log(2 * c.kq_norm)[:, None])


LEMMAS = [
    Claim(
        id="kq.attention_monotone",
        statement="no step lowers the attention on the optimal tokens of any sentence",
        source=SOURCE.format("Lemma 5"),
        version="appendix",
        stage=Stage.attention,
        observable="log_attention_growth",
        law=Law.envelope(0.0),
        constant=0.0,
        side="lower",
        preconditions=STAGE_2,
    ),
    Claim(
        id="kq.alignment",
        statement="the descent direction keeps an angle to W*_kq: cos >= min phi_+ / (2 ||W*_kq||)",
        source=SOURCE.format("Lemma 6"),
        version="appendix",
        stage=Stage.attention,
        observable="gradient_alignment_kq",
        law=lemma6,
        constant=0.0,
        side="lower",
        preconditions=STAGE_2,
    ),
]

CLAIMS = [*PROPOSITION_1, *COROLLARY_1, *THEOREM_1, *THEOREM_2, *THEOREM_3, *LEMMAS]
