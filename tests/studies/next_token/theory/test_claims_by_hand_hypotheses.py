"""Which hypotheses each claim of every job has; each is broken once, and its reason told."""

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.theory.claims import OF_EVERY_JOB
from ntp_dynamics.studies.next_token.theory.gram_dual import GramTarget
from ntp_dynamics.studies.next_token.theory.hypotheses import long_first_stage
from ntp_dynamics.studies.next_token.theory.targets import Targets

T = np.unique(np.round(np.geomspace(1, 10_000, 80)))
FIVE = [((x,), (x + 1) % 5) for x in range(5)]
BASE = [*FIVE, ((0, 4, 1), 1), ((2, 2, 3, 4), 3), ((2, 4), 3)]  # ||W*_kq||^2 = 4/3
ENOUGH = "train.feed_forward.steps=1618057"  # 384 2^5 log(10) log T / 0.25
TOO_FEW = "train.feed_forward.steps=1618056"
SETTINGS = ("train.feed_forward.step_size=0.25", "train.attention.step_size=0.125")
NOT_TRAINED = "the {} stage was not trained"

# What breaks one hypothesis of the job above: its samples, V, its settings, the reason.
BROKEN = {
    "feed_forward": (BASE, 5, ("train.margin=5",), NOT_TRAINED.format("feed_forward")),
    "attention": (BASE, 5, ("train.stages=[feed_forward]",), NOT_TRAINED.format("attention")),
    "realizable": (
        [*FIVE, ((0, 1, 4), 1), ((1, 0, 4), 2)],  # under 4: 0 > 1 > 0
        5,
        (),
        "the corpus is not realizable",
    ),
    "injective": (
        [((0,), 1), ((1,), 2), ((2,), 3), ((3,), 4), ((4,), 1), ((0, 2), 1)],
        5,
        (),
        "two tokens share a continuation",
    ),
    "unconfused": (
        [*FIVE, ((0, 1, 4), 1), ((1, 2, 4), 2)],  # under 4: 0 > 1 > 2
        5,
        (),
        "some token is confused",
    ),
    "assumption 2": (BASE, 5, ("embedding=gaussian",), "the embeddings are not orthonormal"),
    "assumption 3": (
        [*FIVE, ((0, 2, 2, 4), 1)],
        5,
        (),
        "a wrong token outnumbers the optimal one in some sentence",
    ),
    "zero init": (BASE, 5, ("init=gaussian",), "training does not start from zero"),
    "ngd": (BASE, 5, ("optimizer=gd",), "the optimiser is not normalised gradient descent"),
    "momentum": (
        BASE,
        5,
        ("optimizer.momentum=0.9",),
        "momentum 0.9 is no part of the paper's rule",
    ),
    "decay": (
        BASE,
        5,
        ("optimizer.weight_decay=0.125",),
        "weight decay 0.125 is no part of the paper's rule",
    ),
    "both": (
        BASE,
        5,
        ("optimizer.momentum=0.9", "optimizer.weight_decay=0.125"),
        "momentum 0.9 and weight decay 0.125 are no part of the paper's rule",
    ),
    "norm": (
        BASE,
        5,
        ("optimizer.weight_decay=0.125",),
        "a weight decay of 0.125 shortens the weights",
    ),
    "relations": (FIVE, 5, (), "the corpus states no relation to learn"),
    "small step": (
        BASE,
        5,
        ("train.attention.step_size=0.425",),  # sqrt(4/3) / e = 0.42480
        "the step size exceeds ||W*_kq|| / e",
    ),
    "long first stage": (
        BASE,
        5,
        (TOO_FEW,),
        "T is below 384 ||W*_ov||^5 log(2|V|) log T / eta0",
    ),
    "extendable": (
        [((0,), 1), ((1,), 2), ((2,), 0), ((0, 1, 2), 1)],  # under 2 all three are comparable
        3,
        (),
        "no token is non-comparable under any query",
    ),
    "complete": (
        [*FIVE[:4], ((0, 2), 1)],  # 4 is no sentence and in none
        5,
        (),
        "the continuation of some token is not stated",
    ),
    "some collocation": (
        [((0, 1), 1), ((2, 3, 4), 3)],
        5,
        (),
        "no token has a known continuation",
    ),
    "stable step": (
        BASE,
        5,
        ("train.attention.step_size=2.3095",),  # 4 / sqrt(3) = 2.30940
        "the step size is not below eta_c = 2 / (||W*_kq|| lambda_max(Cov z))",
    ),
    "no trap": (
        # Under 3: the heavy 0 > 1, 3 and 2 > 3 have the column 1/2, -1/2, 1/2, -1/2, which gives
        # the rare 1 > 2 a margin of -1.
        [*FIVE, ((0, 1, 3), 1, 10.0), ((2, 3), 3, 10.0), ((1, 2, 3), 2, 1.0)],
        5,
        (),
        "heavier sentences alone drive a lighter one to a margin of -1 or less",
    ),
    "target": (
        BASE,
        5,
        ("embedding=gaussian", "embedding.dim=1"),
        "problem (3) has no solution for these embeddings, or none was found",
    ),
    "equal margins": (
        BASE,
        5,
        ("init=gaussian",),
        "the margins of the feed-forward layer differ",
    ),
    "no forced zero": (
        [*FIVE, ((0, 2, 4), 1), ((1, 4), 2)],
        5,
        (),
        "R^2 is not determined: a tight relation has multiplier 0 in every choice of multipliers",
    ),
    "joined": (
        # Under 4: 0 > 2, 3 and 1 > 4 hold by 1, which 0 > 4 does not.
        [*FIVE, ((0, 2, 3, 4), 1), ((1, 4), 2)],
        5,
        (),
        "R^2 is not determined: relations that hold by exactly 1 do not join what relations join",
    ),
    "aside": (
        [*FIVE, ((0, 4, 1), 1)],  # all alike
        5,
        (),
        "R^2 is 0, and 1 - cos falls faster than any power",
    ),
}
STAGE_1 = {"feed_forward", "complete", "realizable", "injective", "unconfused", "assumption 2"}
PAPER_RULE = {"ngd", "momentum", "decay", "both"}
STAGE_1 |= {"zero init"} | PAPER_RULE
STAGE_2 = STAGE_1 - {"feed_forward"} | {"attention", "assumption 3", "relations", "small step"}
EXACT = {"feed_forward", "assumption 2", "some collocation", "zero init", "ngd"}
SHARP = {"attention", "realizable", "injective", "relations", "target", "no trap"} | PAPER_RULE
HYPOTHESES = {
    "ov.direction": STAGE_1,
    "ov.norm": STAGE_1,
    "ov.margin": STAGE_1,
    "ov.loss": STAGE_1,
    "kq.direction": STAGE_2,
    "kq.norm": STAGE_2,
    "kq.leak": STAGE_2,
    "loss": STAGE_2 | {"feed_forward", "long first stage"},
    "order.extension": STAGE_2 | {"extendable"},
    "kq.attention_monotone": STAGE_2,
    "kq.alignment": STAGE_2,
    "ov.exact.direction": EXACT,
    "ov.exact.norm": EXACT | {"norm"},
    "ov.exact.loss": EXACT | {"norm"},
    "kq.direction.sharp": SHARP,
    "kq.norm.sharp": SHARP | {"stable step"},
    "kq.loss.sharp": SHARP | {"equal margins", "stable step"},
    # From zero and with orthonormal vectors margins are equal: of both, the start is told.
    "kq.direction.exact": SHARP
    | {"assumption 2", "zero init", "stable step", "no forced zero", "joined", "aside"},
}


def reasons(claim, constants):
    """Why runs are left out of the judgement of some trajectories."""
    constants = replace(
        constants, observed={"attention_mass_min": np.full((constants.n.size, T.size), 0.5)}
    )
    verdict = claim.judge(T, np.zeros((constants.n.size, T.size)), constants)
    return dict(verdict.excluded)


@pytest.fixture
def claim(request):
    """One by its number, so that every version of a claim is asked."""
    return OF_EVERY_JOB[request.param]


every_claim = pytest.mark.parametrize(
    "claim",
    range(len(OF_EVERY_JOB)),
    indirect=True,
    ids=[f"{c.id}-{i}" for i, c in enumerate(OF_EVERY_JOB)],
)


def test_every_claim_has_its_hypotheses_here():
    assert {claim.id for claim in OF_EVERY_JOB} == set(HYPOTHESES)


@every_claim
def test_where_all_hypotheses_are_met_no_run_is_left_out(claim, constants_of):
    assert reasons(claim, constants_of([BASE], 5, ENOUGH, *SETTINGS)) == {}


@every_claim
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_hypothesis_is_noticed_by_the_claims_that_have_it(claim, broken, constants_of):
    samples, v, settings, reason = BROKEN[broken]
    given = (ENOUGH, *SETTINGS, *settings)
    found = reasons(claim, constants_of([samples], v, *given))
    if broken in HYPOTHESES[claim.id]:
        assert found == {reason: 1}
    else:
        assert reason not in found


@every_claim
def test_only_the_runs_that_break_a_hypothesis_are_left_out(claim, constants_of):
    runs = [BASE, BROKEN["unconfused"][0], BASE, BROKEN["assumption 3"][0]]
    found = reasons(claim, constants_of(runs, 5, ENOUGH, *SETTINGS))
    expected = {
        BROKEN[name][-1]: 1
        for name in ("unconfused", "assumption 3")
        if name in HYPOTHESES[claim.id]
    }
    assert found == expected


def claim_of(name):
    return next(claim for claim in OF_EVERY_JOB if claim.id == name)


def test_a_step_of_exactly_the_threshold_is_small(constants_of):
    """sqrt(4/3) / e = 0.42479059."""
    constants = constants_of([BASE], 5)
    exactly = replace(constants, eta=float(constants.kq_norm[0] / np.e))
    assert reasons(claim_of("kq.direction"), exactly) == {}
    for step_size in ("0.4247", "0.42479058"):
        settings = (SETTINGS[0], f"train.attention.step_size={step_size}")
        assert reasons(claim_of("kq.direction"), constants_of([BASE], 5, *settings)) == {}


def test_a_step_just_below_eta_c_is_stable(constants_of):
    """4 / sqrt(3) = 2.309401; where eta_c is not known, what it is at most stands for it."""
    sharp = claim_of("kq.loss.sharp")
    just = constants_of([BASE], 5, SETTINGS[0], "train.attention.step_size=2.3094")
    assert reasons(sharp, just) == {}
    unknown = replace(just, eta_c=np.array([np.nan]), eta_c_at_most=np.array([np.inf]))
    assert reasons(sharp, unknown) == {}
    exactly = replace(just, eta_c_at_most=np.array([2.3094]))
    assert reasons(sharp, exactly) == {BROKEN["stable step"][-1]: 1}


def test_sentences_of_about_one_weight_are_no_trap(constants_of):
    """A factor of 9 is no gap, and without the rare sentence nothing is driven away."""
    *others, heavy, other_heavy, rare = BROKEN["no trap"][0]
    for samples in ([*others, heavy, other_heavy], [*others, heavy, other_heavy, (*rare[:2], 1.2)]):
        assert reasons(claim_of("kq.direction.sharp"), constants_of([samples], 5)) == {}


def test_sentences_of_one_weight_pull_together(constants_of):
    """Under 3 the heavy 0 > 1, 2 > 3 and 1 > 4, 3 have the column 6/5, 1/5, 1/5, -4/5, -4/5: the
    rare 1 > 2 has margin 0.  Without the third, of the same weight, it would have -1."""
    *singles, first, second, rare = BROKEN["no trap"][0]
    third = ((1, 4, 3), 2, 10.0)
    together = constants_of([[*singles, first, second, third, rare]], 5)
    assert together.pull.tolist() == [pytest.approx(0.0, abs=1e-12)]
    assert reasons(claim_of("kq.direction.sharp"), together) == {}


@pytest.mark.parametrize(("pull", "holds"), [(-1, False), (-0.999, True), (0.5, True), (1.5, True)])
def test_a_sentence_that_others_drive_down_by_less_than_they_rise_comes_back(
    pull, holds, constants_of
):
    constants = replace(constants_of([BASE], 5), pull=np.array([pull]))
    told = {} if holds else {BROKEN["no trap"][-1]: 1}
    assert reasons(claim_of("kq.direction.sharp"), constants) == told


def test_a_target_counts_up_to_a_relative_gap_of_1e_10(constants_of):
    """The gap of 1/2 ||W - W*||^2 is told in units of 1/2 ||W*||^2 = 4.5."""
    nothing = np.zeros((5, 5))
    gone = BROKEN["target"][-1]
    for gap, told in ((4.5e-10, {}), (4.6e-10, {gone: 1}), (0.0, {})):
        target = GramTarget(nothing, nothing, norm=3.0, gap=gap, tight=0, forced_zero=0)
        constants = constants_of([BASE], 5, targets=[Targets(None, target, None, np.inf)])
        assert constants.kq_gap[0] == pytest.approx(gap / 4.5, rel=1e-15)
        assert reasons(claim_of("kq.norm.sharp"), constants) == told


def test_the_sharp_direction_asks_for_a_known_regime(constants_of):
    """Floats do not decide how many relations of a gram target are forced to zero."""
    constants = replace(constants_of([BASE], 5), forced_zero=np.array([-1.0]))
    unknown = "the regime is unknown: the target is not exact and has no clear set of multipliers"
    for claim in OF_EVERY_JOB:
        asks = claim.id in {"kq.direction.sharp", "kq.direction.exact"}
        assert (unknown in reasons(claim, constants)) == asks


@pytest.mark.parametrize("broken", ["target", "realizable"])
def test_without_a_target_the_regime_is_not_known(broken, constants_of):
    samples, v, settings, _ = BROKEN[broken]
    assert constants_of([samples], v, *settings).forced_zero.tolist() == [-1]
    assert constants_of([BASE], 5).forced_zero.tolist() == [0]


def test_a_first_stage_of_exactly_the_length_asked_for_is_long_enough(constants_of):
    constants = constants_of([BASE], 5, "train.feed_forward.steps=64")
    for least, holds in ((64.0, True), (64.5, False)):
        asked = long_first_stage(lambda c, least=least: np.array([least]), "some length")
        assert asked.check(constants).tolist() == [holds]


def test_the_sharp_laws_ask_for_logits_at_which_the_optimal_token_is_the_best(constants_of):
    """In 0 4 1 -> 1 the optimal 0 hardly tells 1 from 3, and 4 speaks against 3."""
    logits = np.zeros((1, 5, 5))
    for token in range(5):
        logits[0, (token + 1) % 5, token] = 9.0
    logits[0, 3, 0], logits[0, 3, 4] = 8.9, -50.0
    mixture = "at the logits of the feed-forward layer a mixture of tokens beats the optimal one"
    constants = constants_of([BASE], 5, logits=logits)
    sharp = {"kq.direction.sharp", "kq.norm.sharp", "kq.loss.sharp", "kq.direction.exact"}
    for claim in OF_EVERY_JOB:
        assert (mixture in reasons(claim, constants)) == (claim.id in sharp)


def test_margins_are_equal_at_an_exact_margin_whatever_the_start(constants_of):
    given = constants_of([BASE], 5, "init=gaussian", "train.margin=5")
    assert reasons(claim_of("kq.loss.sharp"), given) == {}
    skewed = constants_of([BASE], 5, "embedding=gaussian", "embedding.dim=9")
    assert reasons(claim_of("kq.loss.sharp"), skewed) == {
        "the margins of the feed-forward layer differ": 1
    }
