"""Cuts of a phase, however short it is."""

import numpy as np
import pytest

from benchmarks.cuts import Cut


@pytest.mark.parametrize("horizon", [1, 2, 5, 1000])
def test_a_cut_is_drawn_inside_of_any_horizon(horizon: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        cut = Cut.draw(horizon, rng)
        assert 1 <= len(cut.calls) <= min(5, horizon + 1)
        assert set(cut.saves) <= set(cut.calls) <= set(range(horizon + 1))
