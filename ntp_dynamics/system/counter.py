"""Counter-based random words inside machine code: a number depends on its key and place alone.

Words 0, 1, 2, ... under a key are SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) from that key on,
and a key is folded with numbers into the key of a part of what it stands for.  So nothing of a
generator needs saving, and runs, packs and restarts draw the same numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from ntp_dynamics.system.parts import PART

DIGEST = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
"""In the name of every function: kernels that they are part of are compiled anew after an edit."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S27, S30, S31 = np.uint64(27), np.uint64(30), np.uint64(31)
S11, S32 = np.uint64(11), np.uint64(32)
UNIT = 2.0**-53
INLINE: dict[str, Any] = {**PART, "error_model": "numpy"}


def part(function: Callable[..., Any]) -> Any:
    """A function that becomes part of a kernel."""
    function.__qualname__ += f"_{DIGEST}"
    return njit(**INLINE)(function)


@part
def mixed(z):
    """The finaliser of SplitMix64."""
    z = (z ^ (z >> S30)) * FIRST
    z = (z ^ (z >> S27)) * SECOND
    return z ^ (z >> S31)


@part
def folded(key, number):
    """The key of a part of what a key stands for."""
    return mixed(key + GOLDEN * (np.uint64(number) + np.uint64(1)) ^ SECOND)


@part
def word(key, place):
    """The 64 random bits at a place."""
    return mixed(key + GOLDEN * (np.uint64(place) + np.uint64(1)))


@part
def unit(bits):
    """A float in (0, 1)."""
    return (np.float64(bits >> S11) + 0.5) * UNIT


@part
def below(bits, n):
    """An integer in 0 .. n - 1, even to 2^-32 n."""
    return np.int64(((bits >> S32) * np.uint64(n)) >> S32)


@part
def choose(chosen, pool, size, key):
    """Draw ``len(chosen)`` of 0 .. size - 1 without replacement; ``pool`` is 0, 1, 2, ... and is
    left so."""
    m = len(chosen)
    for i in range(m):
        j = i + below(word(key, i), size - i)
        pool[i], pool[j] = pool[j], pool[i]
        chosen[i] = pool[i]
    for i in range(m - 1, -1, -1):
        j = i + below(word(key, i), size - i)
        pool[i], pool[j] = pool[j], pool[i]
