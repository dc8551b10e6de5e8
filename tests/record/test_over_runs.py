"""What stands for all runs: a median, a mean, or a share, with how far it reaches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, t

from ntp_dynamics.record.over_runs import OverRuns, middles, spread

VALUES = np.array([[1.0, 4.0, np.nan], [2.0, np.nan, np.nan], [6.0, 8.0, np.nan]])


def test_a_median_has_the_range_of_the_runs_that_have_a_value() -> None:
    found = spread(VALUES, OverRuns.median)
    np.testing.assert_array_equal(found.middle, [2, 6, np.nan])
    np.testing.assert_array_equal(found.low, [1, 4, np.nan])
    np.testing.assert_array_equal(found.high, [6, 8, np.nan])


def test_a_mean_has_the_limits_of_student() -> None:
    found = spread(VALUES, OverRuns.mean)
    np.testing.assert_allclose(found.middle, [3, 6, np.nan])
    low, high = t.interval(0.95, 2, 3.0, VALUES[:, 0].std(ddof=1) / math.sqrt(3))
    assert (found.low[0], found.high[0]) == pytest.approx((low, high))


def test_a_mean_of_logs_is_that_of_the_quantity_also_where_that_is_no_float() -> None:
    log_y = np.log(VALUES) - 2000.0
    found = spread(log_y, OverRuns.mean, log=True)
    np.testing.assert_allclose(found.middle, np.log([3, 6, np.nan]) - 2000.0)
    assert found.low[0] < found.middle[0] < found.high[0]
    nothing = spread(np.full((4, 1), -np.inf), OverRuns.mean, log=True)
    assert nothing.middle[0] == -np.inf


@pytest.mark.parametrize(("k", "n"), [(0, 20), (3, 20), (20, 20), (1, 1000)])
def test_a_share_has_the_limits_of_wilson_of_the_runs_that_were_asked(k: int, n: int) -> None:
    y = np.concatenate([np.ones(k), np.zeros(n - k), np.full(7, np.nan)])
    found = spread(y[:, None], OverRuns.share)
    exact = binomtest(k, n).proportion_ci(0.95, "wilson")
    assert found.middle[0] == k / n
    assert (found.low[0], found.high[0]) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_a_record_says_what_stands_for_its_runs_and_the_median_where_it_is_silent() -> None:
    events = np.array([0.0, 1.0, 1.0, np.nan])
    found = middles(
        [
            (events, {"over_runs": "share"}),
            (np.array([1.0, 2.0, 9.0]), {}),
            (np.log([1.0, 3.0]), {"over_runs": "mean", "log": 1}),
            (np.array([1.0, 2.0, 9.0]), {"over_runs": "mode"}),
            (np.array([1.0, 2.0]), {"over_runs": "median"}),
            (np.array([np.nan, 1.0]), {}),
            (np.array([np.nan, np.nan]), {"over_runs": "share"}),
        ]
    )
    assert found == pytest.approx([2 / 3, 2, np.log(2), 2, 1.5, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize("runs", [7, 40, 1000])
def test_of_what_never_or_always_happens_one_limit_is_exact(runs: int) -> None:
    """Not a rounding error above zero, which an axis of logs would show as 19 decades."""
    never, always = (spread(np.full((runs, 1), x), OverRuns.share) for x in (0.0, 1.0))
    assert never.low[0] == never.middle[0] == 0 < never.high[0]
    assert always.high[0] == always.middle[0] == 1 > always.low[0]
