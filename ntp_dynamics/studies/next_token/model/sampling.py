"""Minibatches: the sentences of a step, drawn by a counter, the same for every engine.

With replacement a sentence is drawn with its weight, and each draw counts 1/b; without, b different
sentences are drawn, each as likely as any other, and keep their weights among themselves.  Which
ones depends on the key of the run and the step alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.simd import INLINE
from ntp_dynamics.system.counter import choose, folded, unit, word


class Sampling(NamedTuple):
    """How the sentences of a step are drawn, and which they are."""

    key: np.uint64
    replaced: bool
    share: Float[np.ndarray, " N"]
    """Sums of the weights up to each sentence."""
    log_pi: Float[np.ndarray, " N"]
    row: Int[np.ndarray, " N"]
    """Where each sentence stands in a layout."""
    pool: Int[np.ndarray, " N"]
    chosen: Int[np.ndarray, " b"]
    """The last draw."""
    log_weight: Float[np.ndarray, " rows"]
    """By row of the layout: log of the weight in that draw, -inf where it is not in it."""


def sampling(
    key: np.uint64,
    size: int,
    replaced: bool,
    log_pi: Float[np.ndarray, " N"],
    row: Int[np.ndarray, " N"],
    rows: int,
) -> Sampling:
    """Minibatches of so many sentences.  Raises ValueError where a corpus has fewer."""
    if not replaced and size > len(log_pi):
        raise ValueError(f"there are {len(log_pi)} sentences, fewer than {size}")
    return Sampling(
        key=np.uint64(key),
        replaced=replaced,
        share=np.exp(log_pi).cumsum(),
        log_pi=np.ascontiguousarray(log_pi),
        row=np.ascontiguousarray(row, dtype=np.int64),
        pool=np.arange(len(log_pi)),
        chosen=np.zeros(size, dtype=np.int64),
        log_weight=np.full(rows, -math.inf),
    )


@compiled
def draw(sampling, step):
    """Draw the sentences of a step in place of those drawn before."""
    chosen, row, log_weight = sampling.chosen, sampling.row, sampling.log_weight
    size = len(chosen)
    for i in range(size):
        log_weight[row[chosen[i]]] = -math.inf
    key = folded(sampling.key, step)
    if sampling.replaced:
        for i in range(size):
            chosen[i] = _drawn_by_weight(sampling.share, unit(word(key, i)))
        for i in range(size):
            log_weight[row[chosen[i]]] = 1.0 + max(log_weight[row[chosen[i]]], 0.0)
        for i in range(size):  # numbers of draws are 1 and more, their logs 0 and less
            times = log_weight[row[chosen[i]]]
            if times >= 1.0:
                log_weight[row[chosen[i]]] = math.log(times / size)
    else:
        choose(chosen, sampling.pool, len(sampling.pool), key)
        most, mass = -math.inf, 0.0
        for i in range(size):
            most = max(most, sampling.log_pi[chosen[i]])
        for i in range(size):
            mass += math.exp(sampling.log_pi[chosen[i]] - most)
        for i in range(size):
            own = sampling.log_pi[chosen[i]] - most
            log_weight[row[chosen[i]]] = own - math.log(mass)


@njit(**INLINE)
def _drawn_by_weight(share, x):
    """The sentence at a share of the whole weight."""
    place = np.searchsorted(share, x * share[-1], side="right")
    return min(place, len(share) - 1)
