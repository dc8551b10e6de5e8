"""Counter-based random numbers: a number depends on its key and its place alone.

A key is folded from (seed, run), round, client, local step and purpose.  So runs, packs, other
participants and coupled copies draw the same numbers wherever a call begins.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from jaxtyping import UInt64
from numba import njit

from ntp_dynamics.studies.federated.kernel.compiled import INLINE
from ntp_dynamics.system.counter import unit, word

BYTE, NINTH = np.uint64(255), np.uint64(256)
ROWS = 256


class Purpose(IntEnum):
    """What is drawn under a key."""

    participants = 1
    lag = 2
    batch = 3
    directions = 4
    noise = 5


def run_keys(seed: int, runs: list[int]) -> UInt64[np.ndarray, " R"]:
    """The key of every run of a seed."""
    keys = [np.random.SeedSequence([seed, run]).generate_state(1, np.uint64)[0] for run in runs]
    return np.array(keys, dtype=np.uint64)


def _ziggurat() -> tuple[np.ndarray, np.ndarray]:
    """Right ends of the rows of equal area under exp(-x^2/2), the tail's row first, and heights."""
    r = 3.6541528853610088
    area = 0.00492867323399  # of a row
    x = np.empty(ROWS + 1)
    x[0], x[1], x[ROWS] = area / math.exp(-r * r / 2), r, 0.0
    for i in range(2, ROWS):
        x[i] = math.sqrt(-2 * math.log(area / x[i - 1] + math.exp(-(x[i - 1] ** 2) / 2)))
    return x, np.exp(-x * x / 2)


EDGE, HEIGHT = _ziggurat()


@njit(**INLINE)
def fill_normal(out, key):
    """Standard normal numbers by the ziggurat of Marsaglia and Tsang (2000), in 256 rows."""
    place = 0
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            while True:
                bits = word(key, place)
                place += 1
                i = np.int64(bits & BYTE)
                x = unit(bits) * EDGE[i]
                if x < EDGE[i + 1]:
                    break
                if i == 0:  # beyond the last edge: Marsaglia's tail
                    a = -math.log(unit(word(key, place))) / EDGE[1]
                    b = -math.log(unit(word(key, place + 1)))
                    place += 2
                    if 2 * b >= a * a:
                        x = EDGE[1] + a
                        break
                else:
                    share = unit(word(key, place))
                    place += 1
                    if HEIGHT[i] + share * (HEIGHT[i + 1] - HEIGHT[i]) < math.exp(-x * x / 2):
                        break
            out[row, column] = -x if bits & NINTH else x
