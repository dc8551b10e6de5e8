"""The columns of a matrix of weights that lie one after the other, eight side by side.

A column is summed from its first weight to its last, whatever its neighbours are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    gather_from,
    store,
    times,
)


class WeightColumns(NamedTuple):
    """Columns in the order of their lengths, by eights filled up with the longest."""

    begin: Int[np.ndarray, " eights*8"]
    end: Int[np.ndarray, " eights*8"]
    place: Int[np.ndarray, " columns"]
    """Where each column stands in that order."""
    sum: Float[np.ndarray, " eights*8"]
    """Room for their sums."""


def weight_columns(bounds: Int[np.ndarray, " columns+1"]) -> WeightColumns:
    """Columns that begin and end at these places."""
    order = np.argsort(np.diff(bounds), kind="stable")
    filled = np.concatenate([order, order[-1:].repeat(-len(order) % LANES)])
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return WeightColumns(bounds[filled], bounds[filled + 1], place, np.empty(len(filled)))


@njit(**INLINE)
def square_of_sums(columns, weight):
    """The sum over columns of the square of their sum."""
    for i in range(0, len(columns.begin), LANES):
        shortest = columns.end[i] - columns.begin[i]
        s = fill(0.0)
        for j in range(shortest):
            s = s + gather_from(weight, columns.begin, i, j)
        store(columns.sum, i, s)
        for c in range(i, i + LANES):
            for p in range(columns.begin[c] + shortest, columns.end[c]):
                columns.sum[c] += weight[p]
    square = 0.0
    for c in range(len(columns.place)):
        s = columns.sum[columns.place[c]]
        square += times(s, s)
    return square
