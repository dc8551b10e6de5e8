"""The matrix that a fused kernel moves, where it is not the weights of the entries themselves.

A gradient D of the entries of X = L^T W R lifts to L D R^T, and the entries see L^T C R of what
training added to W.  Columns of W stand one after the other, each filled up to whole vectors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, load, store
from ntp_dynamics.studies.next_token.model.simd_math import total

NOTHING, NOWHERE = np.zeros(0), np.zeros(0, dtype=np.int64)
SUM = 8


class Coordinates(NamedTuple):
    """How entries see a matrix.  Where they are its weights there is nothing here."""

    left: Float[np.ndarray, " tokens*rows"]
    """The vector of every token that an entry may have; empty: entries are rows of W."""
    right: Float[np.ndarray, " columns*width"]
    """The vector of every column of entries."""
    rows: int
    """Of W, filled up to whole vectors."""
    width: int
    """Columns of W."""
    columns: Int[np.ndarray, " columns*width"]
    """Where each column of W begins, once for every column of entries."""
    turned: Float[np.ndarray, " rows*tokens"]
    """The left vectors by coordinate, tokens filled up to whole vectors."""
    coordinates: Int[np.ndarray, " rows"]
    """Where each of these begins."""
    token: Int[np.ndarray, " entries"]
    place: Int[np.ndarray, " entries"]
    """Where the left vector of an entry begins."""
    first: Int[np.ndarray, " columns+1"]
    """Where the entries of each column begin."""
    room: Float[np.ndarray, " rows"]
    of_all: Float[np.ndarray, " tokens"]
    """Room for a column of all tokens."""


def own_coordinates() -> Coordinates:
    """Entries that are the weights."""
    return Coordinates(
        left=NOTHING,
        right=NOTHING,
        rows=0,
        width=0,
        columns=NOWHERE,
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
        right=np.ascontiguousarray(right).ravel(),
        rows=left.shape[1],
        width=right.shape[1],
        columns=np.tile(np.arange(right.shape[1]) * left.shape[1], queries),
        turned=turned.ravel(),
        coordinates=np.arange(left.shape[1]) * turned.shape[1],
        token=token,
        place=token * left.shape[1],
        first=np.searchsorted(query, np.arange(queries + 1)),
        room=np.zeros(left.shape[1]),
        of_all=np.zeros(turned.shape[1]),
    )


def feed_forward_coordinates(matrix: FullMatrix, run: int) -> Coordinates:
    """Of the logits, whose columns stand one after the other, filled up to whole vectors."""
    right = matrix.right[run].numpy(force=True).T
    classes = -(-matrix.weight.shape[1] // LANES) * LANES
    return Coordinates(
        left=NOTHING,
        right=np.ascontiguousarray(right).ravel(),
        rows=classes,
        width=right.shape[1],
        columns=np.tile(np.arange(right.shape[1]) * classes, len(right)),
        turned=NOTHING,
        coordinates=NOWHERE,
        token=NOWHERE,
        place=NOWHERE,
        first=np.arange(len(right) + 1) * classes,
        room=np.zeros(classes),
        of_all=NOTHING,
    )


def filled_rows(x: Float[np.ndarray, "n a"]) -> Float[np.ndarray, "n b"]:
    """Rows filled up to whole vectors with zeros."""
    return np.pad(x, [(0, 0), (0, -x.shape[1] % LANES)])


@njit(**INLINE)
def lift(within, slope, gradient):
    """gradient = L D R^T."""
    zero = fill(0.0)
    for i in range(0, len(gradient), LANES):
        store(gradient, i, zero)
    for column in range(len(within.first) - 1):
        begin, end = within.first[column], within.first[column + 1]
        if len(within.left) == 0:
            for i in range(0, within.rows, LANES):
                store(within.room, i, load(slope, begin + i))
        else:
            _weigh(within.room, within.left, within.place, slope, begin, end)
        for j in range(within.width):
            here = j * within.rows
            r = fill(within.right[column * within.width + j])
            for i in range(0, within.rows, LANES):
                sum_ = load(gradient, here + i) + r * load(within.room, i)
                store(gradient, here + i, sum_)


@njit(**INLINE)
def see(within, weights, seen):
    """seen = L^T C R."""
    for column in range(len(within.first) - 1):
        begin, end = within.first[column], within.first[column + 1]
        one, other = column * within.width, (column + 1) * within.width
        _weigh(within.room, weights, within.columns, within.right, one, other)
        if len(within.left) == 0:
            for i in range(0, within.rows, LANES):
                store(seen, begin + i, load(within.room, i))
        else:
            _see_column(within, seen, begin, end)


@njit(**INLINE)
def _see_column(within, seen, begin, end):
    """The entries of a column whose vector C r is in the room.

    Of many tokens all are seen at once, eight to a vector; of few each by its own product, whose
    sum over the lanes costs as much as SUM products."""
    rows, tokens = within.rows, len(within.of_all)
    if (end - begin) * (rows + SUM * LANES) > tokens * rows:
        _weigh(within.of_all, within.turned, within.coordinates, within.room, 0, rows)
        for p in range(begin, end):
            seen[p] = within.of_all[within.token[p]]
    else:
        for p in range(begin, end):
            sum_, place = fill(0.0), within.place[p]
            for i in range(0, rows, LANES):
                sum_ = sum_ + load(within.left, place + i) * load(within.room, i)
            seen[p] = total(sum_)


@njit(**INLINE)
def _weigh(sum_, vectors, place, weight, begin, end):
    """sum_ = the vectors at so many places, each times its weight; four parts of a vector at a
    time, so that no product waits for the one before."""
    i, size, zero = 0, len(sum_), fill(0.0)
    while i + 4 * LANES <= size:
        a, b, c, d = zero, zero, zero, zero
        for p in range(begin, end):
            w, here = fill(weight[p]), place[p] + i
            a = a + w * load(vectors, here)
            b = b + w * load(vectors, here + LANES)
            c = c + w * load(vectors, here + 2 * LANES)
            d = d + w * load(vectors, here + 3 * LANES)
        store(sum_, i, a)
        store(sum_, i + LANES, b)
        store(sum_, i + 2 * LANES, c)
        store(sum_, i + 3 * LANES, d)
        i += 4 * LANES
    while i < size:
        a = zero
        for p in range(begin, end):
            a = a + fill(weight[p]) * load(vectors, place[p] + i)
        store(sum_, i, a)
        i += LANES
