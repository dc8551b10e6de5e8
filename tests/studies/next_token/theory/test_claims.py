"""Claims that speak of more than before: laws by hand at |V| = 2, hypotheses broken one by one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.theory.claims import OF_EVERY_JOB
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.terms import at


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    """experiment=small_vocabulary, its second stage cut short."""
    overrides = ["experiment=small_vocabulary", "train.attention.steps=4000"]
    place = tmp_path_factory.mktemp("claims") / "job"
    return ntp.train([*overrides, "tracking=none", "figures=none"], place)


@pytest.fixture(scope="module")
def constants(record: ntp.Record) -> Constants:
    """||W*_ov|| = 1, ||W*_kq||^2 = 1/2, N = 1, L_max = 2; eta0 = 1, T = 10,000, eta = 1/4."""
    return record.constants


def claims(claim: str) -> list[Claim]:
    return [c for c in OF_EVERY_JOB if c.id == claim]


def test_the_constants_of_two_tokens(constants: Constants) -> None:
    assert constants.ov_norm == pytest.approx(1, rel=1e-15)
    assert constants.kq_norm == pytest.approx(math.sqrt(0.5), rel=1e-15)
    assert (constants.n, constants.max_length, constants.steps0) == (1, 2, 10_000)
    assert constants.eta_c == constants.eta_c_at_most == math.inf
    assert constants.pull == math.inf
    assert constants.complete
    assert constants.prefix_closed


def test_the_leak_is_bounded_as_printed(constants: Constants) -> None:
    """L e / (1 + L e) with e = exp(-C1 t), C1 = (1/4) / (4 * 2 * 1/2) = 1/16."""
    (claim,) = claims("kq.leak")
    log_f = at(claim.law, constants).log_f(np.array([16.0, 160.0, 1e7]))[0]
    e = 2 * math.exp(-1)
    assert log_f[0] == pytest.approx(math.log(e / (1 + e)), rel=1e-14)
    assert log_f[1] == pytest.approx(math.log(2) - 10 - math.log1p(2 * math.exp(-10)), rel=1e-14)
    assert log_f[2] == pytest.approx(math.log(2) - 1e7 / 16, rel=1e-14)
    assert claim.constant == 0.0
    burn_in = at(claim.t_min, constants).item()  # 1696 * 16 / 8 * 4 = 13,568
    assert burn_in >= 13_568 * math.log(burn_in) ** 2
    assert burn_in - 2 < 13_568 * math.log(burn_in - 2) ** 2
    assert burn_in == pytest.approx(3.05e6, rel=0.02)


def test_corollary_1_begins_where_its_condition_holds(constants: Constants) -> None:
    """384 log 4 log T: T = 10,000 is above 4,903, and every T from some 4,480 on suffices."""
    for claim in claims("ov.margin"):
        start = at(claim.t_min, constants).item()
        assert start >= 384 * math.log(4) * math.log(start)
        assert start - 2 < 384 * math.log(4) * math.log(start - 2)
    assert 384 * math.log(4) * math.log(10_000) == pytest.approx(4903, abs=0.5)
    long = replace(constants, eta0=1e4)  # factor .053 < e: T = 2 will do
    assert at(claims("ov.margin")[0].t_min, long) == 2


def test_corollary_1_as_transcribed_is_contradicted(record: ntp.Record) -> None:
    """The margin is t, Delta t / 4: a third above the upper limit, four times the lower."""
    steps = record.stage("feed_forward")["step"].values
    for name in ("margin_min", "margin_max"):
        np.testing.assert_allclose(record.stage("feed_forward")[name].values[0], steps, rtol=1e-12)
    found = {v["version"]: v for v in record.verdicts if v["id"] == "ov.margin"}
    assert found["lower limit"]["bound"] == "holds"
    assert found["lower limit"]["slack"] == pytest.approx(math.log(4), rel=1e-9)
    assert found["upper limit"]["label"] == "contradicted"
    assert found["upper limit"]["slack"] == pytest.approx(-math.log(4 / 3), rel=1e-9)
    assert all("as transcribed" in v["source"] for v in found.values())


@pytest.mark.parametrize(("least", "bound"), [(0.1, "holds"), (0.0, "holds"), (-1e-6, "violated")])
def test_lemma_5_is_broken_by_one_fall_of_one_sentence(
    constants: Constants, least: float, bound: str
) -> None:
    (claim,) = claims("kq.attention_monotone")
    assert claim.observable == "log_attention_growth"
    t = np.unique(np.geomspace(1, 1e4, 200).astype(int))
    log_y = np.where(t < 300, 0.2, least)[None]
    assert claim.judge(t, log_y, constants).bound == bound


SHARP = ["kq.direction.sharp", "kq.norm.sharp", "kq.loss.sharp"]
PAPER = sorted({c.id for c in OF_EVERY_JOB if c.source.startswith("Huang")})
BROKEN = [
    (
        {"pull": -1.0},
        ["kq.direction.exact", *SHARP],
        "heavier sentences alone drive a lighter one to a margin of -1 or less",
    ),
    (
        {"eta_c_at_most": 0.25},
        SHARP[1:],
        "the step size is not below eta_c = 2 / (||W*_kq|| lambda_max(Cov z))",
    ),
    ({"complete": False}, PAPER, "the continuation of some token is not stated"),
    (
        {"known": 0.0},
        ["ov.exact.direction", "ov.exact.norm", "ov.exact.loss"],
        "no token has a known continuation",
    ),
]


@pytest.mark.parametrize(("change", "about", "reason"), BROKEN, ids=lambda x: str(x)[:20])
def test_a_broken_hypothesis_is_noticed_with_its_own_reason(
    constants: Constants, change: dict[str, float], about: list[str], reason: str
) -> None:
    """By every claim that has it, and by no other."""
    broken = replace(constants, **{name: np.array([value]) for name, value in change.items()})
    noticed = set()
    for claim in OF_EVERY_JOB:
        failing = [p.failure for p in claim.preconditions if not np.all(p.check(broken))]
        before = [p.failure for p in claim.preconditions if not np.all(p.check(constants))]
        if failing != before:
            assert [f for f in failing if f not in before] == [reason]
            noticed.add(claim.id)
    assert sorted(noticed) == sorted(about)


@pytest.mark.parametrize(
    "unknown", [{"pull": np.nan}, {"eta_c_at_most": np.inf, "eta_c": np.nan}, {"pull": -0.999}]
)
def test_what_is_not_known_rules_nothing_out(
    constants: Constants, unknown: dict[str, float]
) -> None:
    changed = replace(constants, **{name: np.array([x]) for name, x in unknown.items()})
    for claim in (c for c in OF_EVERY_JOB if c.id in SHARP):
        assert all(np.all(p.check(changed)) for p in claim.preconditions)


def test_a_corpus_with_an_unused_token_is_not_the_papers(tmp_path: Path) -> None:
    """What was derived here speaks of the known tokens, the theorems of a permutation of all."""
    samples = [([0], 1), ([1], 0), ([0, 1], 1)]
    Corpus.from_samples(samples, vocab_size=3).write(tmp_path / "three.jsonl")
    record = ntp.train(
        ["dataset=file", f"dataset.path={tmp_path}/three.jsonl", "runs=1", "tracking=none",
         "figures=none", "train.feed_forward.steps=300", "train.attention.steps=300"],
        tmp_path / "job",
    )  # fmt: skip
    for verdict in record.verdicts:
        if verdict["kind"] == "proved":
            assert verdict["excluded"] == [["the continuation of some token is not stated", 1]]
        elif verdict["id"] == "kq.direction.exact":
            assert verdict["excluded"] == [["R^2 is 0, and 1 - cos falls faster than any power", 1]]
        else:
            assert verdict["gate"] != "inapplicable"
            assert verdict["bound"] != "violated"


@pytest.mark.parametrize("engine", ["auto", "numba", "torch", "autograd"])
@pytest.mark.parametrize("start", ["train.margin=null", "train.margin=5"])
def test_a_stage_without_anything_to_train_on_is_refused(
    tmp_path: Path, engine: str, start: str
) -> None:
    """Sentences of two tokens only, or one token with two continuations: L0 has no term."""
    for samples in ([([0, 1], 2), ([1, 2], 0)], [([0], 1), ([0], 2)]):
        path = tmp_path / "corpus.jsonl"
        Corpus.from_samples(samples).write(path)
        job = ["dataset=file", f"dataset.path={path}", "runs=1", "tracking=none", start]
        with pytest.raises(ntp.UserError, match="no token has a known continuation") as caught:
            ntp.train([*job, f"engine={engine}"], tmp_path / "job")
        assert caught.value.where == str(path)
        assert not (tmp_path / "job").exists()


def test_the_joint_stage_needs_no_collocation(tmp_path: Path) -> None:
    Corpus.from_samples([([0, 1], 2), ([1, 2], 0)]).write(tmp_path / "corpus.jsonl")
    job = ["dataset=file", f"dataset.path={tmp_path}/corpus.jsonl", "runs=1", "tracking=none"]
    record = ntp.train(
        [*job, "figures=none", "train.stages=[joint]", "train.joint.steps=5"], tmp_path / "job"
    )
    assert record.status["state"] == "done"
