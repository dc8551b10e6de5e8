"""The fused kernel of the joint stage: both layers from one pass over the sentences.

dLoss/dS is that of `model.dense`, with logits that move along.  In the same units

    dLoss/dM[:,u] = sum over sentences of pi e^m / (1 + e^m |e_y|) * phi_u e,

at a log-scale of its own.  Of classes that stand together M moves along their unit vector: the
iterate holds sqrt(many) times the logit that each of them has.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from torch import Tensor

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.dense import accumulate, room_of
from ntp_dynamics.studies.next_token.model.dense_layout import DenseLayout, lay_out_dense
from ntp_dynamics.studies.next_token.model.iterate import entries, unit
from ntp_dynamics.studies.next_token.model.kernel_descent import descend_both
from ntp_dynamics.studies.next_token.model.per_sentence import NO_CLASS
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, store


@compiled
def advance_joint(
    layout,
    scores,
    logits,
    trained_scores,
    trained_logits,
    steps,
    sampling,
    against,
    per_sentence,
    length,
):
    """Take steps of both iterates; numbers depend on nothing but how many were taken."""
    room = room_of(layout)
    descend_both(
        _both,
        layout,
        scores,
        logits,
        trained_scores,
        trained_logits,
        room,
        steps,
        sampling,
        against,
        per_sentence,
        length,
    )


@njit(**INLINE)
def _both(layout, sampling, drawn, scores, logits, room, against, per_sentence, noting):
    for p in range(0, len(logits.start), LANES):
        store(layout.columns, p, entries(logits, p))
    if logits.kept[0] != 1.0:  # what only fills the lanes does not decay
        for p in range(0, len(logits.start), layout.classes):
            layout.columns[p + layout.last + 1 : p + layout.classes] = NO_CLASS
    if layout.many > 1.0:
        for p in range(layout.last, len(logits.start), layout.classes):
            layout.columns[p] /= math.sqrt(layout.many)
    scale = unit(scores)
    return accumulate(
        layout, sampling, drawn, scores, scale, room, against, per_sentence, noting, logits
    )


def lay_out_joint(
    batch: Batch, run: int, logits: Float[Tensor, "J V"]
) -> tuple[DenseLayout, Int[np.ndarray, " P"], Int[np.ndarray, " N"]]:
    """As `lay_out_dense`, of one run whose logits move."""
    layout, pairs, row = lay_out_dense(batch, run, logits)
    everyone = len(layout.label)  # a token that attends to itself moves the logits
    layout = layout._replace(columns=layout.columns.copy(), moving=everyone)
    return aligned(layout), pairs, row
