"""Sign descent exactly, and the speed of Adam: constants, proofs by sampling, hypotheses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import Adam, RealizableDataset
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.cross_entropy import cross_entropy
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.theory.claims import CLAIMS
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.entrywise import adam_speed
from ntp_dynamics.studies.next_token.theory.levels import longest_chain
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.terms import at

PROBLEMS = json.loads((Path(__file__).parents[1] / "golden.json").read_text())["problems"]
STANDARD = ("embedding=standard", "train.margin=8")
BY_SIGN = ("optimizer=sign", *STANDARD)
BY_ADAM = ("optimizer=adam", "optimizer.epsilon=0", *STANDARD)
Make = Callable[..., Constants]


def claim_of(name: str) -> Claim:
    return next(claim for claim in CLAIMS if claim.id == name)


def samples_of(problem: dict[str, Any]) -> list[tuple[list[int], int, float]]:
    return [(s["tokens"], s["next"], s["weight"]) for s in problem["samples"]]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p["name"])
def test_constants_and_speeds_are_the_golden_ones(
    problem: dict[str, Any], constants_of: Make
) -> None:
    settings = ("train.attention.step_size=0.01", "optimizer.beta2={}")
    for told, speed in problem["laws"]["adam_gap_per_step"].items():
        beta2 = told.rpartition("=")[2]
        given = (*BY_ADAM, settings[0], settings[1].format(beta2))
        constants = constants_of([samples_of(problem)], problem["vocab_size"], *given)
        half = mpmath.mpf(mpmath.mpmathify(problem["target_linf"]["norm"]))
        assert constants.longest_chain == [float(2 * half)]
        assert constants.comparable == [
            len({(x, q) for *ab, q in problem["relations"] for x in ab})
        ]
        assert adam_speed(constants) == pytest.approx(speed, rel=1e-8)


@pytest.mark.parametrize(
    ("relations", "length"),
    [((), 0), (((0, 1), (2, 3)), 1), (((0, 1), (1, 2), (0, 2)), 2), (((3, 2), (2, 0), (0, 1)), 3)],
)
def test_a_chain_is_relations_in_a_row(relations: Any, length: int) -> None:
    assert longest_chain(Order(dict.fromkeys(relations, 0))) == length


@pytest.mark.parametrize("eta", [1e-4, 0.01, 3.0])
@pytest.mark.parametrize(("beta1", "beta2"), [(0.9, 0.999), (0.0, 0.1), (0.5, 0.75)])
def test_the_speed_of_adam_solves_its_equation(
    eta: float, beta1: float, beta2: float, constants_of: Make
) -> None:
    plain = constants_of([samples_of(PROBLEMS[0])], 5, *BY_ADAM)
    rule = Adam(beta1=beta1, beta2=beta2, epsilon=0.0)
    (x,) = adam_speed(replace(plain, eta=eta, optimizer=rule))
    with mpmath.workdps(50):
        b1, b2, speed = map(mpmath.mpf, (beta1, beta2, float(x)))
        assert speed < -mpmath.log(b2) / 2

        def short(x: mpmath.mpf) -> mpmath.mpf:
            left = (1 - b2 * mpmath.exp(2 * x)) / (1 - b2)
            return 2 * eta * (1 - b1) / (1 - b1 * mpmath.exp(x)) * mpmath.sqrt(left) - x

        assert short(speed * (1 - mpmath.mpf(1e-9))) > 0 > short(speed * (1 + mpmath.mpf(1e-9)))


@pytest.mark.parametrize("height", [0.0, 0.1, 3.0, 50.0, 900.0])
def test_on_its_line_every_gradient_has_the_signs_of_sign_descent(height: float) -> None:
    """The lemma of the proof, on corpora of all kinds of weights and copies."""
    kinds = [
        RealizableDataset(vocab_size=12, queries=5, weights=weights, extra_optimal_copies=copies)
        for weights in (Weights.uniform, Weights.powers)
        for copies in (0, 3)
    ]
    drawn = [generate(kind, np.random.default_rng(i)) for kind in kinds for i in range(10)]
    found = [recognise(corpus) for corpus in drawn]
    assert all(r.assumption1 and not r.assumption3_violations for r in found)
    batch = pack(drawn, [r.collocation for r in found])
    sign = torch.zeros(len(drawn), 12, batch.n_queries).double()
    for run, (corpus, recognition) in enumerate(zip(drawn, found, strict=True)):
        for query, order in (recognition.orders or {}).items():
            sign[run, sorted(order.above), corpus.queries.index(query)] = 1.0
            sign[run, sorted(order.below), corpus.queries.index(query)] = -1.0
    slope, _ = cross_entropy(exact_margin(8.0, batch), batch).gradient(height * sign)
    assert torch.equal(-slope.value.sign(), sign)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("problem", PROBLEMS[:2], ids=lambda p: p["name"])
def test_sign_descent_is_where_the_laws_say(
    problem: dict[str, Any], decay: float, constants_of: Make
) -> None:
    cases = [c for c in problem["trajectories"] if c["rule"] == "sign"]
    (case,) = (c for c in cases if c["settings"].get("decay", 0.0) == decay)
    settings = ("train.attention.step_size=0.05", f"optimizer.weight_decay={decay}")
    constants = constants_of([samples_of(problem)], problem["vocab_size"], *BY_SIGN, *settings)
    t = np.array([float(row["t"]) for row in case["rows"]])
    for name, column in (("margin", "min_gap"), ("norm", "frobenius")):
        log_f = at(claim_of(f"sign.exact.{name}").law, constants).log_f(t)
        np.testing.assert_allclose(np.exp(log_f[0]), [r[column] for r in case["rows"]], rtol=1e-12)
    log_f = at(claim_of("sign.exact.leak").law, constants).log_f(t)
    np.testing.assert_allclose(log_f[0], [r["log_leak"] for r in case["rows"]], rtol=1e-12)


def test_a_decay_of_one_step_leaves_the_step_alone(constants_of: Make) -> None:
    settings = ("train.attention.step_size=0.25", "optimizer.weight_decay=4")
    constants = constants_of([samples_of(PROBLEMS[0])], 5, *BY_SIGN, *settings)
    log_f = at(claim_of("sign.exact.margin").law, constants).log_f(np.array([1.0, 2.0, 1e6]))
    np.testing.assert_allclose(np.exp(log_f[0]), 0.5, rtol=1e-12)


FIVE = [((x,), (x + 1) % 5) for x in range(5)]
BASE = [*FIVE, ((0, 4, 1), 1), ((2, 2, 3, 4), 3), ((2, 4), 3)]
SIGN, ADAM = "sign.exact.margin", "adam.speed"
BROKEN = {
    "rotated": (BASE, ("embedding=orthonormal",), {SIGN, ADAM}, "the token vectors are not"),
    "start": (BASE, ("init=gaussian",), {SIGN}, "training does not start from zero"),
    "confused": ([*FIVE, ((0, 1, 4), 1), ((1, 2, 4), 2)], (), {SIGN}, "some token is confused"),
    "confused, rare": (
        [*FIVE, ((0, 1, 4), 1, 10.0), ((1, 2, 4), 2, 1.0)],
        (),
        {SIGN, ADAM},
        "some token is confused",
    ),
    "copies": ([*FIVE, ((0, 2, 2, 4), 1)], (), {SIGN}, "a wrong token outnumbers"),
    "two of one continuation": (
        [*(((x,), y) for x, y in enumerate([1, 2, 3, 4, 1])), ((0, 2), 1)],
        (),
        {SIGN, ADAM},
        "two tokens share a continuation",
    ),
    "nothing to learn": (FIVE, (), {SIGN, ADAM}, "the corpus states no relation"),
    "minibatch": (BASE, ("batch.size=2",), {SIGN, ADAM}, "a minibatch of 2 of different sentences"),
    "not trained": (BASE, ("train.stages=[feed_forward]",), {SIGN, ADAM}, "the attention stage"),
}
FOR_ADAM = {
    "epsilon": (("optimizer.epsilon=1e-8",), "the optimiser is not Adam with epsilon = 0"),
    "beta1": (("optimizer.beta1=0.999",), "beta1 is not below beta2"),
    "decay": (("optimizer.weight_decay=0.1",), "a weight decay of 0.1 shortens the weights"),
    "margins": (
        ("init=gaussian", "train.margin=null"),
        "the margins of the feed-forward layer differ",
    ),
}


def reasons(claim: Claim, constants: Constants) -> list[str]:
    t = np.unique(np.round(np.geomspace(1, 1000, 60)))
    verdict = claim.judge(t, np.zeros((constants.n.size, t.size)), constants)
    return [reason for reason, _ in verdict.excluded]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_hypothesis_is_told(broken: str, constants_of: Make) -> None:
    samples, settings, about, reason = BROKEN[broken]
    replaced = {setting.partition("=")[0] for setting in settings}
    if broken == "not trained":
        replaced.add("train.margin")
    for name, plain in ((SIGN, BY_SIGN), (ADAM, BY_ADAM)):
        assert reasons(claim_of(name), constants_of([BASE], 5, *plain)) == []
        kept = [s for s in plain if s.partition("=")[0] not in replaced]
        found = reasons(claim_of(name), constants_of([samples], 5, *kept, *settings))
        assert [r.startswith(reason) for r in found] == [True] * (name in about)


@pytest.mark.parametrize("broken", FOR_ADAM)
def test_a_broken_hypothesis_of_adam_is_told(broken: str, constants_of: Make) -> None:
    settings, reason = FOR_ADAM[broken]
    replaced = {setting.partition("=")[0] for setting in settings}
    kept = [s for s in BY_ADAM if s.partition("=")[0] not in replaced]
    assert reasons(claim_of(ADAM), constants_of([BASE], 5, *kept, *settings)) == [reason]


@pytest.mark.parametrize(
    ("settings", "claims", "label"),
    [
        (
            (
                *("optimizer=adam", "optimizer.epsilon=0", "optimizer.beta1=0.25"),
                *("optimizer.beta2=0.5", "train.attention.step_size=0.5"),
            ),
            {"adam.speed"},
            "tight",
        ),
        (
            ("optimizer=sign", "optimizer.momentum=0.9", "optimizer.weight_decay=0.01"),
            {"sign.exact.margin", "sign.exact.norm", "sign.exact.leak"},
            "holds",
        ),
    ],
    ids=["adam", "sign"],
)
def test_a_job_keeps_the_laws_of_its_rule(
    settings: tuple[str, ...], claims: set[str], label: str, tmp_path: Path
) -> None:
    given = ("experiment=smoke", "embedding=standard", "train.margin=8", "tracking=none")
    steps = ("train.attention.steps=1000", "figures=none")
    record = ntp.train([*given, *steps, *settings], tmp_path / "job")
    assert {v["id"]: v["label"] for v in record.verdicts if v["id"] in claims} == dict.fromkeys(
        claims, label
    )
