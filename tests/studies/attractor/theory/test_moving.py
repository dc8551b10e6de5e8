"""Null vector, gains, travelling wave and generator of the network with speed neurons."""

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.ring import Ring, critical_weight, slope, tuned
from ntp_dynamics.studies.attractor.theory import (
    bump,
    diffusion,
    gain,
    generator,
    null_vector,
    wave,
)


def network(case) -> Ring:
    """The network of a reference case, from w_tot and the paper-level gain."""
    a, k = case["a"], case["k"]
    names = {"delta": "Delta", "g_v": "g_v", "w_vs": "w_vs", "tau_v": "tau_v"}
    rest = {ours: case[theirs] for ours, theirs in names.items()}
    ratio = case["w_tot"] / critical_weight(a, k, case["N"] / 360)
    return tuned(case["N"], ratio, case["gain_naive"], a=a, k=k, **rest)


@pytest.mark.parametrize("i", range(4))
def test_gains_and_waves_are_the_reference_ones(reference, i):
    case = reference["speed"][i]
    ring = network(case)
    assert ring.w_sv == pytest.approx(case["w_sv"], rel=1e-14)
    assert ring.w_r == pytest.approx(case["w_r"], rel=1e-14)
    u = bump.fixed_point(ring)
    assert u.max() == pytest.approx(case["u_peak"], rel=1e-13)
    assert gain.naive(ring) == pytest.approx(case["gain_naive"], rel=1e-14)
    assert gain.gaussian(ring) == pytest.approx(case["gain_gaussian_closed"], rel=1e-14)
    exact = gain.linear_response(ring, u)
    assert exact == pytest.approx(case["gain_linear_response"], rel=1e-13)
    expected = case["wave_speed_at_v_over_gv"]
    waves = wave.curve(ring, np.array([float(x) for x in expected]) * ring.g_v)
    np.testing.assert_allclose([w.speed for w in waves], list(expected.values()), rtol=3e-12)
    lead = wave.decoder_lead(ring, waves[0])
    assert lead == pytest.approx(case["decoder_lag_at_v_0.1_gv"], abs=1e-14 / ring.g_v * 180)
    (slow,) = wave.curve(ring, np.array([1e-4 * ring.g_v]))
    assert slow.speed / slow.v == pytest.approx(exact, rel=1e-8)


def test_waves_mirror_and_a_wave_is_one():
    ring = tuned(48, 1.2, 0.5)
    right, left = (wave.curve(ring, np.array([v]))[0] for v in (7.0, -7.0))
    assert left.speed == pytest.approx(-right.speed, rel=1e-11)
    assert np.abs(wave.residual(ring, right.profile, 7.0, right.speed)).max() < 1e-11


@pytest.mark.parametrize(("neurons", "tau_v"), [(180, 1.0), (60, 0.3), (45, 2.5)])
def test_the_left_null_vector_is_exact_on_every_grid(neurons, tau_v):
    ring = tuned(neurons, 1.3, 0.6, tau_v=tau_v)
    u = bump.fixed_point(ring)
    matrix, left = null_vector.jacobian(ring, u), null_vector.left(ring, u)
    assert np.abs(left.ravel() @ matrix).max() < 1e-12 * np.abs(left).max()
    assert np.abs(matrix @ null_vector.rest_tangent(ring, u).ravel()).max() < 1e-12 * u.max()
    wrong = left * np.array([1.0, 1.01, 1.0])[:, None]
    assert np.abs(wrong.ravel() @ matrix).max() > 1e-5 * np.abs(left).max()


def test_the_jacobian_is_the_derivative_of_the_slope():
    ring, random = tuned(20, 1.2, 0.5, tau_v=0.4), np.random.default_rng(3)
    state, change = random.random((3, 20)) * 5, random.standard_normal((3, 20)) * 1e-6
    found = slope(ring, state + change, 3.0) - slope(ring, state - change, 3.0)
    expected = null_vector.jacobian(ring, state[0], 3.0) @ change.ravel() * 2
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-11)


def test_only_translation_is_neutral_when_the_speed_loop_is_on():
    ring = tuned(60, 1.2, 0.5)
    found = np.linalg.eigvals(null_vector.jacobian(ring, bump.fixed_point(ring)))
    found = found[np.argsort(-found.real)]
    assert abs(found[0]) < 1e-12
    np.testing.assert_allclose(found[1:3].real, -0.443, atol=5e-4)
    np.testing.assert_allclose(np.abs(found[1:3].imag), 0.025, atol=5e-4)


def test_the_speed_loop_lowers_diffusion_by_the_square_of_the_overlap():
    on = tuned(180, 1.2, 0.5)
    u = bump.fixed_point(on)
    quick = replace(on, tau_v=1e-12)  # speed neurons without delay carry nothing of the bump
    ratio = diffusion.by_input(quick, u) / diffusion.by_input(on, u)
    assert ratio == pytest.approx(1.44, abs=0.005)


def test_the_difference_of_the_shifted_weights_is_the_generator(reference):
    case = reference["generator"]
    modes = np.array([int(m) for m in case["mode_gain_over_derivative"]])
    expected = list(case["mode_gain_over_derivative"].values())
    ring = tuned(180, 1.2, 0.5, a=case["a"], delta=case["Delta"])
    np.testing.assert_allclose(generator.symbol(modes, ring.a, ring.delta), expected, rtol=1e-13)
    np.testing.assert_allclose(generator.measured_symbol(ring, modes), expected, rtol=1e-11)
    assert generator.alignment(ring, bump.fixed_point(ring)) == pytest.approx(0.99995, abs=5e-6)
