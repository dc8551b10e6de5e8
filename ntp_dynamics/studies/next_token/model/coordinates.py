"""The matrix that a fused kernel moves, where it is not the weights of the entries themselves.

A gradient D of the entries of X = L^T W R lifts to L D R^T, and the entries see L^T C R of what
training added to W.  Columns of W stand one after the other, each filled up to whole vectors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, load, store
from ntp_dynamics.studies.next_token.model.simd_math import total

NOTHING, NOWHERE = np.zeros(0), np.zeros(0, dtype=np.int64)
SUM = 8
"""What a sum over the lanes of a vector costs, in products of vectors."""
FOUR = 4
"""Columns of entries that one reading of a matrix serves."""


class Coordinates(NamedTuple):
    """How entries see a matrix.  Where they are its weights there is nothing here."""

    left: Float[np.ndarray, " tokens*rows"]
    """The vector of every token that an entry may have; empty: entries are rows of W."""
    right: Float[np.ndarray, " columns*width"]
    """The vectors of the columns of entries, four columns side by side, filled up with zeros."""
    rows: int
    """Of W, filled up to whole vectors."""
    width: int
    """Columns of W."""
    turned: Float[np.ndarray, " rows*tokens"]
    """The left vectors by coordinate, tokens filled up to whole vectors."""
    coordinates: Int[np.ndarray, " rows"]
    """Where each of these begins."""
    token: Int[np.ndarray, " entries"]
    place: Int[np.ndarray, " entries"]
    """Where the left vector of an entry begins."""
    first: Int[np.ndarray, " columns+1"]
    """Where the entries of each column begin."""
    room: Float[np.ndarray, " 4*rows"]
    of_all: Float[np.ndarray, " tokens"]
    """Room for a column of all tokens."""


def own_coordinates() -> Coordinates:
    """Entries that are the weights."""
    return Coordinates(
        left=NOTHING,
        right=NOTHING,
        rows=0,
        width=0,
        turned=NOTHING,
        coordinates=NOWHERE,
        token=NOWHERE,
        place=NOWHERE,
        first=NOWHERE,
        room=NOTHING,
        of_all=NOTHING,
    )


def attention_coordinates(
    matrix: FullMatrix, run: int, pairs: Int[np.ndarray, " P"], queries: int
) -> Coordinates:
    """Of the scores that occur, which stand at ``pairs`` of the flattened V x Q, by query."""
    left = filled_rows(matrix.left[run].numpy(force=True).T)
    right = matrix.right[run].numpy(force=True).T
    turned = filled_rows(left.T)
    token, query = np.divmod(pairs, queries)
    return Coordinates(
        left=left.ravel(),
        right=_by_fours(right),
        rows=left.shape[1],
        width=right.shape[1],
        turned=turned.ravel(),
        coordinates=np.arange(left.shape[1]) * turned.shape[1],
        token=token,
        place=token * left.shape[1],
        first=np.searchsorted(query, np.arange(queries + 1)),
        room=np.zeros(FOUR * left.shape[1]),
        of_all=np.zeros(turned.shape[1]),
    )


def feed_forward_coordinates(matrix: FullMatrix, run: int) -> Coordinates:
    """Of the logits, whose columns stand one after the other, filled up to whole vectors."""
    right = matrix.right[run].numpy(force=True).T
    classes = -(-matrix.weight.shape[1] // LANES) * LANES
    return Coordinates(
        left=NOTHING,
        right=_by_fours(right),
        rows=classes,
        width=right.shape[1],
        turned=NOTHING,
        coordinates=NOWHERE,
        token=NOWHERE,
        place=NOWHERE,
        first=np.arange(len(right) + 1) * classes,
        room=np.zeros(FOUR * classes),
        of_all=NOTHING,
    )


def _by_fours(vectors: Float[np.ndarray, "columns width"]) -> Float[np.ndarray, " n"]:
    """Coordinate after coordinate of four vectors at a time."""
    filled = np.pad(vectors, [(0, -len(vectors) % FOUR), (0, 0)])
    return np.ascontiguousarray(rearrange(filled, "(c four) w -> c w four", four=FOUR)).ravel()


def filled_rows(x: Float[np.ndarray, "n a"]) -> Float[np.ndarray, "n b"]:
    """Rows filled up to whole vectors with zeros."""
    return np.pad(x, [(0, 0), (0, -x.shape[1] % LANES)])


@njit(**INLINE)
def lift(within, slope, gradient):
    """gradient = L D R^T, four columns of entries at a time: the matrix is read once for them."""
    zero, rows, columns = fill(0.0), within.rows, len(within.first) - 1
    for i in range(0, len(gradient), LANES):
        store(gradient, i, zero)
    for c in range(0, columns, FOUR):
        for k in range(FOUR):
            _lift_column(within, slope, c + k, k * rows)
        for j in range(within.width):
            here = j * rows
            at = c * within.width + FOUR * j
            r0, r1 = fill(within.right[at]), fill(within.right[at + 1])
            r2, r3 = fill(within.right[at + 2]), fill(within.right[at + 3])
            for i in range(0, rows, LANES):
                sum_ = load(gradient, here + i) + r0 * load(within.room, i)
                sum_ = sum_ + r1 * load(within.room, rows + i)
                sum_ = sum_ + r2 * load(within.room, 2 * rows + i)
                sum_ = sum_ + r3 * load(within.room, 3 * rows + i)
                store(gradient, here + i, sum_)


@njit(**INLINE)
def _lift_column(within, slope, column, to):
    """L D of one column of entries, into the room; nothing of one that is not there."""
    if column >= len(within.first) - 1:
        for i in range(0, within.rows, LANES):
            store(within.room, to + i, fill(0.0))
    elif len(within.left) == 0:
        for i in range(0, within.rows, LANES):
            store(within.room, to + i, load(slope, within.first[column] + i))
    else:
        begin, end = within.first[column], within.first[column + 1]
        for i in range(0, within.rows, LANES):
            sum_ = fill(0.0)
            for p in range(begin, end):
                sum_ = sum_ + fill(slope[p]) * load(within.left, within.place[p] + i)
            store(within.room, to + i, sum_)


@njit(**INLINE)
def see(within, weights, seen):
    """seen = L^T C R, four columns at a time."""
    zero, rows, columns = fill(0.0), within.rows, len(within.first) - 1
    for c in range(0, columns, FOUR):
        i = 0
        while i + LANES < rows:  # two parts of a vector at a time
            a0, a1, a2, a3 = zero, zero, zero, zero
            b0, b1, b2, b3 = zero, zero, zero, zero
            for j in range(within.width):
                at = c * within.width + FOUR * j
                r0, r1 = fill(within.right[at]), fill(within.right[at + 1])
                r2, r3 = fill(within.right[at + 2]), fill(within.right[at + 3])
                w = load(weights, j * rows + i)
                a0, a1, a2, a3 = a0 + r0 * w, a1 + r1 * w, a2 + r2 * w, a3 + r3 * w
                w = load(weights, j * rows + i + LANES)
                b0, b1, b2, b3 = b0 + r0 * w, b1 + r1 * w, b2 + r2 * w, b3 + r3 * w
            _put_four(within.room, rows, i, a0, a1, a2, a3)
            _put_four(within.room, rows, i + LANES, b0, b1, b2, b3)
            i += 2 * LANES
        if i < rows:
            a0, a1, a2, a3 = zero, zero, zero, zero
            for j in range(within.width):
                at = c * within.width + FOUR * j
                w = load(weights, j * rows + i)
                a0 = a0 + fill(within.right[at]) * w
                a1 = a1 + fill(within.right[at + 1]) * w
                a2 = a2 + fill(within.right[at + 2]) * w
                a3 = a3 + fill(within.right[at + 3]) * w
            _put_four(within.room, rows, i, a0, a1, a2, a3)
        for k in range(min(FOUR, columns - c)):
            begin, end = within.first[c + k], within.first[c + k + 1]
            if len(within.left) == 0:
                for i in range(0, rows, LANES):
                    store(seen, begin + i, load(within.room, k * rows + i))
            else:
                _see_column(within, seen, begin, end, k * rows)


@njit(**INLINE)
def _put_four(room, rows, i, a, b, c, d):
    """Into the vectors of four columns."""
    store(room, i, a)
    store(room, rows + i, b)
    store(room, 2 * rows + i, c)
    store(room, 3 * rows + i, d)


@njit(**INLINE)
def _see_column(within, seen, begin, end, at):
    """The entries of a column whose vector C r is in the room.

    Of many tokens all are seen at once, eight to a vector; of few each by its own product, whose
    sum over the lanes costs as much as SUM products."""
    rows, tokens = within.rows, len(within.of_all)
    if (end - begin) * (rows + SUM * LANES) > tokens * rows:
        _weigh(within.of_all, within.turned, within.coordinates, within.room, at, rows)
        for p in range(begin, end):
            seen[p] = within.of_all[within.token[p]]
    else:
        for p in range(begin, end):
            sum_, place = fill(0.0), within.place[p]
            for i in range(0, rows, LANES):
                sum_ = sum_ + load(within.left, place + i) * load(within.room, at + i)
            seen[p] = total(sum_)


@njit(**INLINE)
def _weigh(sum_, vectors, place, weight, at, count):
    """sum_ = so many vectors, each times its weight, which begin at a place; four parts of a vector
    at a time, so that no product waits for the one before."""
    i, size, zero = 0, len(sum_), fill(0.0)
    while i + FOUR * LANES <= size:
        a, b, c, d = zero, zero, zero, zero
        for p in range(count):
            w, here = fill(weight[at + p]), place[p] + i
            a = a + w * load(vectors, here)
            b = b + w * load(vectors, here + LANES)
            c = c + w * load(vectors, here + 2 * LANES)
            d = d + w * load(vectors, here + 3 * LANES)
        store(sum_, i, a)
        store(sum_, i + LANES, b)
        store(sum_, i + 2 * LANES, c)
        store(sum_, i + 3 * LANES, d)
        i += FOUR * LANES
    while i < size:
        a = zero
        for p in range(count):
            a = a + fill(weight[at + p]) * load(vectors, place[p] + i)
        store(sum_, i, a)
        i += LANES
