"""The benchmark: its contenders train the same thing, and its page is that of its numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.attractor import RECORD
from benchmarks.performance.__main__ import page_of
from benchmarks.performance.corpora import MARGIN, Shape, problem
from benchmarks.performance.naive import Naive, NaiveJoint
from benchmarks.performance.report import network
from benchmarks.performance.solver import a_query, orders_of, whole
from benchmarks.performance.steps import (
    LOGIT_STEP_SIZE,
    STEP_SIZE,
    interleaved,
    joint_by_torch,
    joint_kernel,
    kernel,
    torch_path,
)
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.theory.column import solve_column

ROOT = Path(__file__).parents[2]
SHAPE = Shape(8, 4, 20)


def test_all_contenders_walk_the_same_path() -> None:
    given = problem(SHAPE, 1)
    naive = Naive(given.corpora[0], given.logits[0], STEP_SIZE)
    dynamics, states = kernel(given, logged=True), torch_path(given)
    naive.steps(50)
    kept = dynamics.advance(49, np.arange(50)).values
    dynamics.advance(50, NO_STEPS)
    queries = given.batch.query_id[0]
    scores = naive.model.weight.detach()[:, queries]
    torch.testing.assert_close(dynamics.moved()[0], scores, rtol=1e-9, atol=1e-12)
    measured = states(51)
    for step, logged in enumerate(naive.log):
        loss, norm, size, *_ = logged
        assert measured[step][0] == pytest.approx(np.log(loss), abs=1e-9)
        assert measured[step][1] == pytest.approx(np.log(norm), abs=1e-9)
        assert measured[step][2] == pytest.approx(size, abs=1e-9)
        assert kept["log_loss"][0, step] == pytest.approx(np.log(loss), abs=1e-9)
        assert kept["log_grad_norm"][0, step] == pytest.approx(np.log(norm), abs=1e-9)
        assert kept["norm_kq"][0, step] == pytest.approx(size, abs=1e-9)


@pytest.mark.parametrize("runs", [1, 2])
def test_the_scan_of_jax_walks_the_same_path(runs: int) -> None:
    pytest.importorskip("jax")
    from benchmarks.performance.jax_scan import Scan

    given = problem(SHAPE, runs)
    dynamics, scan = kernel(given, logged=True), Scan(given, STEP_SIZE)
    kept = dynamics.advance(199, np.arange(200)).values
    dynamics.advance(200, NO_STEPS)
    scan.steps(200)
    moved = dynamics.moved().flatten(1)[:, scan.pairs]
    np.testing.assert_allclose(scan.moved(), moved, rtol=0, atol=1e-10)
    loss, norm, size, *_ = np.moveaxis(np.asarray(scan.log[0]).reshape(200, runs, 5), -1, 0)
    for name, value in (("log_loss", loss), ("log_grad_norm", norm)):
        np.testing.assert_allclose(kept[name].T, np.log(value), rtol=0, atol=1e-9)
    np.testing.assert_allclose(kept["norm_kq"].T, size, rtol=0, atol=1e-10)


def test_all_contenders_of_the_joint_stage_walk_the_same_path() -> None:
    given = problem(SHAPE, 1)
    naive = NaiveJoint(given.corpora[0], STEP_SIZE, LOGIT_STEP_SIZE)
    dynamics, states = joint_kernel(given), joint_by_torch(given)
    naive.steps(39)  # it has taken one
    dynamics.advance(40, NO_STEPS)
    (*_, last) = states(41)
    scores, logits = dynamics.position().coefficients
    queries = given.batch.query_id[0]
    for mine, torch_, usual in (
        (scores, last.attention.value, naive.model.weight.detach()[:, queries]),
        (logits, last.feed_forward.value, naive.logits.detach()),
    ):
        torch.testing.assert_close(mine, torch_, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(mine[0], usual, rtol=1e-12, atol=1e-13)


def test_fresh_corpora_differ_and_shared_ones_do_not() -> None:
    assert len({c.sentences for c in problem(SHAPE, 3, fresh=True).corpora}) == 3
    assert len({c.sentences for c in problem(SHAPE, 3).corpora}) == 1
    assert problem(SHAPE, 1).logits[0].amax().item() == pytest.approx(MARGIN * 7 / 8)


def test_every_contender_has_its_turn_in_every_round() -> None:
    turns: list[str] = []
    contenders = {name: lambda count, name=name: turns.append(name) for name in "ab"}
    interleaved(contenders, rounds=3)
    assert turns == ["a", "a", "b", "b", *"ababab"]


def test_the_solver_proves_what_is_timed() -> None:
    for order in orders_of(SHAPE).values():
        certificate = solve_column(order.relations).certificate
        assert certificate is not None
        assert certificate.optimal
    measured = a_query(SHAPE, 1)
    assert measured is None or measured["this solver"] > 0


def test_every_way_to_write_the_whole_problem_finds_the_same_matrix() -> None:
    measured = whole(SHAPE, 1, corpora=1)
    assert measured is None or max(measured["error"].values()) < 1e-4


def test_the_page_is_that_of_the_recorded_numbers() -> None:
    results = json.loads((ROOT / "benchmarks/performance/results.json").read_text())
    assert (ROOT / "docs/performance.md").read_text() == page_of(results)


def test_the_page_without_canns_speaks_only_of_the_loop() -> None:
    measured = json.loads(RECORD.read_text())
    page = network({"loop": measured["loop"]})
    assert page in network(measured)
    assert "canns" not in page
