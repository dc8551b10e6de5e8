"""Soft labels and the log head: targets in closed form and by the general solver, identities,
bounds that no corpus breaks, and laws that random corpora meet."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from benchmarks.any_corpus import (
    RULES,
    Problem,
    cyclic_corpus,
    drawn,
    log_problem,
    ratios,
    soft_corpus,
    soft_problem,
)
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.choices import Counted, Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.model.linear_excess import log_fluctuation, log_leak_loss
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.quantities import direction_gap, norm_of
from ntp_dynamics.studies.next_token.theory.any_corpus_claims import CLAIMS
from ntp_dynamics.studies.next_token.theory.any_corpus_gd import late_aside
from ntp_dynamics.studies.next_token.theory.finite_part import finite_part
from ntp_dynamics.studies.next_token.theory.linear_constants import linear_constants
from ntp_dynamics.studies.next_token.theory.log_head import log_target, require_one_holder
from ntp_dynamics.studies.next_token.theory.max_margin import attention_target
from ntp_dynamics.studies.next_token.theory.offset import offset
from ntp_dynamics.studies.next_token.theory.problems import soft_labels
from ntp_dynamics.studies.next_token.theory.recession import recession
from ntp_dynamics.studies.next_token.theory.soft_labels import soft_target
from ntp_dynamics.verdict.claim import UNRATED, Claim
from tests.studies.next_token.linear_jobs import CYCLIC, SOFT, bigrams, sentences

NUMBERS = ("infimum", "leak", "curvature", "offset", "shift")
BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.mark.parametrize("power", [0.0, 1.0, -1.0])
@pytest.mark.parametrize(
    "claim", [c for c in CLAIMS if c.id.startswith("soft.")], ids=lambda c: c.id
)
def test_a_limit_without_a_rate_is_reported_and_never_judged(claim: Claim, power: float) -> None:
    """Whatever is recorded: a constant satisfies it at every horizon."""
    assert claim.unrated
    t = np.unique(np.round(np.geomspace(1, 1e5, 150)))
    told = replace(claim, preconditions=(UNRATED,)).judge(t, np.tile(power * np.log(t), (6, 1)))
    assert told.label == "does not apply"
    assert set(told.outcomes) == {"left out"}
    assert told.observed is not None
    assert (told.observed.word, told.observed.rate) == ("undecided", "none")
    assert "kept" not in told.summary


@pytest.mark.parametrize("seed", range(12))
def test_the_closed_form_is_what_the_general_solver_finds(seed: int) -> None:
    corpus = soft_corpus(
        int(np.random.default_rng(seed).integers(2, 9)), np.random.default_rng(seed)
    )
    target = soft_target(corpus, Counted.counts)
    samples = soft_labels(corpus.rows.first, corpus.label, corpus.weight, corpus.vocab_size)
    found = recession(samples)
    finite = finite_part(found)
    away = offset(found, finite)
    size = corpus.vocab_size
    np.testing.assert_allclose(found.matrix(finite.values, size), target.finite, atol=1e-13)
    np.testing.assert_allclose(found.matrix(found.direction, size), target.direction, atol=1e-14)
    solved = finite.infimum, finite.leak, finite.curvature, away.squared, away.shift
    told = [getattr(target, name) for name in NUMBERS]
    np.testing.assert_allclose(told, solved, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [*SOFT, *CYCLIC])
def test_constants_are_those_of_eighty_digits(name: str) -> None:
    """The sentences of a golden case have two tokens or more: nothing dilutes their weights."""
    case = {**SOFT, **CYCLIC}[name]
    if name in SOFT:
        target = soft_target(bigrams(case["counts"], case["vocab_size"]), Counted.counts)
    else:
        target = log_target(*sentences(case))
    assert target.infimum == pytest.approx(float(case["L_inf"]), abs=1e-14)
    assert target.curvature == pytest.approx(case["hessian_top"], rel=1e-12)
    assert target.norm**2 == pytest.approx(eval_fraction(case["W_svm_norm_squared"]), rel=1e-14)
    if case["offset"] is None:
        assert math.isnan(target.offset)
    else:
        assert target.offset == pytest.approx(case["offset"]["R2"], rel=1e-9, abs=1e-14)
        assert target.shift == pytest.approx(case["offset"]["shift"], rel=1e-9, abs=1e-14)


def eval_fraction(text: str) -> float:
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


def test_sentences_of_the_whole_vocabulary_are_soft_labels() -> None:
    """Column x of A is query x of B, whose tokens are all, and n the identity."""
    rng = np.random.default_rng(4)
    count = rng.integers(1, 9, (4, 4)) * (rng.random((4, 4)) < 0.6)
    count[np.arange(4), (np.arange(4) + 1) % 4] += 1  # every token is a context
    rows = {str(x): {str(z): int(count[x, z]) for z in np.flatnonzero(count[x])} for x in range(4)}
    pairs = np.argwhere(count).tolist()
    whole = Corpus.from_samples(
        [([*({0, 1, 2, 3} - {x}), x], z, int(count[x, z])) for x, z in pairs], vocab_size=4
    )
    soft = soft_problem([bigrams(rows, 4)])
    logs = log_problem([whole], [range(4)])
    for name in (*NUMBERS, "finite", "direction", "masses"):
        one, other = getattr(soft.targets[0], name), getattr(logs.targets[0], name)
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13, err_msg=name)
    moved = [trained(problem, GradientDescent(), 2.0, 60) for problem in (soft, logs)]
    torch.testing.assert_close(*(s.layer.value for s in moved), rtol=1e-12, atol=1e-14)


def test_an_order_without_cycles_has_the_target_of_problem_3() -> None:
    corpus, n = sentences(CYCLIC["acyclic (control)"])
    alone = [([x], y, 1.0) for x, y in enumerate(n)]
    samples = [(s.tolist(), int(y), 1.0) for s, y in zip(corpus.rows, corpus.label, strict=True)]
    whole = Corpus.from_samples([*alone, *samples], vocab_size=len(n))
    found = recognise(whole)
    mine = log_target(whole, found.collocation)
    theirs = attention_target(found).matrix(whole.queries, whole.vocab_size)
    np.testing.assert_allclose(mine.direction, theirs, atol=1e-15)
    assert not mine.cyclic


def test_sentences_of_one_token_dilute_weights_and_no_more() -> None:
    corpus, n = sentences(CYCLIC["cycle above a token"])
    bare = log_target(corpus, n)
    alone = [([x], y, 3.0) for x, y in enumerate(n)]
    samples = [
        (s.tolist(), int(y), w)
        for s, y, w in zip(corpus.rows, corpus.label, corpus.weight, strict=True)
    ]
    whole = Corpus.from_samples([*alone, *samples], vocab_size=len(n))
    diluted = log_target(whole, n)
    share = corpus.weight.sum() / whole.weight.sum()
    for name in ("infimum", "leak", "curvature", "masses"):
        np.testing.assert_allclose(getattr(diluted, name), share * getattr(bare, name), rtol=1e-14)
    assert diluted.offset == pytest.approx(bare.offset, rel=1e-12)
    assert diluted.shift == pytest.approx(bare.shift + math.log(share), rel=1e-12)


def test_one_continuation_a_token_is_the_first_stage_of_the_paper(tmp_path) -> None:
    """Uniform weights: the same job as with hard labels, whatever is recorded of both."""
    job = ["experiment=smoke", "tracking=none", "figures=none", "engine=torch", "init=gaussian"]
    job += ["train.stages=[feed_forward]", "optimizer=gd", "train.feed_forward.steps=300"]
    hard = ntp.train(job, tmp_path / "hard").stage("feed_forward")
    soft = ntp.train([*job, "train.labels=soft", "train.weights=uniform"], tmp_path / "soft").stage(
        "feed_forward"
    )
    for name in ("log_loss", "norm_ov", "direction_gap_ov", "log_grad_norm", "accuracy", "logits"):
        np.testing.assert_allclose(soft[name], hard[name], rtol=1e-11, atol=1e-13, err_msg=name)
    np.testing.assert_allclose(soft["log_excess_loss"], hard["log_loss"], rtol=1e-11)
    assert (np.isneginf(soft["log_fluctuation"])).all()


@pytest.mark.parametrize("claim", RULES)
def test_no_corpus_breaks_a_proved_bound(claim: str) -> None:
    """A few dozen corpora of each kind; `make any-corpus` asks a thousand.  The bounds say
    something: the nearest comes within a factor ten."""
    for eta in RULES[claim][1]:
        worst = np.concatenate([ratios(problem, claim, eta, 300) for problem in drawn(60, 3)])
        assert len(worst) == 60
        assert worst.max() <= 1
        assert worst.max() > 0.1


def trained(problem: Problem, optimizer: Optimizer, eta: float, last: int) -> State:
    descent = Descent(problem.objective, make_rule(optimizer), [eta])
    descent.advance(last, NO_STEPS)
    return descent.state()


def of_one_size(kind: str) -> Problem:
    """Six corpora of either kind whose laws are due early."""
    rng, kept = np.random.default_rng(8), []
    while len(kept) < 6:
        corpus = (soft_corpus if kind == "soft" else cyclic_corpus)(5, rng)
        told = soft_problem([corpus]) if kind == "soft" else log_problem([corpus])
        (target,) = told.targets
        if target.norm and target.cyclic and target.excited and target.slowest > 0:
            due = late_aside(linear_constants(told.targets, 1.0)).item()
            kept += [corpus] * (due <= 1e4)
    return soft_problem(kept) if kind == "soft" else log_problem(kept)


def held(
    problem: Problem,
    claim: str,
    eta: float,
    t: int,
    log_y: torch.Tensor,
    norm: torch.Tensor | None = None,
) -> np.ndarray:
    """y over the value that a claim states at t, each run; ``norm`` as it was measured there."""
    stage = problem.objective.stage
    claim += "" if stage is Stage.feed_forward else ".kq"
    constants = linear_constants(problem.targets, eta)
    seen = {} if norm is None else dict.fromkeys(("norm_ov", "norm_kq"), norm.numpy()[:, None])
    law = BY_ID[claim].law(SimpleNamespace(linear={stage: constants}, observed=seen))
    return np.exp(log_y.numpy() - law.log_f(np.array([float(t)]))[:, 0])


def gap_of(problem: Problem, state: State) -> torch.Tensor:
    width = problem.objective.loss.shape[2]
    svm = torch.zeros(problem.objective.loss.shape, dtype=torch.float64)
    for run, target in enumerate(problem.targets):
        svm[run, :, : target.direction.shape[1]] = torch.from_numpy(target.direction)
    assert svm.shape[2] == width
    norm = torch.tensor([target.norm for target in problem.targets], dtype=torch.float64)
    return direction_gap(state.layer, svm, norm)


@pytest.mark.parametrize("kind", ["soft", pytest.param("cyclic", marks=pytest.mark.long)])
def test_gradient_descent_meets_its_constants(kind: str) -> None:
    """At eta t = 1e4, to the tolerances of the claims."""
    problem, eta, t = of_one_size(kind), 2.0, 5000
    state = trained(problem, GradientDescent(), eta, t)
    excess = held(problem, "any.gd.rate", eta, t, problem.objective.log_gap(state))
    np.testing.assert_allclose(excess, 1, atol=0.05)
    norm = norm_of(state.layer)
    away = norm.numpy() * (held(problem, "any.gd.norm", eta, t, norm.log()) - 1)
    assert (np.abs(away) < [0.1 * target.norm for target in problem.targets]).all()
    aside = held(problem, "any.gd.direction", eta, t, gap_of(problem, state).log(), norm)
    np.testing.assert_allclose(aside, 1, atol=0.05)


@pytest.mark.long
def test_the_two_cycle_of_normalised_descent_has_its_size() -> None:
    problem, eta, t = of_one_size("soft"), 0.1, 4000
    state = trained(problem, NormalisedGradientDescent(), eta, t)
    loss, w = problem.objective.loss, state.layer.value
    np.testing.assert_allclose(
        held(problem, "any.ngd.plateau", eta, t, log_fluctuation(loss, w)), 1, atol=0.05
    )
    np.testing.assert_allclose(
        held(problem, "any.ngd.leak", eta, t, log_leak_loss(loss, w)), 1, atol=0.05
    )


def test_the_least_loss_so_far_is_saved_with_the_rest() -> None:
    """In the two-cycle it lies behind: a descent that starts again would not find it."""
    problem = of_one_size("soft")

    def fresh() -> Descent:
        return Descent(problem.objective, make_rule(NormalisedGradientDescent()), [0.5])

    whole, again = fresh(), fresh()
    whole.advance(301, NO_STEPS)
    first = fresh()
    first.advance(300, NO_STEPS)
    again.load(first.save())
    again.advance(301, NO_STEPS)
    found, kept = whole.state(), again.state()
    assert found.least is not None
    assert kept.least is not None
    assert torch.equal(found.least, kept.least)
    assert (found.least < problem.objective.log_gap(found)).any()


def test_a_symmetry_of_the_corpus_keeps_its_eigenvector_still() -> None:
    """Two continuations that are equally likely, and the likeliest: their difference, the
    eigenvector of lam, is never moved, and the plateau is lower."""
    corpus = bigrams({"0": {"1": 4, "2": 4, "3": 1}}, 5)
    problem = soft_problem([corpus])
    assert not problem.targets[0].excited
    state = trained(problem, NormalisedGradientDescent(), 0.1, 3000)
    log_y = log_fluctuation(problem.objective.loss, state.layer.value)
    assert held(problem, "any.ngd.plateau", 0.1, 3000, log_y).item() < 0.7


@pytest.mark.parametrize("kind", ["soft", pytest.param("cyclic", marks=pytest.mark.long)])
def test_split_descent_goes_on_as_if_there_were_no_finite_part(kind: str) -> None:
    problem, eta = of_one_size(kind), 0.5
    norm = np.array([target.norm for target in problem.targets])
    t = math.ceil(150 * norm.max() / eta)
    states = [trained(problem, SplitNormalisedGradientDescent(), eta, last) for last in (t // 2, t)]
    log_gap = gap_of(problem, states[1]).log()
    np.testing.assert_allclose(held(problem, "any.split.direction", eta, t, log_gap), 1, atol=0.01)
    leak = [log_leak_loss(problem.objective.loss, s.layer.value).numpy() for s in states]
    slope = (leak[1] - leak[0]) / (t - t // 2)
    np.testing.assert_allclose(slope, -eta / norm, rtol=1e-3)


@pytest.mark.long
def test_polyaks_step_knows_every_infimum() -> None:
    """L - L_inf falls by a decade and more, where L alone would stand still."""
    problem = of_one_size("cyclic")
    early, late_on = (trained(problem, Polyak(), 1.0, t) for t in (30, 1000))
    fallen = problem.objective.log_gap(late_on) - problem.objective.log_gap(early)
    assert np.median(fallen) < math.log(1e-1)
    assert (fallen < 0).all()


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([([0], 1), ([1], 2), ([0, 0, 2], 2)], "has no token whose continuation is its label"),
        ([([0], 1), ([1], 1), ([0, 1, 2], 1)], "has 2 tokens whose continuation is its label"),
        ([([0], 1), ([1], 2)], "every sentence is of one token"),
    ],
)
def test_a_corpus_without_one_holder_a_sentence_is_refused(samples: list, said: str) -> None:
    corpus = Corpus.from_samples(samples, vocab_size=3)
    with pytest.raises(ntp.UserError, match=said):
        require_one_holder(corpus, recognise(corpus).collocation, "it.jsonl")


def test_a_job_is_refused_in_one_line(tmp_path) -> None:
    path = tmp_path / "c.jsonl"
    Corpus.from_samples([([0, 1], 0), ([1, 0], 1)], vocab_size=2).write(path)
    job = ["experiment=smoke", "runs=1", "tracking=none", "dataset=file", f"dataset.path={path}"]
    for words, said in (
        (["train.labels=soft", "train.stages=[feed_forward]"], "there are no continuations"),
        (["train.head=log", "train.stages=[attention]"], "has no token whose continuation"),
    ):
        with pytest.raises(ntp.UserError, match=said) as caught:
            ntp.train([*job, *words], tmp_path / "job")
        assert caught.value.where == str(path)
