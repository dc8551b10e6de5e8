"""The fused kernel of the feed-forward stage from any start: eight classes fill a vector."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from torch import Tensor

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.coordinates import Coordinates
from ntp_dynamics.studies.next_token.model.dense import exp_in_range, odds_of
from ntp_dynamics.studies.next_token.model.dense_layout import padded_columns
from ntp_dynamics.studies.next_token.model.iterate import Iterate, entries, iterate_at
from ntp_dynamics.studies.next_token.model.kernel_descent import descend
from ntp_dynamics.studies.next_token.model.per_sentence import NEVER, NO_CLASS
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, load, store


class Columns(NamedTuple):
    """The known tokens of the feed-forward stage."""

    first: Int[np.ndarray, " K"]
    """Where the column of a token begins."""
    label: Int[np.ndarray, " K"]
    classes: int
    last: int
    """The class that stands for ``many``: its weight is along their unit vector, sqrt(many) times
    the logit of each."""
    many: float


@compiled
def advance_columns(columns, iterate, trained, steps, sampling, against, per_sentence, due, rows):
    """The feed-forward stage: D[:,x] = softmax(M[:,x]) - e_n(x)."""
    room = np.empty(columns.classes)
    descend(
        _columns,
        columns,
        iterate,
        trained,
        room,
        steps,
        sampling,
        against,
        per_sentence,
        due,
        rows,
    )


@njit(**INLINE)
def _columns(columns, sampling, drawn, iterate, scale, class_, against, per_sentence, noting):
    """dL0/dM e^-scale; the log of the largest token."""
    biggest = NEVER
    for x in range(len(columns.label)):
        begin, label = columns.first[x], columns.label[x]
        for j in range(0, columns.classes, LANES):
            store(class_, j, entries(iterate, begin + j))
        class_[columns.last + 1 :] = NO_CLASS  # weight decay does not make them classes
        if columns.many > 1.0:
            class_[columns.last] /= math.sqrt(columns.many)
        lead = _lead(class_, label) if noting else 0.0
        margin, odds = odds_of(class_, label)
        if columns.many > 1.0:
            odds += (columns.many - 1.0) * class_[columns.last]
            class_[columns.last] *= math.sqrt(columns.many)
        if noting:
            per_sentence.lead[x] = lead
            per_sentence.margin[x], per_sentence.odds[x] = margin, odds
        below = min(margin, 0.0)
        biggest = max(biggest, below)
        per_odds = 1.0 / (math.exp(below - margin) + math.exp(below) * odds)
        factor = exp_in_range(below - scale) * per_odds
        class_[label] = -odds
        for j in range(0, columns.classes, LANES):
            store(iterate.slope, begin + j, load(class_, j) * factor)
    return biggest


@njit(**INLINE)
def _lead(class_, label):
    """Of the label over the least of the other classes."""
    least = math.inf
    for j in range(len(class_)):
        if j != label and class_[j] > NO_CLASS:
            least = min(least, class_[j])
    return class_[label] - least


def start_columns(
    batch: Batch,
    run: int,
    start: Float[Tensor, "J V"],
    within: Coordinates | None = None,
) -> tuple[Columns, Iterate]:
    """The feed-forward stage of one run at its start."""
    columns = padded_columns(start)
    n = batch.collocation[run].numpy(force=True)
    known = np.nonzero(n >= 0)[0]
    last, many = batch.label_size - 1, float(max(batch.unused, 1))
    columns[:, last] *= math.sqrt(many)
    classes = columns.shape[1]
    layout = Columns(known * classes, n[known].astype(np.int64), classes, last, many)
    return aligned(layout), iterate_at(columns.ravel(), False, within)
