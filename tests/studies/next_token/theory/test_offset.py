"""R^2: golden ones, the balance they stand for in 60 digits, and descents that come to them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from ntp_dynamics.studies.next_token.theory import offset as module
from ntp_dynamics.studies.next_token.theory.finite_part import FinitePart, finite_part
from ntp_dynamics.studies.next_token.theory.offset import Offset, null_part, offset
from ntp_dynamics.studies.next_token.theory.recession import Recession, Samples, recession
from tests.studies.next_token.theory.linear_problems import (
    GOLDEN,
    drawn,
    of_golden,
    of_sentences,
    solved,
)

golden = pytest.mark.parametrize("corpus", GOLDEN.values(), ids=list(GOLDEN))


def all_of(samples: Samples) -> tuple[Recession, FinitePart, Offset]:
    problem = solved(samples)
    finite = finite_part(problem)
    return problem, finite, offset(problem, finite)


def determined(count: int) -> list[int]:
    """Seeds of drawn problems whose offset is determined, not 0, and reached before long."""
    found, seed = [], 0
    while len(found) < count:
        here = all_of(drawn(seed))[2]
        if here.missing is None and here.squared > 1e-3 and here.rates[0] > 0.05:
            found.append(seed)
        seed += 1
    return found


DETERMINED = pytest.mark.parametrize("seed", determined(25))


@golden
def test_offsets_are_the_golden_ones(corpus: dict[str, Any]) -> None:
    """To rounding, or to the residual that the golden Newton iteration stopped at."""
    problem, _, found = all_of(of_golden(corpus))
    told = corpus["offset"]
    if told is None:
        assert found.missing is not None
        assert math.isnan(found.squared)
        return
    assert found.missing is None
    band = max(1e-13, 10 * told["residual"])
    assert found.squared == pytest.approx(told["R2"], rel=band, abs=1e-15)
    assert found.shift == pytest.approx(told["shift"], rel=band, abs=1e-15)
    assert len(found.values) == len(problem.size)


@DETERMINED
def test_along_the_offset_the_gradient_has_the_direction_of_the_target(seed: int) -> None:
    """At W_fin + W_0 + r W_svm what pulls a component is -e^-r size u, up to e^-r more; and W_0
    sums to zero over tokens that arcs join, where gradients do."""
    problem, finite, found = all_of(drawn(seed))
    sums = np.bincount(problem.whole, found.values[problem.component])
    np.testing.assert_allclose(sums, 0, atol=1e-12)
    samples, r = problem.samples, 120
    gap = problem.levels[problem.above] - problem.levels[problem.below] - 1
    slack = gap[~problem.columns.tight].min(initial=1.0)
    w = [
        mpmath.mpf(float(f)) + mpmath.mpf(float(o)) + r * mpmath.mpf(float(u))
        for f, o, u in zip(
            finite.values, found.values[problem.component], problem.direction, strict=True
        )
    ]
    with mpmath.workdps(120):
        pull = [mpmath.mpf(0)] * len(problem.size)
        for n in range(len(samples.column)):
            here = range(samples.tokens.start[n], samples.tokens.start[n + 1])
            mass = [samples.copies[e] * mpmath.exp(w[problem.node[e]]) for e in here]
            outside = [m for e, m in zip(here, mass, strict=True) if not problem.inside[e]]
            for e, m in zip(here, mass, strict=True):
                if not problem.inside[e]:
                    pull[problem.component[problem.node[e]]] += samples.pi[n] * m / sum(mass)
            pull[problem.label[n]] -= samples.pi[n] * sum(outside) / sum(mass)
        measured = [float(x * mpmath.exp(r)) for x in pull]
    expected = -problem.size * problem.levels
    band = 1e-9 + 10 * math.exp(-r * slack)  # rounding of W_0 in units of r, and slack arcs
    np.testing.assert_allclose(measured, expected, rtol=band, atol=band)


def descend(
    problem: Recession, finite: FinitePart, start: np.ndarray, eta: float, steps: int
) -> np.ndarray:
    """Normalised descent on the leak, the finite part at rest: split descent after its first
    stage.  W of every node."""
    samples, size = problem.samples, problem.size
    outside = np.flatnonzero(~problem.inside)
    below = problem.component[problem.node[outside]]
    above = problem.label[samples.sample[outside]]
    u = np.bincount(problem.component, start) / size
    for _ in range(steps):
        log_pull = finite.log_coefficient - (u[above] - u[below])
        pull = np.exp(log_pull - log_pull.max())
        flow = np.bincount(above, pull, len(size)) - np.bincount(below, pull, len(size))
        flow /= size
        u = u + eta * flow / math.sqrt(size @ flow**2)
    return finite.values + u[problem.component]


@DETERMINED
@pytest.mark.parametrize("from_zero", [True, False])
def test_descents_come_to_their_offset(seed: int, from_zero: bool) -> None:
    """(1 - cos) ||W||^2 -> R^2 / 2, plus half the square of what no gradient moves.

    Within a per cent at r = 120, as rates are above 1/20: e^-6 of a transient is left."""
    problem, finite, found = all_of(drawn(seed))
    rng = np.random.default_rng(seed)
    v, columns = problem.samples.vocab_size, int(problem.column.max()) + 1
    scale = 0.0 if from_zero else max(1.0, math.sqrt(found.squared))
    start = scale * rng.normal(size=(v, columns))
    norm = math.sqrt(problem.columns.norm_squared)
    eta = min(0.2, norm / max(found.rates[1], 1))
    at_nodes = start[problem.token, problem.column]
    w = descend(problem, finite, at_nodes, eta, math.ceil(120 * norm / eta))
    left_out = np.ones(start.shape, dtype=bool)
    left_out[problem.token, problem.column] = False
    unseen = start[left_out]
    target = problem.direction
    along = w @ target / norm
    across = w - along * target / norm
    squared = across @ across + unseen @ unseen
    expected = found.squared + null_part(problem, start)
    assert squared == pytest.approx(expected, rel=0.01)
    moved = null_part(problem, start)
    assert moved == 0 if from_zero else moved > 0.02 * found.squared


@DETERMINED
def test_a_common_factor_of_all_weights_and_coefficients_moves_the_shift_alone(seed: int) -> None:
    problem, finite, found = all_of(drawn(seed))
    scaled = replace(finite, log_coefficient=finite.log_coefficient + 37.0)
    other = offset(problem, scaled)
    assert other.squared == pytest.approx(found.squared, rel=1e-10)
    assert other.shift == pytest.approx(found.shift + 37.0, abs=1e-10)
    assert other.rates == pytest.approx(found.rates, rel=1e-8)


def test_sizes_are_the_metric() -> None:
    """A pair of tokens above two single ones: by hand, against what plain coordinates would say.

    coef 1 and 4 to 2 and 3, whose multipliers are -u: 1/2 each, as u = 1/2, 1/2, -1/2, -1/2.  So
    x - y2 = log(1 / (1/2)) and x - y3 = log 8 up to a common factor, and 2 x + y2 + y3 = 0."""
    pair = {0: 1, 1: 1}
    samples = of_sentences(
        [
            (0, pair, 0, 8.0),
            (0, pair, 1, 8.0),
            (0, {0: 1, 1: 1, 2: 1, 3: 4}, 0, 1.0),
            (0, {0: 1, 1: 1, 2: 1, 3: 4}, 1, 1.0),
        ],
        4,
    )
    problem, finite, found = all_of(samples)
    assert problem.levels.tolist() == [0.5, -0.5, -0.5]
    assert not finite.values.any()
    x, y2, y3 = found.values
    assert 2 * x + y2 + y3 == pytest.approx(0, abs=1e-14)
    assert y3 - y2 == pytest.approx(-math.log(4), rel=1e-13)
    # Across (1/2, 1/2, -1/2, -1/2) only y2 and y3 differ, by log 4 (1/2, -1/2).
    assert found.squared == pytest.approx(math.log(4) ** 2 / 2, rel=1e-13)


def test_why_an_offset_is_not_determined() -> None:
    cycle = [(0, {0: 1, 1: 1}, 0, 1.0), (0, {0: 1, 1: 1}, 1, 1.0)]
    forced = [(4, {0: 1, 2: 1, 4: 1}, 0, 1.0), (4, {1: 1, 4: 1}, 1, 1.0)]
    loose = [(4, {0: 1, 2: 1, 3: 1, 4: 1}, 0, 1.0), (4, {1: 1, 4: 1}, 1, 1.0)]
    for sentences, why in (
        (cycle, "no weight goes to infinity"),
        (forced, "a tight relation has multiplier 0 in every choice of multipliers"),
        (loose, "relations that hold by exactly 1 do not join what relations join"),
    ):
        found = all_of(of_sentences(sentences, 5))[2]
        assert found.missing == why
        assert math.isnan(found.squared)
        assert all(math.isnan(rate) for rate in found.rates)


def test_rates_of_a_star_and_of_two() -> None:
    """One token above three: a Laplacian of weights 1/4, at 1/4 across; its own at 1.  With another
    star there are two ways along, one of which is across: at 1."""
    star = [(0, {0: 1, 1: 2, 2: 3, 3: 1}, 0, 1.0)]
    assert all_of(of_sentences(star, 4))[2].rates == pytest.approx((0.25, 0.25), rel=1e-12)
    two = [*star, (1, {0: 1, 1: 1}, 0, 1.0)]
    assert all_of(of_sentences(two, 4))[2].rates == pytest.approx((0.25, 1.0), rel=1e-12)


def test_a_loose_arc_of_a_determined_problem_has_room_for_one_more() -> None:
    """Levels that tight arcs join differ by integers, so that no rate below 1 is a loose arc's."""
    room = []
    for seed in range(200):
        problem, _, found = all_of(drawn(seed))
        if found.missing is None:
            gap = problem.levels[problem.above] - problem.levels[problem.below] - 1
            room += gap[~problem.columns.tight].tolist()
    assert room
    assert min(room) > 1 - 1e-12


def test_rates_of_a_large_part_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = of_sentences([(0, {0: 1, 1: 2, 2: 3}, 0, 1.0), (1, {0: 1, 1: 1}, 0, 1.0)], 4)
    monkeypatch.setattr(module, "LARGEST", 2)
    found = all_of(samples)[2]
    assert all(math.isnan(rate) for rate in found.rates)
    assert found.missing is None


def test_a_target_that_is_known_is_not_solved_for_again() -> None:
    samples = drawn(determined(1)[0])
    problem, finite, found = all_of(samples)
    given = recession(samples, problem.columns)
    assert given.columns is problem.columns
    assert offset(given, finite).squared == found.squared


def test_coefficients_may_differ_by_hundreds_of_decades() -> None:
    """A star, by hand: x - y_v = log coef + const, so that the y differ as the logs do."""
    exponents = np.array([0, -100, -90, 200])
    sentences = [(0, {9: 1, v: 1}, 9, 10.0**e) for v, e in enumerate(exponents.tolist())]
    _, _, found = all_of(of_sentences(sentences, 10))
    log = exponents * math.log(10)
    assert found.squared == pytest.approx(((log - log.mean()) ** 2).sum(), rel=1e-12)
