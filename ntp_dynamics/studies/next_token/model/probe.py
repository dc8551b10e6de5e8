"""The smallest kernel that needs all that the fused kernels ask of numba and LLVM."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.simd import (
    LANES,
    fill,
    gather,
    load,
    scatter_add,
    store,
    where_equal,
)
from ntp_dynamics.studies.next_token.model.simd_math import exp, log1p, total

TOLERANCE = 1e-14


class Probe(NamedTuple):
    """What the kernel reads and writes, in a tuple as the layouts of corpora are."""

    x: Float[np.ndarray, 8]
    index: Int[np.ndarray, 8]
    out: Float[np.ndarray, 8]


@compiled
def _advance(probe):
    x, y = load(probe.x, 0), gather(probe.x, probe.index, 0)
    store(probe.out, 0, where_equal(x, fill(1.0), x, exp(0.0 - x)))
    scatter_add(probe.out, probe.index, 0, log1p(y) / 2.0)
    return total(load(probe.out, 0))


def probe_error() -> float:
    """The largest error, as a share, of what the kernel computes: below TOLERANCE where it works.

    Raises whatever numba raises where it does not compile.
    """
    x = np.arange(1.0, 1.0 + LANES)
    probe = Probe(x, np.arange(LANES, dtype=np.int32)[::-1].copy(), np.zeros(LANES))
    expected = np.where(x == 1.0, x, np.exp(-x)) + np.log1p(x) / 2.0
    found, sums = _advance(probe), expected.sum()
    return max(abs(found - sums) / sums, float(np.max(np.abs(probe.out - expected) / expected)))
