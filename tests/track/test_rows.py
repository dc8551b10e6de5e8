"""What of a job is mirrored, without a tracker."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.track.rows import ALONE, IN_A_SWEEP, Thinning, side_by_side, statistics


@pytest.mark.parametrize("runs", [1, 2, 5, 8])
def test_statistics_are_those_of_numpy(runs: int) -> None:
    values = np.random.default_rng(0).normal(size=runs)
    found = dict(statistics({"x": values, "matrix": np.ones((runs, 2))}))
    expected = {
        "x.median": np.median(values),
        "x.mean": np.mean(values),
        "x.min": np.min(values),
        "x.max": np.max(values),
    }
    assert found == pytest.approx(expected, rel=1e-14)


def test_of_infinities_of_both_signs_nothing_is_mirrored() -> None:
    assert dict(statistics({"x": np.array([-np.inf, np.inf, np.nan])})) == {}


def test_what_was_not_due_at_the_last_step_comes_at_the_end_once() -> None:
    thinning = Thinning(IN_A_SWEEP, images=["map"])
    one, image = np.ones(1), np.ones((1, 2))
    assert thinning.due("first", 5, {"x": one, "map": image}).keys() == {"x"}
    assert thinning.due("first", 6, {"x": one, "map": image}).keys() == set()
    assert [(stage, step, set(of)) for stage, step, of in thinning.rest()] == [
        ("first", 6, {"x", "map"})
    ]
    assert list(thinning.rest()) == []


def test_a_job_on_its_own_keeps_all_images_and_every_early_step() -> None:
    thinning = Thinning(ALONE, images=["map"])
    for step in range(51):
        measured = {"x": np.ones(1), "map": np.ones((1, 2))}
        assert thinning.due("first", step, measured).keys() == measured.keys()
    assert thinning.due("first", 51, {"x": np.ones(1)}) == {}


def test_the_longest_stage_says_how_many_rows_there_are() -> None:
    rows = {"a": {0: {"a": 1}, 5: {"a": 2}}, "b": {0: {"b": 3}}}
    assert list(side_by_side(rows)) == [{"a": 1, "b": 3}, {"a": 2}]
