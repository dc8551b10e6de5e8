"""Lines of nodes side by side against the same nodes one by one."""

import math
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.studies.score_matching.frame import widths_of
from ntp_dynamics.studies.score_matching.loss import grid, lattice, line, nodes
from tests.studies.score_matching import made

NOTHING = np.zeros(0, dtype=np.int64)
RNG = np.random.default_rng(3)
CASES = {
    "a clump": [6.0, 0, 0] + 1e-7 * RNG.normal(size=(5, 3)),
    "one at the truth": [[0, 1e-7, 2e-7], [7.4, 1e-7, 0], [7.3, 0, 1e-7], [7.4, -2e-7, 0]],
    "three points across": RNG.normal(size=(4, 3)) * [3, 2e-4, 1e-4],
    "seven and three": RNG.normal(size=(5, 3)) * [2, 0.02, 1e-4],
    "a plane": RNG.normal(size=(3, 2)) * 1.5,
    "the second coordinate is the widest": RNG.normal(size=(4, 2)) * [1e-2, 3],
    "hardly wide": RNG.normal(size=(3, 2)) * [0.15, 1e-4],
    "one student": [[4.0, 1e-4]],
    "below the range of floats": [[0.0, 0], [90.0, 0], [91.0, -1e-4]],
    "on both sides": [[-5.0, 1e-4], [5.0, 0], [12.0, -1e-4]],
}


def equal(n):
    return np.full(n, -math.log(n))


def level_of(mu):
    """Of its widths, two points counted as three."""
    return tuple(max(k, -1) for k in grid.levels(widths_of(mu)))


def apart(mu, log_pi, scales, shares, exponent=line.EXPONENT, level=None):
    """Relative differences of loss and gradient between both ways; ln of the loss."""
    mu = np.asarray(mu, dtype=float)
    own, plain = level or grid.levels(widths_of(mu)), level_of(mu)
    x, log_weight = (np.stack([a] * len(scales)) for a in grid.grid(plain, exponent))
    log_loss, size, g = nodes.node_loss(mu, log_pi, scales, shares, x, log_weight)
    given = log_pi, scales, shares, grid.lattice(own, exponent)
    found, found_size, found_g = lattice.lattice_loss(mu, *given)
    off = np.abs(found_g * math.exp(found_size - size) - g).max() / np.abs(g).max()
    return abs(math.expm1(found - log_loss)), float(off), found


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradient_are_those_of_the_nodes_one_by_one(name):
    mu, one = CASES[name], np.ones(1)
    n = len(mu)
    unequal = np.log(np.arange(1, n + 1) / (n * (n + 1) / 2))
    levels = np.exp(-np.array([0, 0.5, 2.0])), np.array([0.5, 0.3, 0.2])
    for given in ((equal(n), one, one), (unequal, one, one), (equal(n), *levels)):
        loss, gradient, _ = apart(mu, *given)
        assert max(loss, gradient) < 1e-12
    for exponent in (line.EXPONENT / 2, 1.01 * grid.COARSE):
        assert max(apart(mu, equal(n), one, one, exponent)[:2]) < 1e-12


def test_what_was_written_where_sums_go_does_not_count():
    mu, one = np.array(CASES["a clump"]), np.ones(1)
    given = mu, equal(5), one, one, grid.lattice(grid.levels(widths_of(mu)), line.EXPONENT)
    _, _, g = lattice.lattice_loss(*given)
    used = np.full(mu.shape, np.nan)
    room = lattice.room_for(*mu.shape)
    for array in room:
        array.fill(np.nan)
    lattice.lattice_sums(*given, used, room)
    assert np.array_equal(used, g)


def test_a_loss_below_the_range_of_floats_is_one():
    one = np.ones(1)
    assert apart(CASES["below the range of floats"], equal(3), one, one)[2] < -900


def test_two_points_across_are_enough_for_what_is_flat_and_no_more():
    """Of directions along which students part: the gradient there, relative to itself."""
    off = {}
    for width in (4e-7, 1e-3):
        mu = np.array([[0.0, 1.0], [3.0, -0.5], [2.5, 0.5]]) * [1, width / 1.5]
        wide = grid.levels(widths_of(mu))[0]
        one, found = np.ones(1), []
        for points in (-2, 0):
            nodes_of = grid.lattice((wide, points), line.EXPONENT)
            _, size, g = lattice.lattice_loss(mu, equal(3), one, one, nodes_of)
            found.append(math.exp(size) * g[:, 1])
        off[width] = np.abs(found[0] / found[1] - 1).max()
    assert off[1e-3] > 1e-7
    # What is left is the rounding of sums that cancel, 1e-16/4e-7.
    assert off[4e-7] < 4e-8


def test_where_a_descent_on_lattices_stands_does_not_depend_on_how_it_is_cut():
    more = ("phases=[descent]", "runs=1", "expectation.rank_tol=0", "init.distance=5")
    job = made.job(*more, "init.log_spread=-15", "train={steps:400,step_size:0.05}")
    phase: Any = job.phases[0]
    whole, cut = phase.start({}), phase.start({})
    whole.advance(160, NOTHING)
    met = set()
    for step in (*range(1, 160, 53), 160):
        met.add(grid.levels(widths_of(cut.y[0])))
        cut.advance(step, NOTHING)
        saved = cut.save()
        cut = phase.start({})
        cut.load(saved)
    assert len(met) > 2
    assert np.array_equal(whole.y, cut.y)
