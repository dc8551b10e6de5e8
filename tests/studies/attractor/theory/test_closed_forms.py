"""Every closed form against numbers made with 50 digits, and against the fixed point on a grid."""

import math

import numpy as np
import pytest

from ntp_dynamics.studies.attractor import torus as plane
from ntp_dynamics.studies.attractor.kernel import positions
from ntp_dynamics.studies.attractor.ring import critical_weight, rates, tuned
from ntp_dynamics.studies.attractor.theory import bump, diffusion, disorder, pinning, spectrum
from ntp_dynamics.studies.attractor.theory import torus as torus_theory

DIGITS = {"rel": 4e-15}


@pytest.mark.parametrize("i", range(3))
def test_closed_forms_have_all_their_digits(reference, i):
    case = reference["closed_forms"][i]
    a, k, rho = case["a"], case["k"], case["rho"]
    w = case["w_over_wc"] * case["w_c"]
    assert critical_weight(a, k, rho) == pytest.approx(case["w_c"], **DIGITS)
    top = bump.height(w, a, k, rho)
    assert top == pytest.approx(case["U"], **DIGITS)
    assert bump.height(w, a, k, rho, stable=False) == pytest.approx(case["U_unstable"], **DIGITS)
    assert bump.peak_rate(w, a, k, rho) == pytest.approx(case["R"], **DIGITS)
    squares = rho * math.sqrt(2 * math.pi) * a * top**2
    assert 1 + k * squares == pytest.approx(case["divisor"], **DIGITS)
    assert 1 - bump.root(case["w_over_wc"]) == pytest.approx(case["lambda_height"], **DIGITS)
    found = spectrum.predicted(case["w_over_wc"], 8)
    expected = np.sort([*case["lambda_shape"], case["lambda_height"]])[::-1]
    np.testing.assert_allclose(found, expected, rtol=4e-15)
    spread = case["diffusion_input_noise_per_sigma2"]
    assert diffusion.by_input_closed(a, rho, top) == pytest.approx(spread, **DIGITS)
    spread = case["diffusion_rate_noise_per_F"]
    assert diffusion.by_rates_closed(a, rho, case["R"]) == pytest.approx(spread, **DIGITS)
    assert disorder.rms(rho) == pytest.approx(case["weight_noise_speed_rms_per_eps"], **DIGITS)
    count = case["weight_noise_expected_fixed_points_360"]
    assert disorder.zeros(a) == pytest.approx(count, **DIGITS)
    pinned = case["pinning_rate_at_spacing_dx"]
    assert pinning.rate(1.0, pinned["dx_over_a"]) == pytest.approx(pinned["value"], **DIGITS)


@pytest.mark.parametrize("i", range(3))
def test_closed_forms_on_a_torus_have_all_their_digits(reference, i):
    case = reference["closed_forms"][i]
    torus, a, k, rho = case["torus_2d"], case["a"], case["k"], case["rho"]
    w = case["w_over_wc"] * torus["w_c"]
    assert plane.critical_weight(a, k, rho) == pytest.approx(torus["w_c"], **DIGITS)
    assert torus_theory.height(w, a, k, rho) == pytest.approx(torus["U"], **DIGITS)
    assert torus_theory.peak_rate(w, a, k, rho) == pytest.approx(torus["R"], **DIGITS)
    spread = torus["diffusion_input_noise_per_axis_per_sigma2"]
    assert diffusion.by_input_closed_2d(rho, torus["U"]) == pytest.approx(spread, **DIGITS)
    found = spectrum.predicted(case["w_over_wc"], 20, dimension=2)
    assert np.abs(found - torus["lambda_height"]).min() < 1e-15


def test_eigenvalues_of_a_torus_come_in_multiplets():
    found = spectrum.predicted(1.25, 10, dimension=2)
    np.testing.assert_allclose(found, [1, 1, 0.5, 0.5, 0.5, 0.4, 0.25, 0.25, 0.25, 0.25])


@pytest.mark.parametrize("i", range(3))
def test_the_bump_on_a_ring_is_the_reference_one(reference, i):
    case = reference["ring"][i]
    n = case["N"]
    ring = tuned(n, case["w_over_wc"], a=case["a"], k=case["k"])
    u, r = bump.fixed_point(ring), rates(bump.fixed_point(ring), ring.k)
    assert positions(n)[u.argmax()] == 0
    assert u.max() == pytest.approx(case["u_peak"], rel=1e-13)
    beside = [u[(n // 2 + d) % n] for d in (5, 10, 20)]
    np.testing.assert_allclose(beside, case["u_at_peak_plus_5_10_20_neurons"], rtol=1e-12)
    assert r.max() == pytest.approx(case["r_peak"], rel=1e-13)
    found = spectrum.eigenvalues(bump.carrier(ring), u, ring.k)[:8]
    np.testing.assert_allclose(found, case["eigenvalues_top8"], rtol=1e-12)
    spread = case["diffusion_input_noise_per_sigma2"]
    assert diffusion.by_input(ring, u) == pytest.approx(spread, rel=1e-12)
    spread = case["diffusion_rate_noise_per_F"]
    assert diffusion.by_rates(ring, u) == pytest.approx(spread, rel=1e-12)


def test_a_narrow_bump_meets_the_closed_forms_to_rounding_and_a_wide_one_feels_the_ring():
    for a, least, most in ((20.0, 0.0, 1e-12), (40.0, 1e-5, 3e-4)):
        ring = tuned(180, 1.2, a=a)
        u = bump.fixed_point(ring)
        top = bump.height(ring.w_r, a, ring.k, ring.rho)
        assert least <= abs(u.max() / top - 1) <= most
        assert least <= np.abs(u / bump.profile(ring) - 1)[80:101].max() <= 2 * most


def test_no_bump_below_the_threshold():
    assert math.isnan(bump.height(0.89, 40, 5e-4, 0.5))
    dying = tuned(60, 0.95)
    with pytest.raises(ArithmeticError, match="no bump"):
        bump.settled(lambda r: bump.carrier(dying) @ r, bump.profile(dying), dying.k, 200)


@pytest.mark.parametrize("i", range(3))
def test_the_grid_pins_as_much_as_the_law_says(reference, i):
    case = reference["grid_pinning"][i]
    ring = tuned(case["N"], case["w_over_wc"], a=case["a"], k=case["k"])
    u, dx = bump.fixed_point(ring), 360 / case["N"]
    found = spectrum.eigenvalues(bump.carrier(ring), u, ring.k)[0]
    assert found == pytest.approx(case["translation_eigenvalue"], abs=2e-14)
    law = pinning.rate(case["a"], dx)
    assert law == pytest.approx(case["law_abs_1_minus"], rel=4e-15)
    assert abs(1 - found) == pytest.approx(law, rel=0.03)
    assert pinning.speed(case["a"], dx) == pytest.approx(law * dx / (2 * math.pi))


def test_the_drift_field_of_a_given_matrix(reference):
    case = reference["weight_noise"]
    ring = tuned(case["N"], case["w_over_wc"], a=case["a"], k=case["k"])
    i, j = np.indices((24, 24))
    xi = np.sin(1.9 * i + 3.7 * j + 0.8 * i * j)
    shifts = np.arange(24) * 15.0
    found = disorder.field(ring, bump.fixed_point(ring), xi, shifts)
    expected = case["drift_speed_per_eps_with_bump_at_x_q"]["peak_at_index_N/2_plus_q"]
    np.testing.assert_allclose(found, expected, atol=1e-11)


def test_drift_fields_of_many_draws_have_the_predicted_size_and_number_of_zeros():
    ring, random = tuned(24, 1.2), np.random.default_rng(7)
    u, shifts = bump.fixed_point(ring), np.arange(120) * 3.0
    fields = [disorder.field(ring, u, random.standard_normal((24, 24)), shifts) for _ in range(400)]
    assert np.mean(np.square(fields)) == pytest.approx(disorder.rms(ring.rho) ** 2, rel=0.1)
    counts = [disorder.crossings(f) for f in fields]
    assert np.mean(counts) == pytest.approx(disorder.zeros(ring.a), rel=0.05)
    assert all(c % 2 == 0 for c in counts)
    assert [2 * len(disorder.stable(f)) for f in fields] == counts
