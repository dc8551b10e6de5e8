"""The bump on square and hexagonal tori."""

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.theory import spectrum, torus
from ntp_dynamics.studies.attractor.torus import tuned


def test_the_bump_on_a_square_torus_is_the_reference_one(reference):
    case = reference["torus_2d"]
    network = tuned(case["n"], case["w_over_wc"], a=case["a"], k=case["k"])
    u = torus.fixed_point(network)
    assert u.max() == pytest.approx(case["u_peak"], rel=1e-12)
    closed = torus.height(network.w_r, network.a, network.k, network.rho)
    assert closed == pytest.approx(case["u_peak_closed"], rel=1e-14)
    found = spectrum.eigenvalues(network.w_r * network.dense(), u.ravel(), network.k)[:11]
    np.testing.assert_allclose(found, case["eigenvalues_top11"], rtol=1e-12)
    spread = case["diffusion_input_noise_per_axis_per_sigma2"]
    assert torus.diffusion(network, u) == pytest.approx(spread, rel=1e-12)
    assert spread == pytest.approx(case["diffusion_closed"], rel=1e-4)


def test_the_bump_on_a_hexagonal_torus_is_the_reference_one(reference):
    case = reference["torus_hexagonal"]
    shape = {"a": case["a"], "k": case["k"], "lattice": Lattice.hexagonal}
    network = tuned(case["n"], case["w_over_wc"], **shape)
    assert network.w_r == pytest.approx(case["w"], rel=1e-14)
    u = torus.fixed_point(network)
    assert u.max() == pytest.approx(case["u_peak"], rel=1e-12)
    closed = torus.height(network.w_r, network.a, network.k, network.rho)
    assert closed == pytest.approx(case["u_peak_closed"], rel=1e-14)
    found = spectrum.eigenvalues(network.w_r * network.dense(), u.ravel(), network.k)[:11]
    np.testing.assert_allclose(found, case["eigenvalues_top11"], rtol=1e-12)


@pytest.mark.parametrize("lattice", Lattice)
def test_the_gradient_on_a_torus_is_that_of_the_plane(lattice):
    network = tuned(24, 1.3, a=36.0, k=1e-4, lattice=lattice)
    kernel = network.kernel()
    found = torus.gradient(network, kernel)
    shifted = [network.kernel(s) for s in ((-1e-4, 0), (1e-4, 0), (0, -1e-4), (0, 1e-4))]
    expected = [(shifted[0] - shifted[1]) / 2e-4, (shifted[2] - shifted[3]) / 2e-4]
    np.testing.assert_allclose(found, expected, atol=1e-8 * kernel.max())
