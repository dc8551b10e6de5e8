"""The end of a burn-in, on curves where it is known."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.verdict.onset import local_exponents, onset_step

T = np.unique(np.round(10 ** np.linspace(0, 5, 151))).astype(int)


def test_the_local_exponent_of_a_power_is_its_exponent_wherever_the_window_is_whole() -> None:
    slopes = local_exponents(T, -2 * np.log(T)[None])
    assert np.isnan(slopes[0, [0, -1]]).all()
    np.testing.assert_allclose(slopes[0, (T >= 10) & (T <= 1e4)], -2, atol=1e-12)


def test_a_law_that_begins_late_has_its_onset_there() -> None:
    """1/t up to 1,000 and t^-2 from there on."""
    log_t = np.log(T)
    broken = -log_t - np.maximum(log_t - np.log(1e3), 0)
    (onset,) = onset_step(T, broken[None], -2.0)
    assert 1e3 < onset < 2e3  # the window of half a decade still reaches back


def test_a_law_that_is_never_reached_has_no_onset_and_one_that_always_holds_starts_at_once() -> (
    None
):
    log_t = np.log(T)
    never, always = onset_step(T, np.stack([-log_t, -2 * log_t]), -2.0)
    assert np.isnan(never)
    assert always < 4
