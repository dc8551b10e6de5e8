"""Corpora laid out for the fused kernels: sentences in blocks of eight, tokens in slots.

Sentences whose tokens have one and the same column of M have no gradient and come in blocks of
their own, the last ones.  The order depends on the corpus alone: by number of slots, then query, so
that the lanes of a block are alike; a block is filled up with copies of weight zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.coordinates import Coordinates
from ntp_dynamics.studies.next_token.model.dense import DenseLayout, lay_out_dense
from ntp_dynamics.studies.next_token.model.gains import gains, kinds
from ntp_dynamics.studies.next_token.model.iterate import Iterate, iterate_at
from ntp_dynamics.studies.next_token.model.kernel import Layout
from ntp_dynamics.studies.next_token.model.per_sentence import NEVER
from ntp_dynamics.studies.next_token.model.simd import LANES


@dataclass(frozen=True)
class Laid:
    """One run, ready for a kernel."""

    layout: Layout | DenseLayout
    pairs: Int[np.ndarray, " P"]
    """Where the scores that occur stand in the flattened V x Q scores."""
    row: Int[np.ndarray, " N"]
    """Where each sentence of the corpus stands in the layout."""

    def iterate(
        self,
        start: Float[np.ndarray, "V Q"],
        memories: int = 0,
        within: Coordinates | None = None,
    ) -> Iterate:
        """At the start, for a rule with so many memories."""
        scores = np.zeros(-(-len(self.pairs) // LANES) * LANES)
        scores[: len(self.pairs)] = start.reshape(-1)[self.pairs]
        return iterate_at(scores, True, memories, within)


def lay_out(batch: Batch, run: int, logits: Float[Tensor, "V V"]) -> Laid:
    """The layout of one run: blocks of sentences where the logits have gains, else dense."""
    gain = gains(logits, batch.collocation[run])
    if gain is None:
        return Laid(*lay_out_dense(batch, run, logits))
    return _lay_out_blocks(batch, run, gain)


def _lay_out_blocks(batch: Batch, run: int, gain: Float[np.ndarray, " V"]) -> Laid:
    """The layout of one run whose logits have these gains."""
    slots = _slots(batch, run, gain)
    rows = len(slots.width)
    widths = slots.width.reshape(-1, LANES).max(1)  # of the blocks
    widest = widths.repeat(LANES)

    def blocked(x: np.ndarray) -> np.ndarray:
        blocks = x.reshape(-1, LANES, x.shape[1])
        parts = [block[:, :width].T.ravel() for block, width in zip(blocks, widths, strict=True)]
        return np.concatenate([x[:0].ravel(), *parts])

    keys = slots.query[:, None] * batch.vocab_size + slots.token  # by query: close in memory
    occurring = np.unique(keys[slots.real])
    absent = -(-len(occurring) // LANES) * LANES
    pair = np.where(slots.real, np.searchsorted(occurring, keys), absent)
    shift = np.rint(np.log2(slots.copies))

    leader = _leaders(slots, widest, batch.classes)
    row, slot = np.nonzero(leader >= 0)
    led = leader[row, slot]
    ratio = slots.gain[row, slot] / np.where(led == slot, 1.0, slots.gain[row, led])
    layout = Layout(
        first=np.concatenate([[0], widths.cumsum()]).astype(np.int64),
        moving=slots.moving,
        pair=blocked(pair).astype(np.int32),
        copies=blocked(np.where(slots.real, slots.copies * 2.0**-shift, 0.0)),
        shift=blocked(shift),
        kind=blocked(np.where(slots.real, slots.kind, -2.0)),
        gain=blocked(slots.gain),
        optimal=blocked(slots.optimal),
        rest=batch.classes - widest + (leader >= 0).sum(1).astype(np.float64),
        log_pi=slots.log_pi,
        first_double=np.searchsorted(row, np.arange(0, rows + 1, LANES)),
        double=slot * LANES + row % LANES,
        leader=led * LANES + row % LANES,
        ratio=ratio,
    )
    query, token = np.divmod(occurring, batch.vocab_size)
    return Laid(layout, token * batch.n_queries + query, slots.row)


class _Slots(NamedTuple):
    """The sentences in their order, filled up to whole blocks; their tokens, the predictor first
    (an absent token where there is none), absent ones last."""

    token: Int[np.ndarray, "rows slots"]
    real: Bool[np.ndarray, "rows slots"]
    copies: Float[np.ndarray, "rows slots"]
    gain: Float[np.ndarray, "rows slots"]
    kind: Float[np.ndarray, "rows slots"]
    says: Int[np.ndarray, "rows slots"]
    """The class that the token raises; -1: none."""
    width: Int[np.ndarray, " rows"]
    query: Int[np.ndarray, " rows"]
    row: Int[np.ndarray, " N"]
    """Where each sentence stands."""
    log_pi: Float[np.ndarray, " rows"]
    optimal: Float[np.ndarray, "rows slots"]
    moving: int
    """How many blocks of rows have a gradient."""


def _slots(batch: Batch, run: int, gain: Float[np.ndarray, " V"]) -> _Slots:
    size = int(batch.n_sentences[run])
    token, log_copies = (
        np.pad(x[run, :size].numpy(force=True), [(0, 0), (1, 0)], constant_values=filled)
        for x, filled in ((batch.token, 0), (batch.log_copies, -math.inf))
    )
    query, label, log_pi = (
        x[run, :size].numpy(force=True) for x in (batch.query, batch.next_token, batch.log_pi)
    )
    n = batch.collocation[run].numpy(force=True)
    optimal = np.pad(batch.optimal[run, :size].numpy(force=True), [(0, 0), (1, 0)])
    real = log_copies > -math.inf
    kind = kinds(gain, n)[token]
    says = np.where(real & (gain[token] > 0), n[token], -1)

    right = says == label[:, None]
    right[:, 0] = ~right.any(1)  # an absent token stands for a label that no token predicts
    first = right & (right.cumsum(1) == 1)
    place = np.argsort(np.where(first, 0, np.where(real, 1, 2)), axis=1, kind="stable")
    width = real.sum(1) + right[:, 0]

    mixed = ((kind != kind[:, 1:2]) & real).any(1)  # else all tokens are equal: no gradient
    order = np.lexsort((np.arange(size), query, width))
    groups = [_whole_blocks(order[mixed[order]]), _whole_blocks(order[~mixed[order]])]
    order = np.concatenate([rows for rows, _ in groups])
    weightless = np.concatenate([filled for _, filled in groups])
    place = place[order]

    def placed(x: np.ndarray) -> np.ndarray:
        return np.take_along_axis(x[order], place, axis=1)

    real = placed(real)
    return _Slots(
        token=placed(token),
        real=real,
        copies=np.where(real, np.rint(np.exp(placed(log_copies))), 1.0),
        gain=np.where(real, gain[placed(token)], 0.0),
        kind=placed(kind),
        says=placed(says),
        width=width[order],
        query=query[order],
        row=np.flatnonzero(~weightless)[np.argsort(order[~weightless])],
        log_pi=np.where(weightless, NEVER, log_pi[order]),
        optimal=placed(optimal).astype(np.float64),
        moving=len(groups[0][0]) // LANES,
    )


def _whole_blocks(rows: Int[np.ndarray, " a"]) -> tuple[np.ndarray, Bool[np.ndarray, " b"]]:
    """Rows filled up to whole blocks with the first of them, and which only fill."""
    padding = -len(rows) % LANES
    return (
        np.concatenate([rows, rows[:1].repeat(padding)]),
        np.arange(len(rows) + padding) >= len(rows),
    )


def _leaders(
    slots: _Slots, widest: Int[np.ndarray, " rows"], classes: int
) -> Int[np.ndarray, "rows slots"]:
    """The slot that stands for the class of a token, where it is another; else -1.

    A slot that raises no class counts as a class of logit 0; where that makes one class too many
    (the whole vocabulary in a sentence, and nothing predicts the label) one of them leads itself,
    which takes it out.
    """
    leader = np.full(slots.says.shape, -1)
    said = slots.says[:, :, None] == slots.says[:, None, :]
    earlier = said.argmax(1)
    double = (slots.says >= 0) & (earlier < np.arange(slots.says.shape[1]))
    leader[double] = earlier[double]
    excess = np.nonzero(widest - double.sum(1) > classes)[0]
    idle = 1 + (slots.says[excess, 1:] < 0).argmax(1)
    leader[excess, idle] = idle
    return leader
