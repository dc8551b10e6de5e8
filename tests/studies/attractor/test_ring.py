"""The network on a ring: its equations, its symmetries, its decoder."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from ntp_dynamics.studies.attractor import ring as network
from ntp_dynamics.studies.attractor.integrate import euler, runge_kutta
from ntp_dynamics.studies.attractor.kernel import (
    circulant,
    column,
    convolved,
    derivative,
    mirrored,
    positions,
    translated,
)
from ntp_dynamics.studies.attractor.ring import Ring, slope, tuned
from ntp_dynamics.studies.attractor.theory import bump, gain, null_vector, wave


def moved(ring: Ring, state: np.ndarray, v, steps: int, dt: float = 0.2) -> np.ndarray:
    for _ in range(steps):
        state = runge_kutta(lambda y, t: slope(ring, y, v), state, 0.0, dt)
    return state


def at_rest(ring: Ring) -> np.ndarray:
    return null_vector.rest(ring, bump.fixed_point(ring))


def test_five_steps_of_euler_are_the_reference_ones(reference):
    case = reference["euler"]
    ring = Ring(12, case["w_r"], case["w_sv"], 60.0, 0.001, 20.0, 4.0, 0.2, case["tau_v"])
    state = np.array(case["states"][0]).reshape(3, 12)
    for expected in case["states"][1:]:
        state = euler(lambda y, t: slope(ring, y, case["v"]), state, 0.0, case["dt"])
        np.testing.assert_allclose(state.ravel(), expected, rtol=1e-14)


@pytest.mark.parametrize("width", [10.0, 40.0, 120.0, 300.0])
def test_a_kernel_sums_to_the_density_of_neurons(width):
    assert column(72, width).sum() == pytest.approx(0.2, rel=1e-13)
    assert column(72, width, 22.0).sum() == pytest.approx(0.2, rel=1e-13)


def test_a_kernel_is_even_to_the_bit_and_its_mirror_is_the_transpose():
    c = column(36, 40.0)
    assert np.array_equal(c, mirrored(c))
    shifted = column(36, 40.0, 22.0)
    assert np.array_equal(circulant(mirrored(shifted)), circulant(shifted).T)
    assert np.argmax(shifted) == 2  # ahead by Delta: 22 degrees are two neurons of ten


def test_a_convolution_is_the_product_with_its_matrix():
    r = np.random.default_rng(1).random((36, 2))
    c = column(36, 40.0, 22.0)
    np.testing.assert_allclose(convolved(c, r), circulant(c) @ r, rtol=1e-14)


def test_derivative_and_translation_are_exact_for_harmonics():
    x = np.radians(positions(9))
    np.testing.assert_allclose(derivative(np.sin(4 * x)), np.cos(4 * x) * np.pi / 45, atol=1e-15)
    moved = np.sin(4 * (x - np.radians(13)))
    np.testing.assert_allclose(translated(np.sin(4 * x), 13.0), moved, atol=1e-14)
    nyquist = np.cos(4 * np.radians(positions(8)))
    assert np.array_equal(derivative(nyquist), np.zeros(8))


@pytest.mark.parametrize("by", [1, 7, 20])
def test_a_rolled_state_has_the_rolled_orbit_bit_for_bit(by):
    ring, random = tuned(30, 1.2, 0.5), np.random.default_rng(by)
    state = random.standard_normal((3, 30)) * 5
    rolled = moved(ring, np.roll(state, by, axis=1), 4.0, 5)
    assert np.array_equal(rolled, np.roll(moved(ring, state, 4.0, 5), by, axis=1))


def test_reversing_the_speed_mirrors_the_orbit():
    ring, random = tuned(30, 1.2, 0.5), np.random.default_rng(2)
    state = random.standard_normal((3, 30)) * 5
    mirror = np.roll(state[:, ::-1], 1, axis=1)[[0, 2, 1]]
    found = moved(ring, mirror, -4.0, 20)[[0, 2, 1]]
    expected = np.roll(moved(ring, state, 4.0, 20)[:, ::-1], 1, axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_positive_speed_moves_the_bump_to_larger_x():
    ring = tuned(60, 1.2, 0.5)
    before, after = at_rest(ring), moved(ring, at_rest(ring), 5.0, 50)
    assert network.position(ring, before[0]) == pytest.approx(0.0, abs=1e-12)
    assert network.position(ring, after[0]) == pytest.approx(5.0 * 0.4 * 10, rel=0.1)


def test_the_time_constant_only_rescales_time():
    ring = tuned(30, 1.2, 0.5, tau_v=0.5)
    slow = replace(ring, tau=4.0, tau_v=2.0)
    state = at_rest(ring)
    quick = moved(ring, state, 3.0, 20, dt=0.125)
    assert np.array_equal(quick, moved(slow, state, 3.0, 20, dt=0.5))


def test_inhibition_only_rescales_heights():
    ring, scale = tuned(30, 1.2, 0.5), 4.0
    strong = replace(ring, k=ring.k * scale**2, w_r=ring.w_r * scale, w_sv=ring.w_sv * scale)
    state = at_rest(ring) + 0.1
    shrunk = state / np.array([scale, scale**2, scale**2])[:, None]
    found, expected = moved(strong, shrunk, 3.0, 20), moved(ring, state, 3.0, 20)
    np.testing.assert_allclose(found[0] * scale, expected[0], rtol=1e-13)
    positions = [network.position(r, y[0]) for r, y in ((strong, found), (ring, expected))]
    assert positions[0] == pytest.approx(positions[1], abs=1e-12)


def test_twice_the_neurons_at_equal_rho_k_give_the_same_bump():
    few, many = tuned(90, 1.2, 0.5, k=1e-3), tuned(180, 1.2, 0.5, k=5e-4)
    u = [bump.fixed_point(ring) for ring in (few, many)]
    np.testing.assert_allclose(u[0], u[1][::2], rtol=1e-12)


def test_runge_kutta_euler_and_the_wave_agree_on_the_speed():
    ring = tuned(24, 1.2, 0.5)
    (expected,) = wave.curve(ring, np.array([5.0]))
    for step, dt, tolerance in ((runge_kutta, 0.2, 2e-8), (euler, 0.02, 5e-4)):
        state = expected.profile
        forward = partial(step, lambda y, t: slope(ring, y, 5.0))
        for _ in range(round(20 / dt)):
            state = forward(state, 0.0, dt)
        halfway = network.position(ring, state[0])
        for _ in range(round(4 / dt)):
            state = forward(state, 0.0, dt)
        speed = (network.position(ring, state[0]) - halfway) / 4
        assert speed == pytest.approx(expected.speed, rel=tolerance)
        assert speed / 5.0 == pytest.approx(
            gain.linear_response(ring, bump.fixed_point(ring)), rel=0.01
        )


def test_the_decoder_reads_rates_and_says_nothing_of_a_dead_bump():
    ring = tuned(36, 1.2)
    u = bump.fixed_point(ring)
    assert network.position(ring, u) == pytest.approx(0.0, abs=1e-12)
    assert network.position(ring, translated(u, 33.3)) == pytest.approx(33.3, abs=1e-10)
    two = 3 * translated(u, 100.0) + u
    by_rates, _ = network.decoded(network.rates(two, ring.k))
    by_potentials, _ = network.decoded(two)
    assert network.position(ring, two) == by_rates != pytest.approx(by_potentials, abs=1.0)
    assert np.isnan(network.position(ring, u * 1e-8))
    assert np.isnan(network.position(ring, -u))


def test_unwrapping_counts_turns():
    path = np.linspace(0, 1000, 9)
    wrapped = (path + 180) % 360 - 180
    np.testing.assert_allclose(network.unwrapped(wrapped), path)


def test_rates_are_rectified_and_divided_by_their_sum():
    u = np.linspace(-5, 5, 30)
    r = network.rates(u, 0.01)
    assert (r[u < 0] == 0).all()
    np.testing.assert_allclose(r[u > 0], u[u > 0] ** 2 / (1 + 0.01 * (u[u > 0] ** 2).sum()))
