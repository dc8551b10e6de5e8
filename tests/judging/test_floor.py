"""Where numbers stop, a law is not refuted; where a quantity stops, it is."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.floor import floor_of
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.statement import Statement

T = np.unique(np.round(np.geomspace(1, 1e5, 300)))


def held(y: np.ndarray, law: str = "t^-2", **more: float) -> Judged:
    return hold(Statement(law, **more), Curve(T, np.atleast_2d(y)), settles=False)


def stopped(level: float, wobble: float = 0.2) -> np.ndarray:
    """t^-2 until ``level``, and a wobble about it from there on."""
    noise = np.random.default_rng(0).standard_normal(T.size)
    return np.maximum(T**-2.0, level * np.exp(wobble * noise))


def test_a_floor_of_single_precision_is_found_used_and_said() -> None:
    judged = held(stopped(1e-7))
    assert judged.answer != "contradicted"
    assert judged.statement.floor == pytest.approx(1e-7, rel=0.2)
    assert "single precision" in judged.curve.notes[0]
    assert "--floor" in judged.curve.notes[0]


def test_a_floor_of_double_precision_is_found_relative_to_the_largest_value() -> None:
    y = 1e3 * np.maximum(T**-6.0, 2e-16)
    judged = held(y, "t^-6")
    assert judged.answer != "contradicted"
    assert "double precision" in judged.curve.notes[0]


def test_any_other_level_speaks_against_the_law_and_is_told_as_a_hint() -> None:
    judged = held(stopped(1e-5))
    assert judged.answer == "contradicted"
    assert judged.statement.floor is None
    assert "if that is rounding" in judged.curve.notes[0]
    declared = held(stopped(1e-5), floor=1.2e-5)
    assert declared.answer != "contradicted"
    assert declared.curve.notes == ()


@pytest.mark.parametrize("power", [-0.3, -0.5, -1.0])
def test_a_slower_law_of_the_same_size_is_no_floor(power: float) -> None:
    """A power that reaches the level of single precision without stopping there."""
    y = 1e-7 * (T / T[-1]) ** power
    y[0] = 1.0
    assert floor_of(T, y, -2 * np.log(T)) is None


def test_a_law_that_does_not_fall_is_held_to_the_floor() -> None:
    assert floor_of(T, stopped(1e-7), np.zeros(T.size)) is None


def test_a_run_that_still_rises_is_no_floor() -> None:
    y = stopped(1e-7, 0.0) * np.where(T > 3e3, (T / 3e3) ** 0.4, 1.0)
    assert floor_of(T, y, -2 * np.log(T)) is None


def test_a_run_that_never_fell_has_no_floor() -> None:
    assert floor_of(T, np.full(T.size, 0.5), -2 * np.log(T)) is None


def test_a_run_that_wobbles_by_more_than_a_decade_has_no_floor() -> None:
    assert floor_of(T, stopped(1e-7, wobble=2.0), -2 * np.log(T)) is None
