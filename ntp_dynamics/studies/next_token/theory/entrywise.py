"""Laws of rules that act on single entries: sign descent exactly, the speed of Adam.

Both are about the attention stage in the standard basis, where entries of W_kq are scores.

**Sign descent, proved.**  From zero, under Assumptions 1 and 3, at logits of equal margins Delta,
with any eta, weights and momentum, and with decay lambda <= 1/eta,

    S(t) = c(t) sigma,   c(t) = eta t, or (1 - (1 - eta lambda)^t) / lambda,

sigma = 1 on optimal tokens, -1 on the others that occur below them, 0 elsewhere.  Hence every score
gap is 2 c, ||W_kq|| = c sqrt(comparable pairs), phi_- / phi_+ = (wrong copies / optimal copies)
e^{-2c}.

Proof, by induction.  Let S = c sigma, c >= 0, in a sentence with label y, optimal token * and wrong
tokens w.  By Assumption 3 phi_* >= phi_w.  With p the prediction, n injective and R = sum_w phi_w
p_n(w) <= sum_w p_n(w) phi_* <= (1 - p_y) phi_*,

    dL/dS_*  is a positive multiple of  -Delta phi_* [(1 - p_y)(1 - phi_*) + R] < 0,
    dL/dS_w  is one of                   Delta phi_w [p_n(w) + (1 - p_y) phi_* - R] > 0.

No token is confused: an entry has one sign in all sentences and at all steps, so that a sum of
gradients has it too.  A step adds -eta times it, which is eta sigma, to (1 - eta lambda) c sigma.

**Adam, derived.**  With epsilon = 0 and gradients that all fall like e^{-x t}, m / sqrt(v) of an
entry tends to

    r(x) = (1 - beta1) / (1 - beta1 e^x) sqrt((1 - beta2 e^{2x}) / (1 - beta2)),

a step moves S by eta r along the direction of largest margin 2/h in the largest entry (`levels`),
and gradients fall as the least gap grows: x = eta (2/h) r(x).  For beta1 < beta2 there is one such
x, below -log(beta2) / 2 however long the steps are.  Confirmed numerically, in the end also where
weights differ by many decades.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import Adam, SignDescent
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_1,
    ASSUMPTION_3,
    EQUAL_MARGINS,
    FROZEN,
    FULL_BATCH,
    INJECTIVE,
    NO_DECAY,
    REALIZABLE,
    RELATIONS,
    TRAINED,
    ZERO_INIT,
)
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

STANDARD = Precondition(
    "standard basis", lambda c: c.standard, "the token vectors are not the standard basis"
)
SIGN = Precondition(
    "sign",
    lambda c: isinstance(c.optimizer, SignDescent),
    "the optimiser is not sign descent",
)
ADAM = Precondition(
    "adam, epsilon = 0",
    lambda c: isinstance(c.optimizer, Adam) and c.optimizer.epsilon == 0,
    "the optimiser is not Adam with epsilon = 0",
)
FORGETS = Precondition(
    "beta1 < beta2",
    lambda c: not isinstance(c.optimizer, Adam) or c.optimizer.beta1 < c.optimizer.beta2,
    "beta1 is not below beta2",
)
ONE_SPEED = Precondition(
    "one speed",
    lambda c: (c.longest_chain <= 1) | (c.weight_ratio < 10),
    "some token is confused, and weights differ by a factor of ten or more",
)
"""Chains of other lengths have other speeds, and that of the heaviest shows until a lighter one
catches up: for tens of thousands of steps."""
BY_SIGN = (
    TRAINED[Stage.attention],
    FROZEN,
    *ASSUMPTION_1,
    ASSUMPTION_3,
    STANDARD,
    ZERO_INIT,
    SIGN,
    FULL_BATCH,
    RELATIONS,
)
BY_ADAM = (
    TRAINED[Stage.attention],
    FROZEN,
    REALIZABLE,
    INJECTIVE,
    STANDARD,
    ADAM,
    FORGETS,
    NO_DECAY,
    FULL_BATCH,
    RELATIONS,
    EQUAL_MARGINS,
    ONE_SPEED,
)


def height(c: Constants, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """c(t) of sign descent."""
    decay = c.optimizer.weight_decay
    if not decay:
        return c.eta * t
    with np.errstate(divide="ignore"):  # eta lambda = 1: c = 1 / lambda
        return -np.expm1(t * np.log1p(-c.eta * decay)) / decay


def sign_margin(c: Constants) -> Law:
    """2 c."""
    return Law.equals(lambda t: np.log(2 * height(c, t)))


def sign_norm(c: Constants) -> Law:
    """c sqrt(comparable pairs)."""
    log_root = np.log(c.comparable)[:, None] / 2
    return Law.equals(lambda t: np.log(height(c, t)) + log_root)


def sign_leak(c: Constants) -> Law:
    """r / (r + e^{2c}), r wrong copies an optimal one in the worst sentence."""
    log_share = np.log(c.most_wrong)[:, None]
    return Law.equals(lambda t: -np.logaddexp(0.0, 2 * height(c, t) - log_share))


def adam_ratio(x: Float[np.ndarray, " S"], beta1: float, beta2: float) -> Float[np.ndarray, " S"]:
    """r(x), to what m / sqrt(v) tends where gradients fall like e^{-x t}."""
    left = np.maximum(-np.expm1(2 * x + math.log(beta2)), 0.0) / (1 - beta2)
    return (1 - beta1) / (1 - beta1 * np.exp(x)) * np.sqrt(left)


def adam_speed(c: Constants) -> Float[np.ndarray, " S"]:
    """The x of x = eta (2/h) r(x), by bisection.

    nan without an order, or where the rule is another.
    """
    rule = c.optimizer
    if not isinstance(rule, Adam) or not rule.beta1 < rule.beta2:
        return np.full_like(c.longest_chain, math.nan)
    reach = c.eta * 2 / c.longest_chain
    low = np.zeros_like(reach)
    high = np.full_like(reach, -math.log(rule.beta2) / 2)
    for _ in range(60):
        middle = (low + high) / 2
        slow = reach * adam_ratio(middle, rule.beta1, rule.beta2) > middle
        low, high = np.where(slow, middle, low), np.where(slow, high, middle)
    return np.where(np.isfinite(reach), (low + high) / 2, math.nan)


def after_one_nat(c: Constants) -> Float[np.ndarray, " S"]:
    """First step at which a gap of one nat is due."""
    return np.ceil(1 / adam_speed(c))


SIGN_DESCENT = [
    Claim(
        id="sign.exact.margin",
        statement="under sign descent every score gap is 2 c(t), c(t) = eta t, or with decay "
        "(1 - (1 - eta lambda)^t) / lambda",
        source="proved here",
        version="closed form",
        stage=Stage.attention,
        observable="score_margin",
        law=sign_margin,
        preconditions=BY_SIGN,
    ),
    Claim(
        id="sign.exact.norm",
        statement="under sign descent ||W_kq|| = c(t) sqrt(comparable pairs)",
        source="proved here",
        version="closed form",
        stage=Stage.attention,
        observable="norm_kq",
        law=sign_norm,
        preconditions=BY_SIGN,
    ),
    Claim(
        id="sign.exact.leak",
        statement="under sign descent phi_- = r / (r + exp(2 c(t))) in the worst sentence, r its "
        "wrong copies over the optimal ones",
        source="proved here",
        version="closed form",
        stage=Stage.attention,
        observable="log_leak",
        law=sign_leak,
        preconditions=BY_SIGN,
    ),
]

ADAM_SPEED = [
    Claim(
        id="adam.speed",
        statement="under Adam with epsilon = 0 the least score gap grows by x a step, "
        "x = eta (2/h) r(x) < -log(beta2) / 2",
        source="derived here",
        version="heuristic",
        stage=Stage.attention,
        observable="score_margin",
        law=lambda c: Law.linear_growth(adam_speed(c), adam_speed(c), asymptotic=True),
        preconditions=BY_ADAM,
        t_min=after_one_nat,
        kind="derived",
        tight=True,
    ),
]
