"""What a fused kernel measures at a step: the scalars of `observables`.

A kernel leaves in `PerSentence` what each sentence says; `measure_step` makes one row of numbers of
that, of the weights and of their slope.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.growth_kernel import log_growth
from ntp_dynamics.studies.next_token.model.per_sentence import (
    NO_CLASS,
    measure_sentences,
    share_surplus,
)
from ntp_dynamics.studies.next_token.model.score_gaps import Gaps, least_gaps
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    load,
    store,
    where_equal,
)
from ntp_dynamics.studies.next_token.model.simd_math import largest, maximum, total
from ntp_dynamics.studies.next_token.model.weight_columns import WeightColumns, square_of_sums

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
    "log_leak_loss",
    "log_fluctuation",
    "finite_distance",
    "log_least_excess",
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
    LOG_LEAK_LOSS,
    LOG_FLUCTUATION,
    FINITE_DISTANCE,
    LOG_LEAST_EXCESS,
) = range(len(MEASURES))

TIE = 1e-12
"""A margin below so much of the largest logit is a tie."""


class KernelReference(NamedTuple):
    """What a run is measured against, in the order of its layout."""

    attentive: bool
    """Whether it is attention that is trained."""
    pi: Float[np.ndarray, " sentences"]
    """0 for what only fills the lanes."""
    mass: float
    """Sum of pi."""
    classes: float
    shared: bool
    """Whether all wrong tokens have one class, as with two labels; else each has its own."""
    margin: float
    """The margin Delta of the logits where all are equal and the excess is known, else nan."""
    largest_logit: float
    """nan where the weights are the logits."""
    target: Float[np.ndarray, " pairs"]
    """The max-margin solution, of norm 1."""
    still: float
    """Sum of squares of the entries that no sentence moves."""
    outside: float
    """Norm of the weight outside the span of the token vectors."""
    columns: WeightColumns
    """The weights of each query (of each token, in stage 1)."""
    relations: Gaps
    beside: Gaps
    ranks: Gaps
    still_margin: float
    """As `rank_groups.RankGroups`."""
    score: Float[np.ndarray, " pairs"]
    """Room for the weights; empty where they started at 0, and are what was moved."""


@njit(**INLINE)
def measure_step(against, per_sentence, iterate, row):
    """Fill a row; without a target only with what needs no weights."""
    biggest = 0.0
    if len(against.target) > 0:
        weight = against.score if len(against.score) > 0 else iterate.moved
        biggest = measure_weights(against, iterate, weight, row)
        row[SCORE_MARGIN], row[ORDER_EXTENSION_MARGIN] = margins(against, weight)
    logit = biggest if math.isnan(against.largest_logit) else against.largest_logit
    share_surplus(against, per_sentence)
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
    row[PATH_LENGTH] = iterate.length[0]
    row[LOG_ATTENTION_GROWTH] = log_growth(per_sentence)


@njit(**INLINE)
def measure_weights(against, iterate, weight, row):
    """What depends on the weights and their slope; the largest weight."""
    if len(against.score) > 0:
        for p in range(0, len(weight), LANES):
            start = load(iterate.start, p)
            x = start + load(iterate.moved, p)
            store(weight, p, where_equal(start, fill(NO_CLASS), fill(0.0), x))
    zero = fill(0.0)
    square, steep, along, biggest = zero, zero, zero, zero
    pairs = len(iterate.start)
    for p in range(0, pairs, LANES):
        x, d = load(weight, p), load(iterate.slope, p)
        square = square + x * x
        steep = steep + d * d
        along = along + d * load(against.target, p)
        biggest = maximum(maximum(x, zero - x), biggest)
    inside = total(square) + against.still
    norm = math.sqrt(inside + against.outside * against.outside)
    slope = math.sqrt(total(steep))

    unbalanced = math.sqrt(square_of_sums(against.columns, iterate.slope))

    per_norm = 1.0 / norm
    apart = zero
    for p in range(0, pairs, LANES):
        unit = load(weight, p) * per_norm - load(against.target, p)
        apart = apart + unit * unit
    off = against.still + against.outside * against.outside
    gap = 0.5 * (total(apart) + off * per_norm * per_norm)

    row[NORM_RATIO] = norm / iterate.length[0] if iterate.length[0] > 0 else math.nan
    row[LOG_GRAD_NORM] = iterate.scale[0] + math.log(slope)
    row[ZERO_SUM_RESIDUAL] = unbalanced / slope
    row[NORM] = norm
    row[DIRECTION_GAP] = gap
    row[GRADIENT_ALIGNMENT] = -total(along) / slope
    return largest(biggest)


@njit(**INLINE)
def margins(against, weight):
    """Score margin, order-extension margin; nan where there is none."""
    score_margin, order_margin = least_gaps(against.relations, weight)
    order_margin = min(order_margin, against.still_margin, least_gaps(against.beside, weight)[1])
    order_margin = min(order_margin, least_gaps(against.ranks, weight)[0])
    return (
        score_margin if score_margin < math.inf else math.nan,
        order_margin if order_margin < math.inf else math.nan,
    )


@compiled
def log_gap(against, per_sentence):
    """log of the loss above its infimum, which is 0 where attention is not trained alone."""
    share_surplus(against, per_sentence)
    said = measure_sentences(against, per_sentence, 0.0)
    return said[2] if against.attentive else said[0]
