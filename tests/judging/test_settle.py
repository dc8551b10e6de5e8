"""What would settle an open question is worked out by the judge itself."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.settle import _continued, _trend
from ntp_dynamics.judging.statement import Statement, made


def runs(power: float, end: int, count: int = 1, noise: float = 0.05) -> Curve:
    t = np.arange(1, end + 1)
    random = np.random.default_rng(1)
    return Curve(
        t.astype(float), t**-power * np.exp(noise * random.standard_normal((count, end)))
    )  # fmt: skip


def settled(law: str, curve: Curve, **more: object) -> Judged:
    return hold(Statement(law, **more), curve)  # pyright: ignore[reportArgumentType]


def told_horizon(judged: Judged) -> float:
    found = re.search(r"(?:step|t) ([\d,.e+]+) with", judged.settle or "")
    assert found, judged.settle
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize(("power", "answer"), [(1.0, "kept"), (0.7, "contradicted")])
def test_the_horizon_that_is_told_settles_it_the_way_that_is_told(
    power: float, answer: str
) -> None:
    judged = settled("1/t", runs(power, 60))
    assert judged.answer == "undecided"
    horizon = told_horizon(judged)
    assert 60 < horizon <= 6_000
    assert re.search(r"(9|10) (of 10 )?" + answer, judged.settle or "")
    assert settled("1/t", runs(power, int(horizon))).answer == answer


def test_it_says_the_same_twice() -> None:
    assert settled("1/t", runs(0.7, 60)).settle == settled("1/t", runs(0.7, 60)).settle


def test_what_nothing_settles_is_said() -> None:
    """Noise of a factor e^2 hides a slope in every decade, however late, from twenty runs too."""
    t = np.unique(np.round(np.geomspace(1, 150, 50)))
    noise = 2.0 * np.random.default_rng(3).standard_normal((1, t.size))
    judged = settled("1/t", Curve(t, t**-0.97 * np.exp(noise)))
    assert judged.answer == "undecided"
    assert judged.settle == "nothing up to step 150,000 and 20 runs would settle it"


def test_a_run_goes_on_as_it_did() -> None:
    curve = runs(0.7, 60, noise=1e-6)
    trend = _trend(curve, made(Statement("1/t")))
    assert trend is not None
    longer = _continued(trend, curve, 100, 3, 0)
    assert longer.t[-1] == 6_000
    assert longer.y.shape == (3, longer.t.size)
    np.testing.assert_allclose(longer.y, np.tile(longer.t**-0.7, (3, 1)), rtol=1e-4)
    np.testing.assert_allclose(longer.y[0, :60], curve.y[0], rtol=1e-15)  # what was measured stays


def test_a_value_that_is_no_number_is_settled_by_no_steps() -> None:
    curve = runs(1.0, 300)
    curve.y[0, 150] = np.nan
    assert "first the values have to be sound" in (settled("1/t", curve).settle or "")


def test_an_equality_in_the_limit_is_told_from_where_it_is_met() -> None:
    t = np.arange(1.0, 1001)
    curve = Curve(t, (1 / t + 10 / t**2)[None])
    judged = settled("y -> 1/t", curve)
    assert judged.answer == "undecided"
    found = re.search(r"from step ([\d,]+) on", judged.settle or "")
    assert found
    start = float(found[1].replace(",", ""))
    assert start == pytest.approx(200, abs=2)  # 10 / t is the tolerance of 0.05
    assert settled("y -> 1/t", curve, start=start).answer == "kept"
    assert settled("y -> 1/t", curve, start=start - 5).answer == "undecided"


def test_what_an_answer_rests_on_is_said() -> None:
    assert "a bound that is exceeded" in (settled("y <= 0.1/t", runs(1.0, 300)).settle or "")
    assert "it rests on 1 run to step 300" in (settled("1/t", runs(1.0, 300)).settle or "")
    assert "still moves against" in (settled("t^-2", runs(1.0, 3000)).settle or "")
