"""What the kernel of a softmax-linear loss measures at a step: the scalars of `observables`."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.linear_excess_kernel import (
    log_parts,
    measure_distance,
)
from ntp_dynamics.studies.next_token.model.measure import (
    ACCURACY,
    ACCURACY_UNWEIGHTED,
    ATTENTION_MASS_MEAN,
    ATTENTION_MASS_MIN,
    FINITE_DISTANCE,
    LOG_EXCESS_LOSS,
    LOG_FLUCTUATION,
    LOG_LEAK,
    LOG_LEAK_LOSS,
    LOG_LEAST_EXCESS,
    LOG_LOSS,
    MARGIN_MAX,
    MARGIN_MIN,
    ORDER_EXTENSION_MARGIN,
    PATH_LENGTH,
    SCORE_MARGIN,
    TIE,
    ZERO_SUM_RESIDUAL,
    KernelReference,
    margins,
    measure_weights,
)
from ntp_dynamics.studies.next_token.model.per_sentence import NEVER
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, load, store
from ntp_dynamics.studies.next_token.model.weight_columns import square_of_sums


class LinearReference(NamedTuple):
    """What a run is measured against, in the order of its layout."""

    weights: KernelReference
    """Of the entries; without a target nothing is measured of them."""
    samples: int
    """How many there are; the others fill the lanes."""
    right: Int[np.ndarray, " samples"]
    """The slot of what each sample is taught most; not read where its label is alone."""
    optimal: Bool[np.ndarray, " samples"]
    """Attention: whether what a sentence is taught is optimal; not so for one token alone that
    another continues."""
    label: Int[np.ndarray, " known"]
    """Feed-forward: the entry of the one continuation of each token that has one."""
    begin: Int[np.ndarray, " known"]
    """Where the entries of its column begin."""
    end: Int[np.ndarray, " known"]
    largest: float
    """The largest logit of those that no sample moves; of all, where attention is trained."""
    balance: Float[np.ndarray, " entries"]
    """Room for the slope of equal entries together."""


@compiled
def measure_linear(against, layout, iterate, row):
    """Fill a row."""
    room, weights = layout.room, against.weights
    leak, fluctuation = log_parts(layout)
    excess = np.logaddexp(leak, fluctuation)
    row[LOG_LEAK_LOSS], row[LOG_FLUCTUATION], row[LOG_EXCESS_LOSS] = leak, fluctuation, excess
    row[LOG_LEAST_EXCESS] = min(room.least[0], excess)
    row[FINITE_DISTANCE] = measure_distance(layout)
    row[PATH_LENGTH] = iterate.length[0]
    if len(weights.target) > 0:
        weight = weights.score if len(weights.score) > 0 else iterate.moved
        measure_weights(weights, iterate, weight, row)
        row[ZERO_SUM_RESIDUAL] = _unbalanced(against, layout, iterate)
        if weights.attentive:
            row[SCORE_MARGIN], row[ORDER_EXTENSION_MARGIN] = margins(weights, weight)
    largest = against.largest
    if not weights.attentive:
        row[MARGIN_MIN], row[MARGIN_MAX] = _class_margins(against, room.value)
        for p in range(len(iterate.start)):
            largest = max(largest, abs(room.value[p]))
    _measure_samples(against, layout, TIE * largest, row)


@njit(**INLINE)
def _unbalanced(against, layout, iterate):
    """||column sums|| / ||slope||."""
    square = 0.0
    for p in range(0, len(iterate.start), LANES):
        store(against.balance, p, load(iterate.slope, p) * load(layout.root, p))
    for p in range(len(iterate.start)):
        square += iterate.slope[p] * iterate.slope[p]
    return math.sqrt(square_of_sums(against.weights.columns, against.balance) / square)


@njit(**INLINE)
def _class_margins(against, value):
    """The least and the largest lead of the one continuation of a token over another class."""
    least, most = math.inf, -math.inf
    for i in range(len(against.label)):
        label = against.label[i]
        for p in range(against.begin[i], against.end[i]):
            if p != label:
                lead = value[label] - value[p]
                least, most = min(least, lead), max(most, lead)
    return least if least < math.inf else math.nan, most if most > -math.inf else math.nan


@njit(**INLINE)
def _measure_samples(against, layout, tie, row):
    """Loss and accuracy, and where attention is trained its masses."""
    top, sum_ = -math.inf, 0.0  # of the losses, as sum_ e^top
    failed, right_ones = 0.0, 0.0
    leak, least, mean = -math.inf, 1.0, 0.0
    for n in range(against.samples):
        log_loss, margin = _of_sample(against, layout, n)
        pi = layout.pi[n]
        weighted = log_loss + layout.log_pi[n]
        if weighted > top:
            sum_, top = sum_ * math.exp(top - weighted) + 1.0, weighted
        elif weighted > -math.inf:
            sum_ += math.exp(weighted - top)
        elif math.isnan(weighted):
            sum_ = math.nan
        if margin < -tie:
            right_ones += 1.0
        else:
            failed += pi
        if against.optimal[n]:
            loss = math.exp(log_loss)
            mass = math.exp(-loss)
            wrong = log_loss - 0.5 * loss if loss < 1e-8 else math.log(-math.expm1(-loss))
        else:
            mass, wrong = 0.0, 0.0
        leak, least, mean = max(leak, wrong), min(least, mass), mean + pi * mass
    row[LOG_LOSS] = top + math.log(sum_)
    row[ACCURACY] = right_ones / against.samples
    if against.weights.attentive:
        row[ACCURACY], row[ACCURACY_UNWEIGHTED] = 1.0 - failed, row[ACCURACY]
    # of soft labels these say no more than whether all weights are numbers
    row[LOG_LEAK], row[ATTENTION_MASS_MIN], row[ATTENTION_MASS_MEAN] = leak, least, mean


@njit(**INLINE)
def _of_sample(against, layout, n):
    """Log of the cross-entropy, a sum of two terms of which none is a difference,

        log1p(e^{lse_out - lse_in}) + sum_v p_v (lse_in - a_v);

    and the largest logit but that of what is taught most, less that one.
    """
    room = layout.room
    gap = room.gap[n]
    t = math.exp(-abs(gap))
    outer = math.log(math.log1p(t) + max(gap, 0.0)) if gap > -36.0 else gap
    outer = outer if gap > 0.5 * NEVER else -math.inf
    if layout.component[n] < 0:
        return outer, room.top_out[n] - room.top_in[n]
    top, others, ties, depth = room.top_in[n], 0.0, 0, 0.0
    right, rival = 0.0, room.top_out[n]
    for s in range(layout.first_in[n], layout.first_in[n + 1]):
        a = room.value[layout.entry_in[s]] + layout.copies_in[s]
        if a == top:
            ties += 1
        else:
            others += math.exp(a - top)
        if layout.target_in[s] > 0.0:
            depth += layout.target_in[s] * (top - a)
        if s == against.right[n]:
            right = a
        else:
            rival = max(rival, a)
    inner = depth + math.log1p(others + (ties - 1))
    return np.logaddexp(outer, math.log(inner)), rival - right
