"""Directions for any vectors: golden cases, those of components, what proves others."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.finite_part import finite_part
from ntp_dynamics.studies.next_token.theory.min_norm import Unsolved
from ntp_dynamics.studies.next_token.theory.recession import Samples
from ntp_dynamics.studies.next_token.theory.recession_gram import GramRecession, gram_recession
from ntp_dynamics.system.errors import UserError
from tests.studies.next_token.theory.linear_problems import (
    FILE,
    GOLDEN,
    drawn,
    of_counts,
    of_golden,
    solved,
)

GIVEN = {
    name: corpus
    for name, corpus in json.loads(FILE.read_text())["corpora"].items()
    if "H_by_context" in corpus
}
golden = pytest.mark.parametrize("corpus", GIVEN.values(), ids=list(GIVEN))
Problem = tuple[Samples, Float[np.ndarray, "A V"], Float[np.ndarray, "C Q"]]


def given(corpus: dict[str, Any]) -> Problem:
    rows = [[float(Fraction(x)) for x in row] for row in corpus["H_by_context"]]
    return of_golden(corpus), np.eye(corpus["vocab_size"]), np.array(rows).T


def vectors(seed: int) -> Problem:
    """A log head with unit vectors of fewer numbers than tokens."""
    rng = np.random.default_rng(seed)
    embedding = rng.standard_normal((int(rng.integers(1, 6)), 6))
    embedding /= np.linalg.norm(embedding, axis=0)
    return drawn(seed), embedding, embedding[:, :2]


def averages(seed: int) -> Problem:
    """Soft labels of sentences of two or three tokens, more of them than tokens."""
    rng = np.random.default_rng(seed)
    embedding = rng.standard_normal((3, 4))
    sentences = [rng.integers(4, size=rng.integers(2, 4)) for _ in range(3 + seed)]
    contexts = np.column_stack([embedding[:, tokens].mean(1) for tokens in sentences])
    counts = [
        (x, int(z), float(rng.integers(1, 5)))
        for x in range(len(sentences))
        for z in rng.choice(4, int(rng.integers(1, 4)), replace=False)
    ]
    return of_counts(counts, 4), np.eye(4), contexts


RANDOM = {f"{f.__name__} {seed}": f(seed) for f in (vectors, averages) for seed in range(8)}
anything = pytest.mark.parametrize(
    "problem",
    [*map(given, GIVEN.values()), *RANDOM.values()],
    ids=[*GIVEN, *RANDOM],
)


def logits(problem: Problem, w: np.ndarray) -> Float[np.ndarray, " E"]:
    samples, left, right = problem
    scores = left.T @ w @ right
    return scores[samples.tokens.flat, samples.column[samples.sample]] + np.log(samples.copies)


def excess(problem: Problem, found: GramRecession, w: np.ndarray) -> float:
    """L(w) - inf L where w has the odds of W_fin among what is not strict: what leaks."""
    samples, y = problem[0], logits(problem, w)
    start = samples.tokens.start[:-1]
    inside = np.logaddexp.reduceat(np.where(found.inside, y, -np.inf), start)
    outside = np.logaddexp.reduceat(np.where(found.inside, -np.inf, y), start)
    return float(samples.pi @ np.log1p(np.exp(outside - inside)))


def leak(problem: Problem, found: GramRecession) -> float:
    """Lam."""
    samples, y = problem[0], logits(problem, found.finite)
    start, odds = samples.tokens.start[:-1], np.exp(y)
    inside = np.add.reduceat(np.where(found.inside, odds, 0), start)
    return float(samples.pi @ (np.add.reduceat(odds, start) / inside - 1))


def loss(problem: Problem, w: np.ndarray) -> float:
    """L(w), as it is written down."""
    samples, y = problem[0], logits(problem, w)
    start = samples.tokens.start[:-1]
    asked = np.add.reduceat(samples.target * y, start)
    return float(samples.pi @ (np.logaddexp.reduceat(y, start) - asked))


@golden
def test_given_vectors_have_the_golden_targets(corpus: dict[str, Any]) -> None:
    """To 1e-14: rounding of the golden numbers, which are floats themselves."""
    samples, left, right = given(corpus)
    found = gram_recession(samples, left, right)
    strict = {(x, v) for x, _, v in map(tuple, corpus["strict_pairs"])}
    others = {(x, v) for x, _, v in map(tuple, corpus["other_pairs"])}
    free = samples.target == 0
    for pairs, kept in ((strict, ~found.inside), (others, found.inside & free)):
        told = zip(samples.sample[kept].tolist(), samples.tokens.flat[kept].tolist(), strict=True)
        assert set(told) == pairs
    assert found.separable == corpus["separable"]
    assert found.compatible == corpus["compatible"]
    assert found.entropy == pytest.approx(corpus["entropy"], rel=1e-14)
    assert found.infimum == pytest.approx(corpus["L_inf"], rel=1e-14)
    np.testing.assert_allclose(found.finite, np.array(corpus["W_fin"]), atol=1e-14)
    np.testing.assert_allclose(found.direction, np.array(corpus["W_svm"]), atol=1e-14)
    assert found.gap < 1e-12


@pytest.mark.parametrize("name", [name for name in GOLDEN if "counts" in GOLDEN[name]])
def test_orthonormal_soft_labels_have_the_golden_targets(name: str) -> None:
    corpus = GOLDEN[name]
    samples, size = of_golden(corpus), corpus["vocab_size"]
    found = gram_recession(samples, np.eye(size), np.eye(size))
    assert found.separable
    assert found.compatible
    x, z = np.array(corpus["coordinates"]).T
    direction = [float(Fraction(u)) for u in corpus["W_svm"]]
    np.testing.assert_allclose(found.direction[z, x], direction, atol=1e-14)
    np.testing.assert_allclose(found.finite[z, x], np.array(corpus["W_fin"], float), atol=1e-14)
    assert found.infimum == pytest.approx(float(corpus["L_inf"]), rel=1e-14)
    assert found.infimum == pytest.approx(found.entropy, rel=1e-14)
    assert found.curvature == pytest.approx(corpus["hessian_top"], rel=1e-13)


@golden
def test_golden_descents_keep_to_the_bound(corpus: dict[str, Any]) -> None:
    """0 <= L(W_t) - inf L <= [Lam + (||W_fin||^2 + ||W_svm||^2 log^2(eta t)) / 2] / (eta t)."""
    problem = given(corpus)
    found = gram_recession(*problem)
    squares = [float(np.square(w).sum()) for w in (found.finite, found.direction)]
    step = float(corpus["trajectories"]["gd"]["step_size"])
    rows = corpus["trajectories"]["gd"]["rows"]
    for row in rows:
        told = float(row["loss"])
        assert loss(problem, np.array(row["W"], float)) == pytest.approx(told, rel=1e-13)
        time = step * row["t"]
        bound = leak(problem, found) + (squares[0] + squares[1] * np.log(time) ** 2) / 2
        assert 0 <= told - found.infimum <= bound / time or time < 1
    assert step * rows[-1]["t"] >= 100


@pytest.mark.parametrize("seed", range(12))
def test_orthonormal_vectors_have_the_targets_of_components(seed: int) -> None:
    """The golden bands of `finite_part` and of a gap of 1e-10: both are reached far within them."""
    samples = drawn(seed)
    problem = solved(samples)
    finite = finite_part(problem)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((6, 6)))[0]
    for left, right in ((np.eye(6), np.eye(2)), (turn, turn[:, :2])):
        found = gram_recession(samples, left, right)
        assert (found.inside == problem.inside).all()
        assert found.separable == (problem.size == 1).all()
        for w, values in ((found.finite, finite.values), (found.direction, problem.direction)):
            expected = problem.matrix(values, 2)
            np.testing.assert_allclose(left.T @ w @ right, expected, atol=1e-12)
        assert found.infimum == pytest.approx(finite.infimum, rel=1e-13, abs=1e-15)
        assert found.curvature == pytest.approx(finite.curvature, rel=1e-12)


@anything
def test_what_is_strict_and_what_is_not_is_proved(problem: Problem) -> None:
    """W_svm parts what is strict and nothing else; a combination of the rest is nothing."""
    found = gram_recession(*problem)
    margins, strict = found.rows.margins(found.direction), found.strict
    assert (margins[strict] >= 1 - 1e-12).all()
    np.testing.assert_allclose(margins[~strict], 0, atol=1e-12)
    assert not found.cancelling[strict].any()
    assert (found.cancelling[~strict & ~found.asked] > 0).all()
    largest = np.abs(found.cancelling).max(initial=1.0)
    np.testing.assert_allclose(found.rows.matrix(found.cancelling) / largest, 0, atol=1e-13)


@anything
def test_the_infimum_is_reached_along_the_direction_and_nowhere_passed(problem: Problem) -> None:
    found = gram_recession(*problem)
    assert abs((found.finite * found.direction).sum()) < 1e-11
    assert found.gap <= 1e-10 * max(np.square(found.direction).sum(), 1)
    lam = leak(problem, found)
    if found.strict.any():
        for r in (0, 1, 5, 30, 200):
            w = found.finite + r * found.direction
            assert excess(problem, found, w) <= lam * np.exp(-r) * (1 + 1e-9)
    far = found.finite + 60 * found.direction
    assert loss(problem, far) == pytest.approx(found.infimum, rel=1e-11, abs=1e-11)
    rng = np.random.default_rng(0)
    for _ in range(100):
        w = rng.standard_normal(found.finite.shape) * 10.0 ** rng.integers(-3, 2)
        assert loss(problem, found.finite + w) >= found.infimum * (1 - 1e-14)
    both = found.separable and found.compatible
    assert both == (found.infimum <= found.entropy * (1 + 1e-12) + 1e-15)


def test_random_problems_are_of_all_kinds() -> None:
    found = [gram_recession(*problem) for problem in RANDOM.values()]
    kinds = {(one.separable, one.compatible) for one in found}
    assert kinds == {(True, True), (False, True), (False, False)}
    assert any(one.strict.any() and not one.separable for one in found)
    assert any(not one.strict.any() for one in found)


def test_log_odds_that_contradict_each_other_are_shown() -> None:
    """1 and 2 times the same row with log-odds 0 and log 3: -2 and 1 of them over log 3."""
    found = gram_recession(*given(GIVEN["d=1, incompatible log-odds"]))
    assert found.conflict is not None
    used = found.conflict[found.conflict != 0]
    # Odds are of the first token to the second: 0 and log 3.
    np.testing.assert_allclose(used, np.array([-2, 1]) / np.log(3), rtol=1e-14)


def test_two_contexts_with_one_vector_and_two_labels_stay_finite() -> None:
    samples = of_counts([(0, 0, 3.0), (1, 1, 1.0)], 2)
    found = gram_recession(samples, np.eye(2), np.ones((1, 2)))
    assert found.compatible
    assert not found.separable
    assert not found.strict.any()
    assert not found.direction.any()
    assert found.gap == 0
    np.testing.assert_allclose(found.finite[:, 0], [np.log(3) / 2, -np.log(3) / 2], rtol=1e-14)
    assert found.infimum == pytest.approx(np.log(4) - 0.75 * np.log(3), rel=1e-14)
    assert found.entropy == 0


def test_copies_count_in_the_finite_part() -> None:
    """Weights 3 and 1 on a and b, held 2 and 1 times: the odds are 3/2."""
    samples = of_counts([(0, 0, 3.0), (0, 1, 1.0)], 2)
    twice = replace(samples, copies=np.array([2.0, 1.0]))
    found = gram_recession(twice, np.eye(2), np.ones((1, 1)))
    np.testing.assert_allclose(found.finite[:, 0], np.array([1, -1]) * np.log(1.5) / 2, rtol=1e-14)


def test_copies_count_in_log_odds() -> None:
    """One vector, odds 3 of single tokens and odds 6 with the first held twice: the same W."""
    samples = of_counts([(0, 0, 3.0), (0, 1, 1.0), (1, 0, 6.0), (1, 1, 1.0)], 2)
    twice = replace(samples, copies=np.array([1.0, 1.0, 2.0, 1.0]))
    found = gram_recession(twice, np.eye(2), np.ones((1, 2)))
    assert found.compatible
    assert found.infimum == pytest.approx(found.entropy, rel=1e-14)
    assert not gram_recession(samples, np.eye(2), np.ones((1, 2))).compatible


@pytest.mark.parametrize("seed", range(8))
def test_a_conflict_is_a_proof(seed: int) -> None:
    """Its rows cancel and its log-odds do not."""
    rng = np.random.default_rng(seed)
    counts = [(x, z, float(rng.integers(1, 9))) for x in range(5) for z in range(3)]
    samples = of_counts(counts, 3)
    found = gram_recession(samples, np.eye(3), rng.standard_normal((2, 5)))
    assert found.conflict is not None
    used = np.flatnonzero(found.conflict)
    top = np.flatnonzero(found.row < 0)[samples.sample]
    odds = np.log(samples.target[top[used]] / samples.target[used])
    assert found.conflict[used] @ odds == pytest.approx(1, rel=1e-12)
    combined = np.bincount(found.row[used], found.conflict[used], len(found.strict))
    largest = np.abs(found.conflict).max()
    np.testing.assert_allclose(found.rows.matrix(combined) / largest, 0, atol=1e-13)


def test_weights_of_many_decades() -> None:
    """The odds of p are met to rounding, though one is 1e12 times the other."""
    samples = of_counts([(0, 0, 1e12), (0, 1, 1.0), (1, 2, 1.0), (1, 0, 1e-9)], 3)
    found = gram_recession(samples, np.eye(3), np.array([[1.0, 0.5], [0.0, 1.0]]))
    scores = found.finite @ np.array([[1.0, 0.5], [0.0, 1.0]])
    assert scores[0, 0] - scores[1, 0] == pytest.approx(12 * np.log(10), rel=1e-13)
    assert scores[2, 1] - scores[0, 1] == pytest.approx(9 * np.log(10), rel=1e-13)


def test_a_problem_too_large_is_refused_in_one_line() -> None:
    samples = of_counts([(x, z, 1.0) for x in range(40) for z in range(2)], 40)
    with pytest.raises(UserError) as refused:
        gram_recession(samples, np.eye(40), np.ones((2, 40)))
    said = (
        "vectors: 1,560 pairs of tokens and a matrix of 80 entries are too many; give at most "
        "1,500 and 1,000, or orthonormal vectors"
    )
    assert str(refused.value) == said
    with pytest.raises(UserError, match="1,001 entries"):
        gram_recession(of_counts([(0, 0, 1.0)], 7), np.eye(7), np.ones((143, 1)))


def test_vectors_that_do_not_fit_are_refused() -> None:
    samples = of_counts([(0, 0, 1.0), (1, 1, 1.0)], 2)
    for left, right in ((np.eye(3), np.eye(2)), (np.eye(2), np.ones((1, 1)))):
        with pytest.raises(ValueError, match="has no vector"):
            gram_recession(samples, left, right)
    with pytest.raises(ValueError, match="not finite"):
        gram_recession(samples, np.eye(2), np.array([[1.0, np.nan]]))


def test_vectors_that_are_nearly_one_are_not_decided() -> None:
    samples = of_counts([(x, z, 1.0) for x in range(2) for z in range(2)], 2)
    with pytest.raises(Unsolved, match="rank"):
        gram_recession(samples, np.eye(2), np.array([[1.0, 1.0], [0.0, 1e-9]]))
