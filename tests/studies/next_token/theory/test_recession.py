"""Components, arcs and directions: golden ones, those of a graph with every arc, identities."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.optimize import nnls

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.column import solve_column
from ntp_dynamics.studies.next_token.theory.max_margin import attention_target
from ntp_dynamics.studies.next_token.theory.problems import attention_problem
from ntp_dynamics.studies.next_token.theory.recession import Recession, Samples, recession
from tests.studies.next_token.theory.linear_problems import (
    GOLDEN,
    drawn,
    levels,
    of_counts,
    of_golden,
    of_sentences,
    solved,
)

golden = pytest.mark.parametrize("corpus", GOLDEN.values(), ids=list(GOLDEN))
SEEDS = pytest.mark.parametrize("seed", range(60))
Node = tuple[int, int]


def components(problem: Recession) -> set[frozenset[Node]]:
    nodes = list(zip(problem.column.tolist(), problem.token.tolist(), strict=True))
    members: dict[int, set[Node]] = {}
    for node, c in zip(nodes, problem.component.tolist(), strict=True):
        members.setdefault(c, set()).add(node)
    return {frozenset(x) for x in members.values()}


def every_arc(samples: Samples) -> tuple[set[frozenset[Node]], set[tuple[Node, Node]]]:
    """Components by reach, and arcs, as they are defined."""
    reach: dict[Node, set[Node]] = {}
    arcs = set()
    for n, q in enumerate(samples.column.tolist()):
        here = slice(*samples.tokens.start[n : n + 2].tolist())
        tokens, target = samples.tokens.flat[here].tolist(), samples.target[here].tolist()
        for z, p in zip(tokens, target, strict=True):
            reach.setdefault((q, z), {(q, z)})
            arcs |= {((q, z), (q, v)) for v in tokens if v != z and p > 0}
    for a, b in arcs:
        reach[a].add(b)
    for _ in reach:
        for node in reach:
            reach[node] = set().union(*(reach[x] for x in reach[node]))
    found = {frozenset(y for y in reach[x] if x in reach[y]) for x in reach}
    return found, arcs


@golden
def test_components_and_directions_are_the_golden_ones(corpus: dict[str, Any]) -> None:
    problem = solved(of_golden(corpus))
    assert components(problem) == {frozenset(map(tuple, c)) for c in corpus["components"]}
    told = map(tuple, corpus["coordinates"])
    exact = dict(zip(told, map(Fraction, corpus["W_svm"]), strict=True))
    assert levels(problem) == exact
    assert problem.columns.norm_squared == Fraction(corpus["W_svm_norm_squared"])
    assert problem.columns.forced_zero.sum() == len(corpus["forced_zero_arcs"])
    assert problem.has_direction == corpus["has_direction"]
    nodes = zip(problem.column.tolist(), problem.token.tolist(), strict=True)
    assert problem.direction.tolist() == [float(exact[node]) for node in nodes]


@SEEDS
def test_a_ring_has_the_components_and_arcs_of_all_arcs(seed: int) -> None:
    samples = drawn(seed)
    problem = recession(samples)
    found, arcs = every_arc(samples)
    assert components(problem) == found
    of = {node: c for c in found for node in c}
    between = {(of[a], of[b]) for a, b in arcs if of[a] != of[b]}
    firsts = list(zip(problem.column[problem.first], problem.token[problem.first], strict=True))
    told = zip(problem.above.tolist(), problem.below.tolist(), strict=True)
    assert {(of[firsts[a]], of[firsts[b]]) for a, b in told} == between
    assert problem.size.tolist() == [len(of[node]) for node in firsts]


@SEEDS
def test_the_direction_is_optimal_with_sizes(seed: int) -> None:
    """Components are apart by one at least, and size u is a flow >= 0 along tight arcs: then no
    other u that is feasible has a smaller sum of size u^2."""
    problem = solved(drawn(seed))
    u = problem.levels
    gap = u[problem.above] - u[problem.below]
    assert (gap >= 1 - 1e-12).all()
    tight = np.flatnonzero(gap < 1 + 1e-12)
    outflow = np.zeros((len(u), len(tight)))
    outflow[problem.above[tight], range(len(tight))] = 1
    outflow[problem.below[tight], range(len(tight))] = -1
    assert nnls(outflow, problem.size * u)[1] < 1e-12 if len(tight) else not u.any()


def test_sizes_matter() -> None:
    """A pair above one token: 1/3, 1/3, -2/3, and not 1/2, -1/2 as without sizes."""
    pair = [(0, {0: 1, 1: 1, 2: 1}, 0, 2.0), (0, {0: 1, 1: 1, 2: 1}, 1, 1.0)]
    problem = solved(of_sentences(pair, 3))
    third = Fraction(1, 3)
    assert levels(problem) == {(0, 0): third, (0, 1): third, (0, 2): -2 * third}
    assert problem.columns.norm_squared == 2 * third
    plain = solve_column({(0, 2)})
    assert plain.norm_squared == Fraction(1, 2)


def test_a_realizable_corpus_has_single_tokens_and_the_columns_of_problem_3() -> None:
    for seed in range(4):
        corpus = generate(RealizableDataset(levels=2 + seed % 2), np.random.default_rng(seed))
        found = recognise(corpus)
        samples = attention_problem(corpus, np.array(found.collocation))
        assert samples is not None
        problem = recession(samples)
        assert (problem.size == 1).all()
        assert problem.columns == attention_target(found).columns
        before, here = attention_target(found).columns, problem.columns
        for name in ("entries", "above", "below", "tight", "forced_zero"):
            assert getattr(before, name).tolist() == getattr(here, name).tolist()


def test_one_continuation_a_token_is_stage_1_of_huang() -> None:
    n = [3, 0, 1, 2]
    problem = solved(of_counts([(x, y, 2.0 + x) for x, y in enumerate(n)], 4))
    expected = np.full((4, 4), -0.25)
    expected[n, range(4)] += 1
    np.testing.assert_allclose(problem.matrix(problem.direction, 4), expected, atol=1e-15)


def test_soft_labels_have_the_closed_form() -> None:
    """Column x is 1 on S_x, minus |S_x| / V: the square of its norm is s (V - s) / V."""
    rng = np.random.default_rng(3)
    counts = [(x, z, float(rng.integers(1, 9))) for x in range(5) for z in range(5) if (x + z) % 3]
    problem = solved(of_counts(counts, 5))
    expected = np.zeros((5, 5))
    for x in range(5):
        support = [z for y, z, _ in counts if y == x]
        expected[support, x] = 1
        expected[:, x] -= len(support) / 5
    np.testing.assert_allclose(problem.matrix(problem.direction, 5), expected, atol=1e-15)
    sizes = [sum(y == x for y, *_ in counts) for x in range(5)]
    assert float(problem.columns.norm_squared) == pytest.approx(
        sum(s * (5 - s) / 5 for s in sizes), rel=1e-15
    )


def test_sentences_as_long_as_the_vocabulary_are_soft_labels() -> None:
    counts = [(0, 0, 3.0), (0, 1, 1.0), (1, 2, 2.0), (1, 3, 2.0), (1, 0, 5.0)]
    whole = dict.fromkeys(range(4), 1)
    long = solved(of_sentences([(x, whole, z, n) for x, z, n in counts], 4))
    soft = solved(of_counts(counts, 4))
    assert components(long) == components(soft)
    assert levels(long) == levels(soft)


@SEEDS
def test_names_and_order_of_tokens_and_samples_change_nothing(seed: int) -> None:
    samples = drawn(seed)
    rng = np.random.default_rng(seed)
    name = rng.permutation(samples.vocab_size).astype(np.int32)
    order = rng.permutation(len(samples.column))
    tokens = samples.tokens
    start = tokens.start.tolist()
    places = np.concatenate([np.arange(start[n], start[n + 1]) for n in order.tolist()])
    moved = tokens.take(order)
    other = replace(
        samples,
        column=samples.column[order],
        tokens=replace(moved, flat=name[moved.flat]),
        copies=samples.copies[places],
        target=samples.target[places],
        weight=samples.weight[order],
    )
    here = {(q, int(name[v])): u for (q, v), u in levels(solved(samples)).items()}
    assert levels(solved(other)) == here


@SEEDS
def test_columns_know_nothing_of_one_another(seed: int) -> None:
    samples = drawn(seed)
    whole = levels(solved(samples))
    for q in np.unique(samples.column).tolist():
        kept = np.flatnonzero(samples.column == q)
        inside = np.isin(samples.sample, kept)
        alone = Samples(
            samples.vocab_size,
            samples.column[kept],
            samples.tokens.take(kept),
            samples.copies[inside],
            samples.target[inside],
            samples.weight[kept],
        )
        assert levels(solved(alone)) == {node: u for node, u in whole.items() if node[0] == q}


def test_a_sentence_without_its_optimal_token_is_refused() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        of_sentences([(0, {0: 1, 1: 1}, 2, 1.0)], 3)


def test_pi_are_shares_of_the_sentences_of_two_tokens_or_more() -> None:
    corpus = Corpus.from_samples([([0], 1, 5.0), ([1], 0, 7.0), ([0, 1], 1, 1.0), ([1, 0], 0, 3.0)])
    samples = attention_problem(corpus, np.array([1, 0]))
    assert samples is not None
    assert samples.pi.tolist() == [0.25, 0.75]


def test_two_optimal_tokens_are_no_log_head() -> None:
    corpus = Corpus.from_samples([([0], 1), ([1], 1), ([0, 1], 1)])
    assert attention_problem(corpus, np.array([1, 1])) is None
    assert attention_problem(Corpus.from_samples([([0], 1)]), np.array([1, -1])) is None


def test_projection_sums_to_zero_on_every_component() -> None:
    problem = solved(drawn(7))
    w = np.random.default_rng(0).normal(size=len(problem.column))
    p = problem.projected(w)
    sums = np.bincount(problem.component, p)
    np.testing.assert_allclose(sums, 0, atol=1e-14)
    np.testing.assert_allclose(problem.projected(p), p, atol=1e-15)
    assert abs(p @ problem.direction) < 1e-13
