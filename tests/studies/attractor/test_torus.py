"""The network on a torus."""

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.integrate import runge_kutta
from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.theory import torus as theory
from ntp_dynamics.studies.attractor.torus import VECTORS, Torus, decoded, rates, slope, tuned

LATTICES = pytest.mark.parametrize("lattice", Lattice)


def at_rest(torus: Torus) -> np.ndarray:
    u = theory.fixed_point(torus)
    return np.stack([u, *[torus.w_vs * rates(u, torus.k)] * 4])


@LATTICES
def test_two_thin_products_are_the_dense_one(lattice):
    torus = tuned(14, lattice=lattice)
    fields = np.random.default_rng(0).random((3, 14, 14))
    expected = fields.reshape(3, -1) @ torus.dense().T
    np.testing.assert_allclose(torus.spread(fields).reshape(3, -1), expected, rtol=1e-13)


@LATTICES
def test_a_field_is_spread_the_same_alone_and_in_company(lattice):
    torus = tuned(14, lattice=lattice)
    fields = np.random.default_rng(0).random((5, 14, 14))
    together = torus.spread(fields, 2)
    assert all(np.array_equal(torus.spread(f, 2), x) for f, x in zip(fields, together, strict=True))


@LATTICES
def test_a_kernel_sums_to_the_density_of_neurons(lattice):
    torus = tuned(18, a=30.0, lattice=lattice)
    assert torus.kernel((5.0, -3.0)).sum() == pytest.approx(torus.rho, rel=1e-12)


@LATTICES
def test_the_bump_rests_and_moves_where_v_points(lattice):
    torus = tuned(16, 1.3, 0.5, k=1e-4, lattice=lattice)
    state = at_rest(torus)
    assert np.abs(slope(torus, state)).max() < 1e-11
    v, seen = np.array([3.0, -2.0]), []
    for step in range(80):
        state = runge_kutta(lambda y, t: slope(torus, y, v), state, 0.0, 0.2)
        if step in (59, 79):
            seen.append(decoded(torus, state[0]))
    gains = (seen[1] - seen[0]) / 4 / v
    assert gains[0] == pytest.approx(gains[1], rel=2e-3)
    assert 0.3 < gains[0] < 0.4


@LATTICES
def test_a_rolled_bump_is_decoded_one_lattice_step_on(lattice):
    torus = tuned(12, 1.3, k=1e-4, lattice=lattice)
    u = theory.fixed_point(torus)
    np.testing.assert_allclose(decoded(torus, u), [0, 0], atol=1e-10)
    np.testing.assert_allclose(
        decoded(torus, np.roll(u, 2, 1)), VECTORS[lattice][0] / 6, atol=1e-10
    )
    np.testing.assert_allclose(
        decoded(torus, np.roll(u, 1, 0)), VECTORS[lattice][1] / 12, atol=1e-10
    )
    assert np.isnan(decoded(torus, 1e-9 * u)).all()
