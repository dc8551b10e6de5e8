"""The layout of sentences for the kernels of any logits: one after the other, the tokens of each in
whole vectors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.per_sentence import NO_CLASS
from ntp_dynamics.studies.next_token.model.simd import LANES


class DenseLayout(NamedTuple):
    """The sentences of one corpus, their distinct tokens filled up to whole vectors."""

    columns: Float[np.ndarray, " V*classes"]
    """M, column after column, each filled up to whole vectors."""
    classes: int
    first: Int[np.ndarray, " sentences+1"]
    """Where the tokens of each sentence begin."""
    moving: int
    """How many sentences have a gradient; the others come last and are only measured."""
    size: Int[np.ndarray, " sentences"]
    """Its number of distinct tokens."""
    pair: Int[np.ndarray, " slots"]
    """Which score S_uq a token has; the last one for a token that is not there."""
    column: Int[np.ndarray, " slots"]
    """Where its column of M begins."""
    copies: Float[np.ndarray, " slots"]
    optimal: Float[np.ndarray, " slots"]
    """1 for a token that n maps to the label, else 0."""
    label: Int[np.ndarray, " sentences"]
    log_pi: Float[np.ndarray, " sentences"]
    last: int
    """The class that stands for ``many``."""
    many: float


def lay_out_dense(
    batch: Batch, run: int, logits: Float[Tensor, "J V"]
) -> tuple[DenseLayout, Int[np.ndarray, " P"], Int[np.ndarray, " N"]]:
    """The layout of one run, where the scores that occur stand in the flattened V x Q, and where
    each sentence stands in the layout."""
    size = int(batch.n_sentences[run])
    token, log_copies, query, label, log_pi = (
        x[run, :size].numpy(force=True)
        for x in (batch.token, batch.log_copies, batch.query, batch.next_token, batch.log_pi)
    )
    real = log_copies > -math.inf
    lonely = real.sum(1) == 1  # one token attends to itself: no gradient
    rows = np.argsort(lonely, kind="stable")
    slots = -(-real.shape[1] // LANES) * LANES
    fill_up = [(0, 0), (0, slots - real.shape[1])]
    token, log_copies, real = (
        np.pad(x[rows], fill_up, constant_values=c)
        for x, c in ((token, 0), (log_copies, -math.inf), (real, False))
    )
    count = real.sum(1)
    keys = query[rows, None] * batch.vocab_size + token
    occurring = np.unique(keys[real])
    absent = -(-len(occurring) // LANES) * LANES
    pair = np.where(real, np.searchsorted(occurring, keys), absent)
    widths = -(-count // LANES) * LANES
    kept = np.arange(slots) < widths[:, None]
    columns = padded_columns(logits)
    optimal = np.pad(batch.optimal[run, :size].numpy(force=True)[rows], fill_up)
    layout = DenseLayout(
        columns=columns.ravel(),
        classes=columns.shape[1],
        first=np.concatenate([[0], widths.cumsum()]).astype(np.int64),
        moving=int((~lonely).sum()),
        size=count.astype(np.int64),
        pair=pair[kept].astype(np.int32),
        column=(token * columns.shape[1])[kept].astype(np.int64),
        copies=np.rint(np.exp(log_copies))[kept],
        optimal=optimal[kept].astype(np.float64),
        label=label[rows].astype(np.int64),
        log_pi=log_pi[rows],
        last=batch.label_size - 1,
        many=float(max(batch.unused, 1)),
    )
    query_of, token_of = np.divmod(occurring, batch.vocab_size)
    return aligned(layout), token_of * batch.n_queries + query_of, np.argsort(rows)


def padded_columns(logits: Float[Tensor, "J V"]) -> Float[np.ndarray, "V classes"]:
    """The columns of M as rows, filled up to whole vectors with classes that never occur."""
    columns = logits.numpy(force=True).T
    missing = -columns.shape[1] % LANES
    return np.pad(columns, [(0, 0), (0, missing)], constant_values=NO_CLASS)
