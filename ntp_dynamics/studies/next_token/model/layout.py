"""Corpora laid out for the fused kernels: sentences in blocks of eight, tokens in slots.

Sentences whose tokens have one and the same column of M have no gradient and come in blocks of
their own, the last ones.  The order depends on the corpus alone: by number of slots, then query, so
that the lanes of a block are alike; a block is filled up with copies of weight zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.data.rows import starts
from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.coordinates import Coordinates
from ntp_dynamics.studies.next_token.model.dense_layout import DenseLayout, lay_out_dense
from ntp_dynamics.studies.next_token.model.gains import gains, kinds
from ntp_dynamics.studies.next_token.model.iterate import Iterate, iterate_at
from ntp_dynamics.studies.next_token.model.kernel import Layout
from ntp_dynamics.studies.next_token.model.layout_kernels import (
    fill_blocks,
    look_at_rows,
    number_pairs,
)
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
        within: Coordinates | None = None,
    ) -> Iterate:
        """At the start."""
        scores = np.zeros(-(-len(self.pairs) // LANES) * LANES)
        scores[: len(self.pairs)] = start[np.divmod(self.pairs, start.shape[1])]
        return iterate_at(scores, True, within)


def lay_out(batch: Batch, run: int, logits: Float[Tensor, "J V"]) -> Laid:
    """The layout of one run: blocks of sentences where the logits have gains, else dense."""
    gain = gains(logits, batch.collocation[run])
    if gain is None:
        return Laid(*lay_out_dense(batch, run, logits))
    return _lay_out_blocks(batch, run, gain)


def _lay_out_blocks(batch: Batch, run: int, gain: Float[np.ndarray, " V"]) -> Laid:
    """The layout of one run whose logits have these gains."""
    size, v = int(batch.n_sentences[run]), batch.vocab_size
    token, log_copies, query, label, log_pi = (
        x[run, :size].numpy(force=True)
        for x in (batch.token, batch.log_copies, batch.query, batch.next_token, batch.log_pi)
    )
    n = batch.collocation[run].numpy(force=True)
    kind = kinds(gain, n)
    width, predictor = np.empty((2, size), dtype=np.int64)
    mixed = np.empty(size, dtype=bool)
    look_at_rows(token, log_copies, label, n, gain, kind, width, predictor, mixed)

    occurring, number = _pairs(token, log_copies, query, v)
    order = np.lexsort((query, width))
    groups = [_whole_blocks(order[mixed[order]]), _whole_blocks(order[~mixed[order]])]
    order = np.concatenate([rows for rows, _ in groups])
    weightless = np.concatenate([filled for _, filled in groups])
    widths = width[order].reshape(-1, LANES).max(1)  # of the blocks
    first = starts(widths)
    entries = int(first[-1]) * LANES
    pair = np.full(entries, -(-len(occurring) // LANES) * LANES, dtype=np.int32)  # of no token
    told = np.zeros((5, entries))  # copies, shift, kind, gain, optimal
    of_rows = token, log_copies, label, n, gain, kind, number, predictor
    fill_blocks(*of_rows, order, first, LANES, pair, *told)

    widest = widths.repeat(LANES)
    raised = np.append(np.where(gain > 0, n, -1), -1)  # of each token; no token raises a class
    raises = raised[np.append(occurring % v, np.full(1 + LANES, v))]
    injective = len(np.unique(raised)) == 1 + (raised >= 0).sum()
    row, slot, led = _leaders(raises, pair, first, batch.classes, injective)
    at, to = (first[row // LANES] * LANES + x * LANES + row % LANES for x in (slot, led))
    gains_of = told[3]
    layout = Layout(
        first=first,
        moving=len(groups[0][0]) // LANES,
        pair=pair,
        copies=told[0],
        shift=told[1],
        kind=told[2],
        gain=gains_of,
        optimal=told[4],
        alone=_alone(first, told[2], told[4]),
        rest=batch.classes - widest + np.bincount(row, minlength=len(order)).astype(np.float64),
        log_pi=np.where(weightless, NEVER, log_pi[order]),
        first_double=np.searchsorted(row, np.arange(0, len(order) + 1, LANES)),
        double=slot * LANES + row % LANES,
        leader=led * LANES + row % LANES,
        ratio=gains_of[at] / np.where(led == slot, 1.0, gains_of[to]),
    )
    asked, shown = np.divmod(occurring, v)
    placed = np.flatnonzero(~weightless)
    row_of = placed[np.argsort(order[~weightless])]
    return Laid(aligned(layout), shown * batch.n_queries + asked, row_of)


def _pairs(
    token: Int[np.ndarray, "N K"],
    log_copies: Float[np.ndarray, "N K"],
    query: Int[np.ndarray, " N"],
    vocab_size: int,
) -> tuple[Int[np.ndarray, " P"], Int[np.ndarray, "N K"]]:
    """The pairs that occur, as query V + token in increasing order, and the number of each
    token's."""
    number = np.empty(token.shape, dtype=np.int32)
    by_query = np.argsort(query, kind="stable")
    occurring = np.empty(min(token.size, vocab_size * (1 + int(query.max()))), dtype=np.int64)
    given = token, log_copies, query, by_query, vocab_size
    count = number_pairs(*given, number, occurring)
    return occurring[:count].copy(), number


def _whole_blocks(rows: Int[np.ndarray, " a"]) -> tuple[np.ndarray, Bool[np.ndarray, " b"]]:
    """Rows filled up to whole blocks with the first of them, and which only fill."""
    padding = -len(rows) % LANES
    return (
        np.concatenate([rows, rows[:1].repeat(padding)]),
        np.arange(len(rows) + padding) >= len(rows),
    )


def _alone(
    first: Int[np.ndarray, " blocks+1"],
    kind: Float[np.ndarray, " entries"],
    optimal: Float[np.ndarray, " entries"],
) -> Bool[np.ndarray, " blocks"]:
    """Whether each sentence of a block has one optimal token, in slot 0, of a kind of its own."""
    kind, optimal, lead = kind.reshape(-1, LANES), optimal.reshape(-1, LANES), first[:-1]
    against = (kind == kind[lead].repeat(np.diff(first), axis=0)) | (optimal > 0)
    against[lead] = optimal[lead] == 0
    return ~np.logical_or.reduceat(against.any(1), lead)


def _leaders(
    raises: Int[np.ndarray, " pairs"],
    pair: Int[np.ndarray, " entries"],
    first: Int[np.ndarray, " blocks+1"],
    classes: int,
    injective: bool,
) -> tuple[Int[np.ndarray, " doubles"], ...]:
    """Row, slot, and the slot that stands for its class, of every token where that is another.

    ``raises``: the class that the token of a pair raises; -1: none.  A slot that raises no class
    counts as a class of logit 0; where that makes too many classes (the whole vocabulary in a
    sentence, and nothing predicts the label; or two labels) as many lead themselves, which takes
    them out.
    """
    widths = np.diff(first)
    blocks = np.flatnonzero(widths > (classes if injective else 1))
    if not len(blocks):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    slots = np.arange(widths[blocks].max())
    lanes = np.arange(LANES)
    inside = (slots < widths[blocks][:, None])[:, None]  # (block, lane, slot)
    entry = (first[blocks][:, None] + slots.clip(max=widths[blocks][:, None] - 1)) * LANES
    said = np.where(inside, raises[pair[entry[:, None] + lanes[:, None]]], -1)
    said = said.reshape(len(blocks) * LANES, len(slots))
    leader = np.full(said.shape, -1)
    for slot in reversed(range(len(slots) - 1)):  # the first one comes last, and stays
        later = said[:, slot + 1 :]
        leader[:, slot + 1 :][(later == said[:, [slot]]) & (later >= 0)] = slot
    excess = widths[blocks].repeat(LANES) - (leader >= 0).sum(1) - classes
    idle = (said < 0) & (slots > 0)
    row, slot = np.nonzero(idle & (idle.cumsum(1) <= excess[:, None]))
    leader[row, slot] = slot
    row, slot = np.nonzero(leader >= 0)
    return (blocks[:, None] * LANES + lanes).ravel()[row], slot, leader[row, slot]
