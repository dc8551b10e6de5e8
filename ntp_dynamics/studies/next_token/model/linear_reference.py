"""What a run on a softmax-linear loss is measured against, laid out as its kernel has it."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.iterate import Iterate
from ntp_dynamics.studies.next_token.model.kernel_reference import (
    attention_reference,
    no_reference,
)
from ntp_dynamics.studies.next_token.model.linear_layout import LaidLinear, LinearLayout
from ntp_dynamics.studies.next_token.model.linear_measure import LinearReference
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.model.weight_columns import weight_columns


def soft_reference(
    laid: LaidLinear,
    iterate: Iterate,
    batch: Batch,
    run: int,
    matrix: TokenMatrix,
    reference: Reference | None,
) -> LinearReference:
    """Of the feed-forward stage with soft labels; without a reference, not of its weights."""
    n = batch.collocation[run].numpy(force=True)
    bounds = np.searchsorted(laid.column, np.arange(len(n) + 1))
    known = np.flatnonzero(n >= 0)
    known = known[bounds[known] < bounds[known + 1]]
    label = np.searchsorted(laid.column * len(n) + laid.place // len(n), known * len(n) + n[known])
    start = matrix.start[run].numpy(force=True)
    still = np.delete(start, np.unique(laid.column), axis=1) if len(iterate.start) else start
    weights = no_reference()
    if reference is not None:
        target = (reference.ov[run] / reference.ov_norm[run]).numpy(force=True).ravel()[laid.place]
        filled = np.zeros(len(iterate.start))
        filled[: len(target)] = target * laid.layout.root[: len(target)]
        weights = weights._replace(
            target=filled,
            still=float(np.square(still).sum()),
            outside=float(matrix.outside_norm[run]),
            columns=weight_columns(bounds),
            score=np.zeros(len(filled) if iterate.start.any() else 0),
        )
    return LinearReference(
        weights,
        samples=len(laid.samples),
        right=_right(laid.layout),
        optimal=np.ones(len(laid.samples), dtype=bool),
        label=label,
        begin=bounds[known],
        end=bounds[known + 1],
        largest=float(np.abs(still).max(initial=0.0)),
        balance=np.zeros(len(laid.layout.root)),
    )


def log_head_reference(
    laid: LaidLinear,
    iterate: Iterate,
    batch: Batch,
    run: int,
    matrix: TokenMatrix,
    logits: Float[Tensor, "V V"],
    reference: Reference | None,
) -> LinearReference:
    """Of the attention stage with the log head; without a reference, not of its weights."""
    weights = no_reference()._replace(attentive=True)
    if reference is not None:
        weights = attention_reference(
            laid.place,
            np.zeros(0),
            iterate,
            batch,
            run,
            matrix.start[run],
            logits,
            math.nan,
            float(matrix.outside_norm[run]),
            reference,
        )
    nothing = np.zeros(0, dtype=np.int64)
    return LinearReference(
        weights,
        samples=len(laid.samples),
        right=_right(laid.layout),
        optimal=batch.optimal[run].any(-1).numpy(force=True)[laid.samples],
        label=nothing,
        begin=nothing,
        end=nothing,
        largest=float(logits.abs().max()),
        balance=np.zeros(len(laid.layout.root)),
    )


def _right(layout: LinearLayout) -> Int[np.ndarray, " samples"]:
    """The first slot of the largest target of each sample whose label's component has several."""
    right = np.zeros(len(layout.pi), dtype=np.int64)
    some = np.flatnonzero(np.diff(layout.first_in))
    if len(some):
        begins = layout.first_in[some]
        most = np.maximum.reduceat(layout.target_in, begins)
        best = layout.target_in == np.repeat(most, layout.first_in[some + 1] - begins)
        right[some] = np.flatnonzero(best)[np.searchsorted(np.flatnonzero(best), begins)]
    return right
