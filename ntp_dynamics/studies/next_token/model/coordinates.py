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
    place: Int[np.ndarray, " entries"]
    """Where the left vector of an entry begins."""
    first: Int[np.ndarray, " columns+1"]
    """Where the entries of each column begin."""
    room: Float[np.ndarray, " rows"]


def own_coordinates() -> Coordinates:
    """Entries that are the weights."""
    nothing, nowhere = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Coordinates(nothing, nothing, 0, 0, nowhere, nowhere, nothing)


def attention_coordinates(
    matrix: FullMatrix, run: int, pairs: Int[np.ndarray, " P"], queries: int
) -> Coordinates:
    """Of the scores that occur, which stand at ``pairs`` of the flattened V x Q, by query."""
    left = filled_rows(matrix.left[run].numpy(force=True).T)
    right = matrix.right[run].numpy(force=True).T
    token, query = np.divmod(pairs, queries)
    return Coordinates(
        left=left.ravel(),
        right=np.ascontiguousarray(right).ravel(),
        rows=left.shape[1],
        width=right.shape[1],
        place=token * left.shape[1],
        first=np.searchsorted(query, np.arange(queries + 1)),
        room=np.zeros(left.shape[1]),
    )


def feed_forward_coordinates(matrix: FullMatrix, run: int) -> Coordinates:
    """Of the logits, whose columns stand one after the other, filled up to whole vectors."""
    right = matrix.right[run].numpy(force=True).T
    classes = -(-matrix.weight.shape[1] // LANES) * LANES
    return Coordinates(
        left=np.zeros(0),
        right=np.ascontiguousarray(right).ravel(),
        rows=classes,
        width=right.shape[1],
        place=np.zeros(0, dtype=np.int64),
        first=np.arange(len(right) + 1) * classes,
        room=np.zeros(classes),
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
            for i in range(0, within.rows, LANES):
                store(within.room, i, zero)
            for p in range(begin, end):
                d, place = fill(slope[p]), within.place[p]
                for i in range(0, within.rows, LANES):
                    moved = load(within.room, i) + d * load(within.left, place + i)
                    store(within.room, i, moved)
        for j in range(within.width):
            r, here = fill(within.right[column * within.width + j]), j * within.rows
            for i in range(0, within.rows, LANES):
                sum_ = load(gradient, here + i) + r * load(within.room, i)
                store(gradient, here + i, sum_)


@njit(**INLINE)
def see(within, weights, seen):
    """seen = L^T C R."""
    zero = fill(0.0)
    for column in range(len(within.first) - 1):
        for i in range(0, within.rows, LANES):
            sum_ = zero
            for j in range(within.width):
                r = fill(within.right[column * within.width + j])
                sum_ = sum_ + r * load(weights, j * within.rows + i)
            store(within.room, i, sum_)
        begin, end = within.first[column], within.first[column + 1]
        if len(within.left) == 0:
            for i in range(0, within.rows, LANES):
                store(seen, begin + i, load(within.room, i))
        else:
            for p in range(begin, end):
                sum_, place = zero, within.place[p]
                for i in range(0, within.rows, LANES):
                    sum_ = sum_ + load(within.left, place + i) * load(within.room, i)
                seen[p] = total(sum_)
