"""A side task runs seldom enough to cost little."""

from __future__ import annotations

import itertools

from ntp_dynamics.system.throttle import Throttle


class Clock:
    """Time that passes when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def runs(cost: float, steps: int, step: float = 0.01) -> tuple[list[float], float]:
    """When a task of this cost ran beside work of so many steps, and its share of the time."""
    clock, times = Clock(), []
    throttle = Throttle(seconds=2.0, share=0.02, clock=clock)

    def task() -> None:
        times.append(clock.now - 100)
        clock.now += cost

    for _ in range(steps):
        clock.now += step
        if throttle.due:
            throttle.run(task)
    return times, len(times) * cost / (clock.now - 100)


def test_a_cheap_task_runs_every_two_seconds_and_not_more_often() -> None:
    times, _ = runs(cost=0.001, steps=2000)
    assert 7 <= len(times) <= 10
    assert min(b - a for a, b in itertools.pairwise(times)) >= 2


def test_a_dear_task_takes_two_percent_of_the_time_at_most_but_for_its_first_run() -> None:
    for cost in (0.1, 0.7):
        times, share = runs(cost=cost, steps=20_000)
        assert len(times) >= 2
        assert share <= 0.02


def test_a_short_job_never_pays_for_it() -> None:
    assert runs(cost=0.1, steps=190)[0] == []
