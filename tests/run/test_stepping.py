"""The loop alone, around a dynamics that counts."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from ntp_dynamics.run import stepping
from ntp_dynamics.run.stepping import Reached, every_state, follow
from ntp_dynamics.study import Dynamics, Logged, NonFinite, Saved


class Doubling:
    """x <- 2 x in two runs, the second from twice the start; it logs x, and notes its calls."""

    measures = ("x",)

    def __init__(self, breaks_at: float = math.inf):
        self.step, self.calls, self._breaks_at = 0, [], breaks_at

    def advance(self, to: int, due: np.ndarray) -> Logged:
        assert to >= self.step
        assert all((due > self.step) | (due == 0))
        assert all(due <= to)
        if to > self.step:
            self.calls.append(to - self.step)
        self.step = to
        finite = np.stack([due < math.inf, due < self._breaks_at])
        return Logged(due, {"x": np.stack([2.0**due, 2.0 ** (due + 1)])}, finite, "x")

    def state(self) -> int:
        if self.step >= self._breaks_at:
            raise NonFinite(self.step, "x at a stop")
        return self.step

    def save(self) -> Saved:
        return {"step": np.full(2, self.step)}

    def load(self, saved: Saved) -> None:
        self.step = int(saved["step"][0])


def logged(way: list[Reached]) -> list[int]:
    return [step for at in way if at.logged is not None for step in at.logged.steps.tolist()]


def noting(way: Iterator[Reached], seen: list[Reached]) -> list[Reached]:
    """Note what comes before an error."""
    for at in way:
        seen.append(at)  # noqa: PERF402
    return []


def states(way: list[Reached]) -> list[int]:
    return [at.state for at in way if at.logged is None]


def test_a_state_comes_at_every_stop_and_a_value_at_every_due_step() -> None:
    dynamics: Dynamics = Doubling()
    due = np.array([0, 1, 5, 6, 40, 99, 100])
    way = list(follow(dynamics, [0, 3, 40, 100], due))
    assert states(way) == [0, 3, 40, 100]
    assert logged(way) == due.tolist()
    assert [at.step for at in way] == sorted(at.step for at in way)
    values = np.concatenate([at.logged.values["x"] for at in way if at.logged], axis=1)
    np.testing.assert_array_equal(values, [2.0**due, 2.0 ** (due + 1)])


def test_what_is_logged_on_the_way_to_a_stop_comes_before_its_state() -> None:
    way = list(follow(Doubling(), [4], np.array([4])))
    assert [(at.step, at.logged is None) for at in way if at.step == 4] == [(4, False), (4, True)]


def test_without_a_stop_at_0_no_state_is_asked_for_there() -> None:
    assert states(list(follow(Doubling(), [2]))) == [2]


def test_calls_double_while_they_are_short_and_end_at_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stepping.time, "monotonic", lambda: 0.0)
    dynamics = Doubling()
    list(follow(dynamics, [100, 200]))
    assert dynamics.calls == [1, 2, 4, 8, 16, 32, 37, 100]


def test_a_call_is_no_longer_than_what_a_person_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that ticks 0.03 s a step: calls of 0.1 s have three."""
    dynamics = Doubling()
    monkeypatch.setattr(stepping.time, "monotonic", lambda: 0.03 * dynamics.step)
    list(follow(dynamics, [40]))
    assert dynamics.calls[:2] == [1, 2]
    assert set(dynamics.calls[2:-1]) == {3}


def test_it_goes_on_from_where_a_dynamics_stands() -> None:
    whole = list(follow(Doubling(), [0, 7, 20, 30], np.array([0, 7, 15, 29])))
    dynamics = Doubling()
    dynamics.load({"step": np.array([7, 7])})
    rest = list(follow(dynamics, [20, 30], np.array([0, 7, 15, 29]), begin=7))
    assert logged(rest) == [15, 29]
    assert states(rest) == [20, 30]
    assert logged(whole) == [0, 7, 15, 29]


@pytest.mark.parametrize(("breaks_at", "kept", "first"), [(0, [], 0), (6, [0, 1, 2], 9)])
def test_what_was_measured_before_a_run_breaks_is_kept(
    breaks_at: int, kept: list[int], first: int
) -> None:
    """One run of two: the first due step that is not finite is named, those before it are told."""
    seen: list[Reached] = []
    way = follow(Doubling(breaks_at), [50], np.array([0, 1, 2, 9, 10, 50]))
    with pytest.raises(NonFinite, match=rf"^non-finite at step {first} in x$"):
        seen.extend(noting(way, seen))
    assert logged(seen) == kept
    assert all(at.step < first for at in seen)


def test_a_state_that_is_not_finite_ends_it_after_what_was_logged() -> None:
    seen: list[Reached] = []
    way = follow(Doubling(8), [4, 8], np.array([0, 7]))
    with pytest.raises(NonFinite, match=r"non-finite at step 8 in x at a stop"):
        seen.extend(noting(way, seen))
    assert logged(seen) == [0, 7]
    assert states(seen) == [4]


def test_every_state_is_one_a_step() -> None:
    assert list(every_state(Doubling(), 5)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("error", "holds", "raised"),
    [
        (OverflowError("math range error"), 1.0, NonFinite),
        (ValueError("must be finite"), math.nan, NonFinite),
        (ValueError("something else"), 1.0, ValueError),
    ],
)
def test_who_cannot_compute_with_a_number_that_is_none_ends_it_as_that_number_does(
    error: Exception, holds: float, raised: type[Exception]
) -> None:
    class Breaking(Doubling):
        def advance(self, to: int, due: np.ndarray) -> Logged:
            if to > 2:
                raise error
            return super().advance(to, due)

        def save(self) -> Saved:
            return {"x": np.full(2, holds)}

    with pytest.raises(raised):
        list(follow(Breaking(), [9]))
