"""When things are measured."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.config import Stage
from ntp_dynamics.observe.hooks import checkpoints, recorded_steps, standard_hooks
from ntp_dynamics.observe.observables import OBSERVABLES


@pytest.mark.parametrize("last", [1, 7, 32, 33, 900, 10_000, 123_456])
def test_recorded_steps_hold_the_first_33_and_the_last_and_24_a_decade(last: int) -> None:
    steps = recorded_steps(last)
    assert (np.diff(steps) > 0).all()
    assert steps[0] == 0
    assert steps[-1] == last
    assert set(range(min(33, last + 1))) <= set(steps.tolist())
    for start in range(32, last // 10, 97):
        assert ((steps > start) & (steps <= 10 * start)).sum() >= 24


def test_a_longer_run_records_the_steps_of_a_shorter_one() -> None:
    short, long = recorded_steps(10_000), recorded_steps(300_000)
    assert set(short.tolist()) <= set(long.tolist())


@pytest.mark.parametrize("last", [1, 5, 900, 10**6])
def test_checkpoints_are_log_spaced_and_few(last: int) -> None:
    steps = checkpoints(last)
    assert (np.diff(steps) > 0).all()
    assert {0, 1, last} <= set(steps.tolist())
    assert len(steps) <= 4 + 6 * np.log10(max(last, 2)) + 2


def test_standard_hooks_measure_every_observable_of_the_stage() -> None:
    for stage in Stage:
        hooks = standard_hooks(stage, 100)
        assert {hook.observable.name for hook in hooks} == set(OBSERVABLES[stage])
        for hook in hooks:
            assert hook.clock == ("checkpoint" if hook.observable.dims else "step")
