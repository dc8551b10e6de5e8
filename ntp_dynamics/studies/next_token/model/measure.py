"""What a fused kernel measures at a step: the scalars of `observables`.

A kernel leaves in `PerSentence` what each sentence says; `measure_step` makes one row of numbers of
that, of the weights and of their slope.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.growth_kernel import log_growth
from ntp_dynamics.studies.next_token.model.per_sentence import measure_sentences
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, gather, load, store
from ntp_dynamics.studies.next_token.model.simd_math import largest, maximum, minimum, total

MEASURES = (
    "path_length",
    "norm_ratio",
    "log_grad_norm",
    "zero_sum_residual",
    "norm",
    "direction_gap",
    "log_loss",
    "accuracy",
    "log_excess_loss",
    "gradient_alignment",
    "score_margin",
    "order_extension_margin",
    "log_leak",
    "attention_mass_min",
    "attention_mass_mean",
    "accuracy_unweighted",
    "log_attention_growth",
    "margin_min",
    "margin_max",
)
"""The numbers of a row."""
(
    PATH_LENGTH,
    NORM_RATIO,
    LOG_GRAD_NORM,
    ZERO_SUM_RESIDUAL,
    NORM,
    DIRECTION_GAP,
    LOG_LOSS,
    ACCURACY,
    LOG_EXCESS_LOSS,
    GRADIENT_ALIGNMENT,
    SCORE_MARGIN,
    ORDER_EXTENSION_MARGIN,
    LOG_LEAK,
    ATTENTION_MASS_MIN,
    ATTENTION_MASS_MEAN,
    ACCURACY_UNWEIGHTED,
    LOG_ATTENTION_GROWTH,
    MARGIN_MIN,
    MARGIN_MAX,
) = range(len(MEASURES))

TIE = 1e-12
"""A margin below so much of the largest logit is a tie."""
OPTIMAL, BETWEEN, NON_OPTIMAL = 1, 2, 3
"""Roles of a token under a query; 2 is non-comparable."""


class KernelReference(NamedTuple):
    """What a run is measured against, in the order of its layout."""

    attentive: bool
    """Whether it is attention that is trained."""
    pi: Float[np.ndarray, " sentences"]
    """0 for what only fills the lanes."""
    mass: float
    """Sum of pi."""
    classes: float
    margin: float
    """The margin Delta of the logits where all are equal and n is injective, else nan."""
    largest_logit: float
    """nan where the weights are the logits."""
    real: Float[np.ndarray, " pairs"]
    """1 for a weight, 0 for what only fills the lanes."""
    target: Float[np.ndarray, " pairs"]
    """The max-margin solution, of norm 1."""
    still: float
    """Sum of squares of the entries that no sentence moves."""
    outside: float
    """Norm of the weight outside the span of the token vectors."""
    column: Int[np.ndarray, " columns+1"]
    """Where the weights of each query (of each token, in stage 1) begin."""
    above: Int[np.ndarray, " relations"]
    below: Int[np.ndarray, " relations"]
    """Relations S_above > S_below, filled up to whole vectors."""
    role: Int[np.ndarray, " pairs"]
    bounds: Float[np.ndarray, "queries 4"]
    """Of the tokens of each query that no sentence moves: the least optimal score, the largest and
    the least non-comparable, the largest non-optimal."""
    score: Float[np.ndarray, " pairs+8"]
    """Room for the weights."""


@compiled
def measure_step(against, per_sentence, iterate, row):
    """Fill a row."""
    biggest = _measure_weights(against, iterate, row)
    logit = biggest if math.isnan(against.largest_logit) else against.largest_logit
    (
        row[LOG_LOSS],
        row[ACCURACY],
        row[LOG_EXCESS_LOSS],
        row[LOG_LEAK],
        row[ATTENTION_MASS_MIN],
        row[ATTENTION_MASS_MEAN],
        row[ACCURACY_UNWEIGHTED],
        row[MARGIN_MIN],
        row[MARGIN_MAX],
    ) = measure_sentences(against, per_sentence, TIE * logit)
    row[LOG_ATTENTION_GROWTH] = log_growth(per_sentence)
    row[SCORE_MARGIN] = _score_margin(against) if len(against.above) > 0 else math.nan
    row[ORDER_EXTENSION_MARGIN] = _order_extension_margin(against)


@njit(**INLINE)
def _measure_weights(against, iterate, row):
    """What depends on the weights and their slope; the largest weight."""
    zero = fill(0.0)
    square, steep, along, biggest = zero, zero, zero, zero
    pairs = len(iterate.start)
    for p in range(0, pairs, LANES):
        x = (load(iterate.start, p) + load(iterate.moved, p)) * load(against.real, p)
        d = load(iterate.slope, p)
        store(against.score, p, x)
        square = square + x * x
        steep = steep + d * d
        along = along + d * load(against.target, p)
        biggest = maximum(maximum(x, zero - x), biggest)
    inside = total(square) + against.still
    norm = math.sqrt(inside + against.outside * against.outside)
    slope = math.sqrt(total(steep))

    per_norm = 1.0 / norm
    apart = zero
    for p in range(0, pairs, LANES):
        unit = load(against.score, p) * per_norm - load(against.target, p)
        apart = apart + unit * unit
    off = against.still + against.outside * against.outside
    gap = 0.5 * (total(apart) + off * per_norm * per_norm)

    residual = 0.0
    for c in range(len(against.column) - 1):
        s = 0.0
        for p in range(against.column[c], against.column[c + 1]):
            s += iterate.slope[p]
        residual += s * s

    row[PATH_LENGTH] = iterate.length[0]
    row[NORM_RATIO] = norm / iterate.length[0] if iterate.length[0] > 0 else math.nan
    row[LOG_GRAD_NORM] = iterate.scale[0] + math.log(slope)
    row[ZERO_SUM_RESIDUAL] = math.sqrt(residual) / slope
    row[NORM] = norm
    row[DIRECTION_GAP] = gap
    row[GRADIENT_ALIGNMENT] = -total(along) / slope
    return largest(biggest)


@njit(**INLINE)
def _score_margin(against):
    least = fill(math.inf)
    for i in range(0, len(against.above), LANES):
        above, below = (
            gather(against.score, against.above, i),
            gather(against.score, against.below, i),
        )
        least = minimum(above - below, least)
    return -largest(fill(0.0) - least)


@njit(**INLINE)
def _order_extension_margin(against):
    margin = math.inf
    for c in range(len(against.bounds)):
        least_optimal, most_between = against.bounds[c, 0], against.bounds[c, 1]
        least_between, most_non_optimal = against.bounds[c, 2], against.bounds[c, 3]
        for p in range(against.column[c], against.column[c + 1]):
            score, role = against.score[p], against.role[p]
            if role == OPTIMAL:
                least_optimal = min(score, least_optimal)
            elif role == BETWEEN:
                most_between = max(score, most_between)
                least_between = min(score, least_between)
            elif role == NON_OPTIMAL:
                most_non_optimal = max(score, most_non_optimal)
        margin = min(margin, least_optimal - most_between, least_between - most_non_optimal)
    return margin if margin < math.inf else math.nan


@compiled
def log_gap(against, per_sentence):
    """log of the loss above its infimum, which is 0 where attention is not trained alone."""
    said = measure_sentences(against, per_sentence, 0.0)
    return said[2] if against.attentive else said[0]
