"""Functions of vectors: what is shortened for small arguments changes no bit."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from ntp_dynamics.studies.next_token.model import simd_math
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    any_differs,
    any_greater,
    fill,
    load,
    store,
)
from ntp_dynamics.system.parts import WHOLE

SETTINGS = {**INLINE, **WHOLE}


def mapped(function):
    """A function of vectors on all of an array."""

    @njit(**SETTINGS)
    def each(x, y):
        for i in range(0, len(x), LANES):
            store(y, i, function(load(x, i)))

    def of(x: np.ndarray) -> np.ndarray:
        y = np.empty_like(x)
        each(x, y)
        return y

    return of


def up_to(most: float) -> np.ndarray:
    """Numbers of every size up to this, and 0."""
    rng = np.random.default_rng(0)
    x = most * np.concatenate([10.0 ** -rng.uniform(0, 20, 30_000), rng.random(30_000)])
    return np.append(x, [0.0, most] * (LANES // 2))


@pytest.mark.parametrize(
    ("short", "whole", "most"),
    [
        ("expm1_shortest", "expm1_ratio", simd_math.SHORTEST),
        ("expm1_short", "expm1_ratio", simd_math.SHORT),
        ("expm1_series", "expm1_ratio", simd_math.SMALL),
        ("exp_series", "exp", simd_math.SMALL),
    ],
)
def test_short_forms_give_the_bits_of_the_whole(short: str, whole: str, most: float) -> None:
    x = up_to(most)
    one, other = (mapped(getattr(simd_math, name))(x) for name in (short, whole))
    np.testing.assert_array_equal(one, other)


def test_log1p_is_the_same_among_small_and_among_large_numbers() -> None:
    x = up_to(simd_math.SQRT2 - 1.0)
    among_large = np.where(np.arange(2 * len(x)) % 2, 5.0, x.repeat(2))
    log1p = mapped(simd_math.log1p)
    np.testing.assert_array_equal(log1p(among_large)[::2], log1p(x))
    np.testing.assert_allclose(log1p(x), np.log1p(x), rtol=4e-16)


def test_one_lane_is_enough_to_be_greater_or_different() -> None:
    @njit(**SETTINGS)
    def asked(x, y):
        return any_greater(load(x, 0), fill(y)), any_differs(load(x, 0), fill(y))

    x = np.full(LANES, 2.0)
    assert asked(x, 2.0) == (False, False)
    x[LANES - 1] = 1.0
    assert asked(x, 2.0) == (False, True)
    x[LANES - 1] = 3.0
    assert asked(x, 2.0) == (True, True)
