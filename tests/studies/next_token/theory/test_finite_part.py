"""W_fin, inf L, Lam and lam: golden ones, their conditions, identities, and 80 digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from ntp_dynamics.studies.next_token.theory.finite_part import FinitePart, finite_part
from ntp_dynamics.studies.next_token.theory.recession import Recession, Samples
from tests.studies.next_token.theory.linear_problems import (
    GOLDEN,
    drawn,
    loss,
    of_counts,
    of_golden,
    of_sentences,
    solved,
)

golden = pytest.mark.parametrize("corpus", GOLDEN.values(), ids=list(GOLDEN))
SEEDS = pytest.mark.parametrize("seed", range(40))


def both(samples: Samples) -> tuple[Recession, FinitePart]:
    problem = solved(samples)
    return problem, finite_part(problem)


def at_nodes(problem: Recession, values: np.ndarray) -> dict[tuple[int, int], float]:
    nodes = zip(problem.column.tolist(), problem.token.tolist(), strict=True)
    return dict(zip(nodes, values.tolist(), strict=True))


@golden
def test_finite_parts_are_the_golden_ones(corpus: dict[str, Any]) -> None:
    problem, found = both(of_golden(corpus))
    told = dict(zip(map(tuple, corpus["coordinates"]), map(float, corpus["W_fin"]), strict=True))
    here = at_nodes(problem, found.values)
    assert here.keys() == told.keys()
    for node, value in told.items():
        assert here[node] == pytest.approx(value, rel=1e-14, abs=1e-15)
    assert found.infimum == pytest.approx(float(corpus["L_inf"]), rel=1e-14, abs=1e-16)
    assert found.curvature == pytest.approx(corpus["hessian_top"], rel=1e-13, abs=1e-16)
    assert found.residual < 1e-16
    assert found.decrement < 1e-15


@SEEDS
def test_the_finite_part_is_where_nothing_pulls_inside_components(seed: int) -> None:
    """Its sums over components vanish, it stands across W_svm, and far out along W_svm the
    gradient of the whole loss has no part inside components."""
    problem, found = both(drawn(seed))
    sums = np.bincount(problem.component, found.values)
    np.testing.assert_allclose(sums, 0, atol=1e-12)
    assert found.values @ problem.direction == pytest.approx(0, abs=1e-12)
    far = found.values + 80 * problem.direction
    y = far[problem.node] + np.log(problem.samples.copies)
    start, owner = problem.samples.tokens.start[:-1], problem.samples.sample
    share = np.exp(y - np.logaddexp.reduceat(y, start)[owner])
    pull = problem.samples.pi[owner] * (share - problem.samples.target)
    gradient = np.bincount(problem.node, pull, len(far))
    # Numbers of size 80 are rounded by 1.4e-14.
    np.testing.assert_allclose(problem.projected(gradient), 0, atol=1.4e-14)


@SEEDS
def test_the_loss_is_never_below_its_infimum_and_comes_as_near_as_said(seed: int) -> None:
    """L_inf <= L at random weights; L(W_fin + r W_svm) - L_inf <= Lam e^-r at r = 0 .. 20, and Lam
    is the derivative's limit: the bound is met within Lam^2 e^-r of the heaviest."""
    samples = drawn(seed)
    problem, found = both(samples)
    rng = np.random.default_rng(seed)
    for scale in (0.1, 1, 10, 100):
        for _ in range(25):
            w = scale * rng.normal(size=len(problem.column))
            assert loss(samples, problem, w) >= found.infimum - 1e-13
    for r in range(21):
        excess = loss(samples, problem, found.values + r * problem.direction) - found.infimum
        assert excess <= found.leak * np.exp(-r) + 1e-14
        assert excess >= -1e-14


def test_the_leak_coefficient_is_the_slope_of_one_tight_arc() -> None:
    """Two of three copies outside: the leak is log(1 + (2/3) e^-r), Lam = 2/3."""
    samples = of_sentences([(0, {0: 3, 1: 2}, 0, 4.0)], 2)
    problem, found = both(samples)
    assert found.leak == pytest.approx(2 / 3, rel=1e-15)
    r = 12.0
    excess = loss(samples, problem, r * problem.direction)
    assert excess == pytest.approx(np.log1p(2 / 3 * np.exp(-r)), rel=1e-9)


@SEEDS
def test_soft_labels_have_a_closed_form(seed: int) -> None:
    """log p minus its mean over the support, inf L the entropy, lam the largest over contexts."""
    rng = np.random.default_rng(seed)
    counts = [(x, z, float(rng.integers(1, 30))) for x in range(4) for z in range(5)]
    counts = [c for c in counts if rng.random() < 0.6] or counts
    problem, found = both(of_counts(counts, 5))
    total = sum(n for *_, n in counts)
    entropy, top = 0.0, 0.0
    for x in {x for x, *_ in counts}:
        row = {z: n for y, z, n in counts if y == x}
        p = np.array(list(row.values())) / sum(row.values())
        expected = np.log(p) - np.log(p).mean()
        here = at_nodes(problem, found.values)
        np.testing.assert_allclose([here[x, z] for z in row], expected, rtol=1e-13, atol=1e-15)
        pi = sum(row.values()) / total
        entropy -= pi * p @ np.log(p)
        top = max(top, pi * np.linalg.eigvalsh(np.diag(p) - np.outer(p, p))[-1])
    assert found.infimum == pytest.approx(entropy, rel=1e-13, abs=1e-16)
    assert found.curvature == pytest.approx(top, rel=1e-12, abs=1e-16)


def test_copies_count_as_they_are_many() -> None:
    """Asked for equally, of which one stands there four times: -log 2 and log 2, not 0 and 0."""
    pair = {0: 4, 1: 1}
    _, found = both(of_sentences([(0, pair, 0, 1.0), (0, pair, 1, 1.0)], 2))
    log2 = float(np.log(2))
    assert found.values.tolist() == pytest.approx([-log2, log2], rel=1e-14)
    assert found.infimum == pytest.approx(log2, rel=1e-14)


def test_only_the_tokens_of_its_own_column_concern_a_sentence() -> None:
    """1 above 2 under one query, 2 above 1 under another, are no cycle."""
    apart = of_sentences([(0, {1: 1, 2: 1}, 1, 1.0), (3, {1: 1, 2: 1}, 2, 1.0)], 4)
    problem, found = both(apart)
    assert (problem.size == 1).all()
    assert not found.values.any()
    assert found.infimum == 0
    together = of_sentences([(0, {1: 1, 2: 1}, 1, 1.0), (0, {1: 1, 2: 1}, 2, 1.0)], 4)
    assert solved(together).size.tolist() == [2]


@SEEDS
def test_equal_samples_may_stand_apart_and_weights_have_no_scale(seed: int) -> None:
    samples = drawn(seed)
    problem, found = both(samples)
    rows = np.r_[np.arange(len(samples.column)), 0]
    places = np.r_[np.arange(len(samples.copies)), np.arange(samples.tokens.start[1])]
    weight = samples.weight[rows].copy()
    weight[0] *= 0.25
    weight[-1] *= 0.75
    apart = replace(
        samples,
        column=samples.column[rows],
        tokens=samples.tokens.take(rows),
        copies=samples.copies[places],
        target=samples.target[places],
        weight=1024 * weight,
    )
    again, other = both(apart)
    np.testing.assert_allclose(other.values, found.values, rtol=1e-12, atol=1e-13)
    assert again.direction.tolist() == problem.direction.tolist()
    told = (found.infimum, found.leak, found.curvature)
    assert (other.infimum, other.leak, other.curvature) == pytest.approx(told, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("ratio", [1e-3, 1e-12, 1e-100, 1e-300])
def test_weights_may_differ_by_hundreds_of_decades(ratio: float) -> None:
    """Of a cycle 0 > 1 > 2 > 0 the last is rare: against 100 digits, by its own equations."""
    rare = [
        (0, {0: 1, 1: 1}, 0, 1.0),
        (0, {1: 2, 2: 1}, 1, 1.0),
        (0, {0: 1, 2: 1}, 2, ratio),
    ]
    _, found = both(of_sentences(rare, 3))
    with mpmath.workdps(100):
        # What is lost to 1, to 2 and to 0 is the same: 1 / (1 + e^a) with a = x0 - x1,
        # 1 / (1 + 2 e^b) with b = x1 - x2, and ratio / (1 + e^-(a + b)).  So 2 e^b = e^a.
        # e^a is a fixed point, and the map contracts by about 4 ratio^2.
        r = odds = 1 / mpmath.mpf(ratio)
        for _ in range(40):
            odds = r - 1 + 2 * r / odds**2
        a = mpmath.log(odds)
        b = a - mpmath.log(2)
        expected = [float(x) for x in ((2 * a + b) / 3, (b - a) / 3, -(a + 2 * b) / 3)]
    assert found.values.tolist() == pytest.approx(expected, rel=1e-11)


def test_a_wrong_finite_part_shows_in_its_certificate() -> None:
    """The excess of values that are off by x is about the square of their decrement."""
    samples = of_golden(GOLDEN["three-cycle, unequal"])
    problem, found = both(samples)
    off = found.values + 1e-3 * problem.projected(np.arange(4.0))
    cut = loss(samples, problem, off + 200 * problem.direction) - found.infimum
    assert cut > 1e-9 > found.decrement**2
