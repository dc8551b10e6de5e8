"""Soft labels and the log head by their kernel, against tensors and against themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
import torch

from benchmarks.any_corpus import Problem, cyclic_corpus, log_problem, soft_corpus, soft_problem
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.observables.linear import LINEAR, REPLACED
from ntp_dynamics.studies.next_token.optim.choice import choose
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.linear_dynamics import LinearKernel
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.quantities import norm_of
from ntp_dynamics.studies.next_token.theory.linear_target import OfQueries

STEADY: dict[str, Optimizer] = {
    "gd": GradientDescent(),
    "gd, momentum": GradientDescent(momentum=0.9),
    "gd, decay": GradientDescent(weight_decay=0.1),
    "split": SplitNormalisedGradientDescent(),
    "split, decay": SplitNormalisedGradientDescent(finite_step_size=0.5, weight_decay=0.1),
}
"""Rules that do not amplify rounding."""
RESTLESS: dict[str, Optimizer] = {
    "ngd": NormalisedGradientDescent(),
    "ngd, momentum, decay": NormalisedGradientDescent(momentum=0.5, weight_decay=0.1),
    "polyak": Polyak(),
}
"""Rules that do, once they have come across a minimum."""
RULES = STEADY | RESTLESS
ETA = 0.3
NOISE = -25.0
"""Logs of excess loss and slope below this may be of what rounding left of the finite part."""


class Case(NamedTuple):
    objective: LinearObjective
    reference: Reference


def soft(count: int = 6, v: int = 7) -> Case:
    """Random corpora, and one where a token is followed by all of them."""
    rng = np.random.default_rng(v)
    whole = Corpus.from_samples([([0], z, z + 1.0) for z in range(v)], vocab_size=v)
    return case(soft_problem, [whole, *(soft_corpus(v, rng) for _ in range(count))])


def logs(count: int = 6, v: int = 7) -> Case:
    """Random corpora with cycles, and one with a token alone that nothing continues for sure."""
    rng = np.random.default_rng(v)
    samples = [*(([x], x, 1.0) for x in range(v - 1)), ([v - 1], 0, 1.0), ([v - 1], 1, 2.0)]
    samples += [([0, 1, 0], 0, 1.0), ([1, 0], 1, 1.0), ([v - 1, 2, 0, 0, 0], 2, 3.0)]
    unsure = Corpus.from_samples(samples, vocab_size=v)
    return case(log_problem, [unsure, *(cyclic_corpus(v, rng) for _ in range(count))])


def case(make: Callable[[Sequence[Corpus]], Problem], corpora: list[Corpus]) -> Case:
    objective, targets = make(corpora)
    nothing = [None] * len(corpora)
    fed = objective.stage is Stage.feed_forward
    given = (targets, nothing) if fed else (nothing, [OfQueries(t) for t in targets])
    found = [recognise(corpus) for corpus in corpora]
    return Case(objective, SolvedReference(objective.batch, found, *given))


CASES = {"soft labels": soft(), "log head": logs()}


def started(objective: LinearObjective, start: str) -> LinearObjective:
    """The same from another start."""
    if start == "zero":
        return objective
    shape, generator = objective.matrix.start.shape, torch.Generator().manual_seed(3)
    found = torch.randn(shape, dtype=torch.float64, generator=generator)
    outside = torch.linspace(0, 2, shape[0], dtype=torch.float64)
    return replace(objective, matrix=replace(objective.matrix, start=found, outside_norm=outside))


def kernel(
    objective: LinearObjective,
    optimizer: Optimizer,
    threads: int = 1,
    reference: Reference | None = None,
    eta: float = ETA,
) -> LinearKernel:
    split = isinstance(optimizer, SplitNormalisedGradientDescent)
    inside = optimizer.finite_step_size if split else None
    return LinearKernel(objective, kernel_rule(optimizer, eta), inside, threads, reference)


def tensors(objective: LinearObjective, optimizer: Optimizer, eta: float = ETA) -> Descent:
    return Descent(objective, make_rule(optimizer), [eta], optimizer.weight_decay)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("start", ["zero", "gaussian"])
@pytest.mark.parametrize("rule", RULES)
def test_the_kernel_takes_the_steps_of_tensors(kind: str, start: str, rule: str) -> None:
    """10 of them in digits, whatever the rule; 200 by rules that do not amplify rounding."""
    objective = started(CASES[kind].objective, start)
    ours, theirs = kernel(objective, RULES[rule]), tensors(objective, RULES[rule])
    for last in [1, 10, *([200] if rule in STEADY else [])]:
        ours.advance(last, NO_STEPS)
        theirs.advance(last, NO_STEPS)
        a, b = ours.state(), theirs.state()
        close = {"rtol": 1e-12, "atol": 1e-12}
        torch.testing.assert_close(a.layer.value, b.layer.value, **close)
        torch.testing.assert_close(a.path_length, b.path_length, **close)
        assert a.least is not None
        assert b.least is not None
        torch.testing.assert_close(a.least.clamp_min(NOISE), b.least.clamp_min(NOISE), **close)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("start", ["zero", "gaussian"])
@pytest.mark.parametrize("rule", ["gd", "ngd", "split", "polyak", "gd, decay"])
def test_what_it_measures_is_what_the_observables_say(kind: str, start: str, rule: str) -> None:
    """Of the state that it stands in; split descent goes on until leaks are below e^-300."""
    given = CASES[kind]
    objective = started(given.objective, start)
    dynamics = kernel(
        objective, RULES[rule], 1, given.reference, eta=20.0 if rule == "split" else ETA
    )
    stage = objective.stage
    known = {
        o.name: o
        for o in (*BUILT_IN, *LINEAR)
        if stage in (o.phases or tuple(Stage)) and not o.dims and o not in REPLACED
    }
    decays = rule == "gd, decay" and start == "gaussian"  # then W_0 is not what it was
    if not decays:
        assert set(dynamics.measures) == set(known)
    for t in (0, 1, 7, 60):
        logged = dynamics.advance(t, np.array([t]))
        state = dynamics.state()
        for name, found in logged.values.items():
            expected = known[name](state, given.reference).numpy()
            if name == "log_grad_norm" and rule == "split":
                expected, found = np.maximum(expected, NOISE), np.maximum(found, NOISE)
            if name == "zero_sum_residual":
                assert np.nanmax(found) < 1e-13
            else:
                np.testing.assert_allclose(
                    found[:, 0], expected, rtol=1e-11, atol=1e-12, err_msg=f"{name} at {t}"
                )
        assert logged.finite.all()
    if rule == "split":
        assert state.linear is not None
        at = logged.values["log_leak_loss"]
        assert at[np.isfinite(at)].min() < -300


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("rule", ["ngd", "split"])
def test_a_run_depends_on_no_other_run_thread_or_cut(kind: str, rule: str) -> None:
    objective, _ = CASES[kind]
    together = kernel(objective, RULES[rule], threads=2)
    for last in (1, 2, 17, 40):
        together.advance(last, NO_STEPS)
    if kind == "soft labels":
        alone, _ = soft_problem([soft_corpus(7, np.random.default_rng(7))])
        alone = replace(alone, keeps_least=objective.keeps_least)
        moved = kernel(alone, RULES[rule])
        moved.advance(40, NO_STEPS)
        assert torch.equal(moved.moved()[0], together.moved()[1])
    again = kernel(objective, RULES[rule])
    again.advance(23, NO_STEPS)
    other = kernel(objective, RULES[rule])
    other.load(again.save())
    other.advance(40, NO_STEPS)
    assert torch.equal(other.moved(), together.moved())
    saved, whole = other.save(), together.save()
    assert saved.keys() == whole.keys()
    assert all(np.array_equal(saved[name], whole[name], equal_nan=True) for name in whole)


@pytest.mark.parametrize("due", [[0, 1, 30], [29], list(range(31))])
def test_measuring_changes_nothing_of_what_moves(due: list[int]) -> None:
    for (_, given), rule in product(CASES.items(), ["ngd", "split", "gd, momentum"]):
        quiet = kernel(given.objective, RULES[rule])
        quiet.advance(30, NO_STEPS)
        measuring = kernel(given.objective, RULES[rule], 1, given.reference)
        measuring.advance(30, np.array(due))
        saved, other = quiet.save(), measuring.save()
        assert all(np.array_equal(saved[name], other[name], equal_nan=True) for name in saved)


def test_far_out_the_leak_falls_by_a_straight_line() -> None:
    """Split descent from zero: log leak / (eta t) -> -1 / ||W_svm||, far below the least float."""
    rng = np.random.default_rng(5)
    objective, (target,) = soft_problem([soft_corpus(6, rng)])
    dynamics = kernel(
        objective,
        RULES["split"],
        1,
        case(soft_problem, [soft_corpus(6, np.random.default_rng(5))]).reference,
        eta=4.0,
    )
    at = dynamics.advance(4000, np.array([2000, 4000])).values["log_leak_loss"][0]
    assert at[1] < -1000
    assert (at[1] - at[0]) / (4.0 * 2000) == pytest.approx(-1 / target.norm, rel=1e-6)


def test_from_zero_a_column_has_an_entry_for_each_continuation_and_one_for_all_others() -> None:
    """From another start it has one for each token."""
    counts = {0: [1, 2], 1: [0], 3: [0, 1, 2, 3]}
    corpus = Corpus.from_samples(
        [([x], z, 1.0) for x, zs in counts.items() for z in zs], vocab_size=4
    )
    objective, _ = soft_problem([corpus])
    dynamics = kernel(objective, RULES["gd"])
    assert len(dynamics.laid[0].place) == (2 + 1) + (1 + 1) + 4
    assert len(kernel(started(objective, "gaussian"), RULES["gd"]).laid[0].place) == 3 * 4
    dynamics.advance(3, NO_STEPS)
    moved = dynamics.moved()[0]
    assert moved[0, 0] == moved[3, 0] < 0 < moved[1, 0]
    assert not moved[:, 2].any()


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (["train.labels=soft"], None),
        (["train.head=log", "optimizer=split_ngd", "train.stages=[attention]"], None),
        (["train.labels=soft", "optimizer=adam"], "a rule of single entries"),
        (["train.labels=soft", "optimizer=sign"], "a rule of single entries"),
        (["train.head=log", "batch.size=3"], "no kernel draws minibatches for the log head"),
    ],
)
def test_the_choice_says_why_tensors_move_it(overrides: list[str], why: str | None) -> None:
    chosen = choose(read_config(compose_job(["experiment=smoke", "tracking=none", *overrides])))
    assert chosen.fused == (why is None)
    assert why is None or why in chosen.in_words


def test_a_step_too_long_is_told_by_what_it_leaves() -> None:
    """Where the norm of the weights is beyond the largest float, as that of tensors is."""
    objective, reference = CASES["soft labels"]
    dynamics = kernel(objective, GradientDescent(), 1, reference, eta=1e308)
    other = tensors(objective, GradientDescent(), eta=1e308)
    logged = dynamics.advance(9, np.array([9]))
    other.advance(9, NO_STEPS)
    assert (logged.finite[:, 0] == norm_of(other.state().layer).isfinite().numpy()).all()
    assert not logged.finite.all()
