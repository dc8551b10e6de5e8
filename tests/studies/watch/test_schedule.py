"""Maps are kept at six places a decade of the steps that are recorded."""

from __future__ import annotations

from ntp_dynamics.observe.hooks import checkpoints
from ntp_dynamics.studies.watch.schedule import crosses, schedule_of


def kept(steps: list[int]) -> list[int]:
    found = [-1]
    for step in steps:
        if crosses(found[-1], step):
            found.append(step)
    return found[1:]


def test_where_every_step_is_recorded_they_are_the_checkpoints_of_the_lab() -> None:
    mine, theirs = kept([*range(1001)]), checkpoints(1000).tolist()
    assert len(mine) <= len(theirs) + 1
    assert {t for t in theirs if min(abs(t - m) for m in mine) > 1} == set()


def test_where_few_are_recorded_each_place_of_the_grid_has_one_at_most() -> None:
    due = schedule_of(100)
    steps = [t for t in range(100_001) if due(t)]
    assert kept(steps)[:6] == [0, 100, 200, 300, 400, 500]
    assert len([t for t in kept(steps) if t > 10_000]) <= 6
