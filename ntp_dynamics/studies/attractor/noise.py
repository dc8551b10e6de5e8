"""Gaussian numbers that depend on (seed, run, purpose, step) alone, wherever a call begins."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from jaxtyping import Float

CHUNK = 64
"""Steps that are drawn together: from the start of a chunk on, whatever is asked of it."""


def mean_of_walkers(x: Float[np.ndarray, "R W ..."]) -> Float[np.ndarray, "R ..."]:
    """Added in one order, however many steps lie beside them in the array."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)).mean(axis=-1)


class Purpose(IntEnum):
    """What a stream is for."""

    start = 1
    path = 2
    input_noise = 3
    weights = 4


def stream(seed: int, run: int, purpose: Purpose, chunk: int = 0) -> np.random.Generator:
    """The generator at the start of a chunk: Philox with the counter at chunk 2^128."""
    key = np.random.SeedSequence([seed, run, int(purpose)]).generate_state(2, np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=chunk << 128))


def chunk_of(
    seed: int, run: int, purpose: Purpose, chunk: int, shape: tuple[int, ...]
) -> Float[np.ndarray, "64 ..."]:
    """Standard normal numbers of the steps 64 chunk .. 64 chunk + 63, of a shape each."""
    return stream(seed, run, purpose, chunk).standard_normal((CHUNK, *shape))
