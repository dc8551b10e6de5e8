"""The fast engine against the equations, and its bits against its batch."""

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.integrate import euler, runge_kutta
from ntp_dynamics.studies.attractor.modes import modes_of, packed, unpacked
from ntp_dynamics.studies.attractor.noise import CHUNK, Purpose, chunk_of
from ntp_dynamics.studies.attractor.ring import Ring, position, slope, tuned
from ntp_dynamics.studies.attractor.stepping import BLOCK, Block, blocks
from ntp_dynamics.studies.attractor.theory import bump, null_vector


def block(rings: list[Ring], scale: float = 1.0, width: float = 0.0) -> Block:
    """A block of networks, each started from a bump of its own height and place."""
    modes = modes_of(rings)
    n = modes.neurons
    states = []
    for i, ring in enumerate(rings):
        u = bump.profile(ring, scale, at=3.0 * i) - 0.5
        r = np.maximum(u, 0) ** 2 * 1e-2
        states.append(np.stack([u, ring.w_vs * r, 1.1 * ring.w_vs * r]))
    y = packed(modes, np.stack(states, axis=-1))
    current = np.linspace(0, width, n)[:, None] * np.ones(len(rings))
    where = np.array([position(ring, y[:n, i]) for i, ring in enumerate(rings)])
    return Block(modes, y, where, current)


def networks(neurons: int) -> list[Ring]:
    """Sixteen networks that differ in every number a column has of its own."""
    rings = []
    for i in range(BLOCK):
        numbers = {"k": 5e-4 * (1 + 0.05 * i), "g_v": 8.0 + 0.3 * i, "tau_v": 0.5 + 0.1 * i}
        rings.append(tuned(neurons, 1.1 + 0.05 * i, 0.4 + 0.02 * i, w_vs=0.2 + 0.01 * i, **numbers))
    return rings


@pytest.mark.parametrize("neurons", [9, 12, 36, 37])
def test_the_slope_in_modes_is_the_slope(neurons):
    rings = networks(neurons)
    batch, v = block(rings, width=0.3), np.linspace(-12, 12, BLOCK)
    full = unpacked(batch.modes, batch.y)
    found = batch.slope(v, 0.7)
    for i, ring in enumerate(rings):
        expected = slope(ring, full[:, :, i], v[i], 0.7 * batch.current[:, i])
        expected = packed(batch.modes, expected[:, :, None])[:, 0]
        np.testing.assert_allclose(found[:, i], expected, atol=1e-13 * np.abs(expected).max())


def test_steps_are_those_of_the_equations():
    rings, steps, dt = networks(30), 6, 0.1
    v = np.random.default_rng(5).uniform(-12, 12, (2 * steps + 1, BLOCK))
    gate = np.random.default_rng(6).uniform(0, 1, 2 * steps + 1)
    noise = np.random.default_rng(7).standard_normal((steps, 30, BLOCK)) * 0.1
    smooth, rough = block(rings, width=0.3), block(rings, width=0.3)
    start = unpacked(smooth.modes, smooth.y)
    smooth.forward(v, gate, dt)
    rough.diffuse(v, gate, dt, noise)
    for i, ring in enumerate(rings):

        def force(y, t, i=i, ring=ring):
            half = round(2 * t / dt)
            return slope(ring, y, v[half, i], gate[half] * smooth.current[:, i])

        y, z = start[:, :, i], start[:, :, i]
        for n in range(steps):
            y = runge_kutta(force, y, n * dt, dt)
            kick = np.stack([noise[n, :, i], np.zeros(30), np.zeros(30)])
            z = euler(force, z, n * dt, dt, kick)
        for batch, expected in ((smooth, y), (rough, z)):
            close = packed(batch.modes, expected[:, :, None])[:, 0]
            np.testing.assert_allclose(batch.y[:, i], close, atol=1e-12 * np.abs(close).max())
            assert batch.position[i] == pytest.approx(position(ring, expected[0]), abs=1e-10)


@pytest.mark.parametrize("neurons", [24, 60, 180])
def test_the_bits_of_a_trajectory_do_not_depend_on_its_block(neurons):
    rings, steps = networks(neurons), 5
    v = np.linspace(-9, 9, (2 * steps + 1) * BLOCK).reshape(-1, BLOCK)
    together = block(rings)
    y, places, gate = together.y.copy(), together.position.copy(), np.zeros(2 * steps + 1)
    together.forward(v, gate, 0.2)
    for i in range(BLOCK):
        own = np.full(BLOCK, i)
        alone = Block(
            together.modes.of(own), y[:, own].copy(), places[own], together.current[:, own].copy()
        )
        alone.forward(np.ascontiguousarray(v[:, own]), gate, 0.2)
        for j in (0, 7, BLOCK - 1):
            assert np.array_equal(alone.y[:, j], together.y[:, i])
            assert alone.position[j] == together.position[i]


def test_positions_are_unwrapped_at_every_step_and_end_with_the_bump():
    rings = [tuned(36, 1.2, 0.5)] * 15 + [tuned(36, 0.5)]
    batch, steps = block(rings), 400
    v = np.full((2 * steps + 1, BLOCK), 9.0)
    batch.forward(v, np.zeros(2 * steps + 1), 0.2)
    assert 250 < batch.position[0] < 330
    assert np.isnan(batch.position[15])
    assert np.abs(batch.y[:36, 15]).max() < 1e-6


def test_blocks_cover_every_column_once():
    for columns in (1, 15, 16, 17, 40):
        found = [(own, moved) for own, moved in blocks(columns)]
        covered = np.concatenate([np.arange(columns)[own] for own, _ in found])
        assert np.array_equal(covered, np.arange(columns))
        for own, moved in found:
            assert len(moved) == BLOCK
            assert np.array_equal(moved[: own.stop - own.start], np.arange(columns)[own])


def test_networks_of_one_batch_share_their_geometry():
    with pytest.raises(ValueError, match="share"):
        modes_of([tuned(30), tuned(30, a=30.0)])


def test_noise_is_a_function_of_seed_run_purpose_and_step():
    draw = chunk_of(1, 2, Purpose.input_noise, 3, (5,))
    assert draw.shape == (CHUNK, 5)
    assert np.array_equal(draw, chunk_of(1, 2, Purpose.input_noise, 3, (5,)))
    others = [(2, 2, Purpose.input_noise, 3), (1, 3, Purpose.input_noise, 3)]
    others += [(1, 2, Purpose.path, 3), (1, 2, Purpose.input_noise, 4)]
    assert all(np.abs(draw - chunk_of(*key, (5,))).min() > 0 for key in others)
    assert not np.intersect1d(draw, chunk_of(1, 2, Purpose.input_noise, 4, (5,))).size
    many = chunk_of(0, 0, Purpose.input_noise, 0, (1000,))
    assert abs(many.mean()) < 0.02
    assert many.std() == pytest.approx(1, abs=0.02)


def test_the_rest_of_the_network_is_a_state_in_modes():
    ring = tuned(60, 1.2, 0.5)
    h = null_vector.rest(ring, bump.fixed_point(ring))[:, :, None]
    modes = modes_of([ring])
    np.testing.assert_allclose(unpacked(modes, packed(modes, h)), h, atol=1e-13)
