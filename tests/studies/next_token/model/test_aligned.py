"""What kernels read and write begins where a line of the cache does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.groups import Adam, NormalisedGradientDescent, Optimizer
from ntp_dynamics.studies.next_token.model.aligned import LINE, aligned


class Inner(NamedTuple):
    x: np.ndarray


class Outer(NamedTuple):
    size: int
    y: np.ndarray
    inner: Inner
    nothing: None = None


def arrays_of(x: Any) -> Iterator[np.ndarray]:
    if isinstance(x, np.ndarray):
        yield x
    elif isinstance(x, tuple):
        for one in x:
            yield from arrays_of(one)


def test_values_types_and_shapes_stay():
    flat = np.arange(50, dtype=np.int32)
    given = Outer(3, flat[1:].copy(), Inner(np.random.default_rng(0).normal(size=(7, 3))))
    same = aligned(given)
    assert (same.size, same.nothing) == (3, None)
    for before, after in zip(arrays_of(given), arrays_of(same), strict=True):
        assert after.ctypes.data % LINE == 0
        assert (before.dtype, before.shape) == (after.dtype, after.shape)
        np.testing.assert_array_equal(before, after)


def test_what_is_aligned_is_not_copied():
    once = aligned(Inner(np.ones(40)))
    assert aligned(once).x is once.x


@pytest.mark.parametrize("optimizer", [NormalisedGradientDescent(), Adam()])
@pytest.mark.parametrize("dense", [False, True])
def test_everything_a_kernel_gets_is_aligned(any_cases, dense: bool, optimizer: Optimizer):
    dynamics = any_cases(5, False, dense).dynamics(optimizer, 0.1)
    for run in dynamics._runs[:5]:
        for x in arrays_of((run.layout, run.iterate, run.trained)):
            assert x.size == 0 or x.ctypes.data % LINE == 0
