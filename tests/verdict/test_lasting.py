"""Gaps between y and its limit: some last, some close, and noise may look like one."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.verdict.lasting import correlation, lasts, noise, parts

ALLOWED = 0.01
GRIDS = {decades: np.geomspace(100, 100 * 10**decades, round(30 * decades)) for decades in (0.5, 2)}


def found(gap: np.ndarray, t: np.ndarray, runs: int = 1) -> bool:
    return lasts(np.log(t), gap, np.full(t.size, ALLOWED), runs)


@pytest.mark.parametrize("decades", GRIDS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_gap_that_stays_lasts_and_one_that_closes_does_not(decades: float, sign: int) -> None:
    t = GRIDS[decades]
    late = t / t[0]
    assert found(np.full(t.size, sign * 1.1 * ALLOWED), t)
    assert not found(np.full(t.size, sign * 0.9 * ALLOWED), t)
    assert found(sign * (2 + 0.5 / late) * ALLOWED, t)
    for power in (0.35, 0.5, 1, 2):
        assert not found(sign * 1e3 * ALLOWED * late**-power, t)
    assert found(sign * 1e3 * ALLOWED * late**-0.1, t) is (decades < 1)


@pytest.mark.parametrize("power", [0.6, 1.0, 2.0])
def test_a_gap_that_closes_like_a_power_of_the_log_is_undecided_and_not_lasting(
    power: float,
) -> None:
    t = np.geomspace(10, 1e6, 150)
    assert not found(np.log(t) ** -power, t)
    assert found(1 + 1 / t, t)
    assert found(0.03 + 0.1 / np.log(t), t)


@pytest.mark.parametrize("decades", GRIDS)
def test_an_oscillation_that_dies_does_not_last_whatever_its_phase(decades: float) -> None:
    t = GRIDS[decades]
    for phase in np.linspace(0, 2 * np.pi, 100):
        wave = np.sin(2 * np.log(t) + phase) / np.sqrt(t / t[0])
        assert not found(1e3 * ALLOWED * wave, t)


def test_a_gap_that_opens_lasts_from_a_decade_on() -> None:
    for decades, t in GRIDS.items():
        assert found(0.1 * np.log(t / t[0]), t) is (decades >= 1)


def test_two_steps_tell_nothing_and_three_tell_of_a_gap_that_stays() -> None:
    for n in (1, 2, 3, 5):
        t = np.geomspace(100, 110, n)
        assert found(np.ones(n), t) is (n >= 3)
        assert not found(100 / t, t)


def test_parts_are_of_equal_log_time_or_of_equally_many_steps() -> None:
    assert parts(np.linspace(0, 1, 9)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert parts(np.array([0, 5, 5.1, 5.2, 5.3])).tolist() == [0, 0, 1, 2, 3]
    assert parts(np.array([0, 1.0, 9])).tolist() == [0, 1, 2]


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_error_of_a_level_is_found_from_noise_and_not_from_a_transient(rho: float) -> None:
    """Within the factor that the largest likely correlation costs."""
    rng, n, part = np.random.default_rng(3), 80, 20
    log_t = np.linspace(0, 6, n)
    y = rng.standard_normal((600, n))
    for k in range(1, n):
        y[:, k] = rho * y[:, k - 1] + np.sqrt(1 - rho**2) * y[:, k]
    true = y[:, -part:].mean(axis=1).std()
    count = np.full(4, part)
    for shape in (0.0, np.exp(-log_t)):
        told = np.median([noise(log_t, some + shape, count)[-1] for some in y[:200]])
        assert 0.8 * true < told < 2.5 * true
    assert noise(log_t, np.exp(-log_t), count)[-1] < 0.01  # of a transient of size 1


def test_correlation_is_the_largest_likely_one() -> None:
    rng, x = np.random.default_rng(4), np.linspace(0, 1, 100)
    white = [correlation(x, rng.standard_normal(100)) for _ in range(200)]
    assert 0.1 < np.median(white) < 0.4
    assert min(white) >= 0
    assert correlation(x, np.cumsum(rng.standard_normal(100))) > 0.9
    assert correlation(x, np.zeros(100)) == pytest.approx(0.25)


def test_noise_alone_lasts_in_less_than_one_experiment_of_a_hundred() -> None:
    rng, t = np.random.default_rng(5), GRIDS[0.5]
    shocks = rng.standard_normal((2000, t.size))
    for k in range(1, t.size):
        shocks[:, k] = 0.9 * shocks[:, k - 1] + np.sqrt(1 - 0.81) * shocks[:, k]
    assert sum(found(0.2 * y, t) for y in shocks) <= 20
