"""Every claim's law, constant, start and ceiling on two tiny jobs, from the paper's statements.

No formula of the library is used: the numbers below are those of the corpora, worked out by hand,
and the arithmetic is written anew from the theorems.  In each job V, N, L_max, the norms and the
step sizes are all different, so that no symbol can stand for another one.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.theory import any_corpus_claims, votes
from ntp_dynamics.studies.next_token.theory.claims import CLAIMS
from ntp_dynamics.verdict.terms import at

log, sqrt, exp = np.log, math.sqrt, np.exp
T = np.array([2.0, 7.0, 100.0, 40_000.0])

# Each token x of V is continued by x + 1, the last by 0.
FIVE = [((x,), (x + 1) % 5) for x in range(5)]
SEVEN = [((x,), (x + 1) % 7) for x in range(7)]
# Under 1: 0 > 4, 1.  Under 4: 2 > 3, 4.  Columns (2/3, -1/3, -1/3): ||W*_kq||^2 = 2/3 + 2/3.
FIRST = [*FIVE, ((0, 4, 1), 1), ((2, 2, 3, 4), 3), ((2, 4), 3)]
# Under 6: 0 > 1, 2, 6 and 3 > 1, 6, all alike: 2 * 3/5.  Under 4: 5 > 0, 1, 4: 3/4.  Under 3:
# 3 > 6: 1/2.
SECOND = [*SEVEN, ((0, 1, 2, 6), 1), ((3, 1, 6), 4), ((5, 4, 5, 0, 1, 4), 6), ((6, 3), 4)]
# Under 2: 0 > 1, 2: 2/3.  Under 0: 4 > 0: 1/2.
THIRD = [*SEVEN, ((0, 1, 2), 1), ((4, 0), 5)]

FIRST_JOB = SimpleNamespace(
    runs=[FIRST],
    v=5,
    eta0=0.25,
    eta=0.125,
    steps0=64,
    ov=2.0,  # sqrt(V - 1)
    n=[3],
    length=[4],
    kq_squared=[4 / 3],
)
SECOND_JOB = SimpleNamespace(
    runs=[SECOND, THIRD],
    v=7,
    eta0=0.5,
    eta=0.0625,
    steps0=300,
    ov=sqrt(6),
    n=[4, 2],
    length=[6, 3],
    kq_squared=[6 / 5 + 3 / 4 + 1 / 2, 2 / 3 + 1 / 2],
)
JOBS = pytest.mark.parametrize("job", [FIRST_JOB, SECOND_JOB], ids=["five", "seven"])


def claim_of(name, version=""):
    (found,) = (c for c in CLAIMS if c.id == name and version in (c.version, ""))
    return found


@pytest.fixture
def constants(job, constants_of):
    mass = np.linspace(0.2, 0.9, len(job.runs) * T.size).reshape(len(job.runs), T.size)
    return constants_of(
        job.runs,
        job.v,
        f"train.feed_forward.steps={job.steps0}",
        f"train.feed_forward.step_size={job.eta0}",
        f"train.attention.step_size={job.eta}",
        attention_mass_min=mass,
    )


def log_bound(claim, constants):
    """ln(C f(t)) of each run on the grid; ln f alone where the claim names no constant."""
    constant = at(claim.constant, constants)
    constant = 0.0 if constant is None else np.reshape(constant, (-1, 1))
    return np.broadcast_to(constant + at(claim.law, constants).log_f(T), (constants.n.size, T.size))


def same(found, expected, rtol=1e-12):
    """Equal for every run and step, where one run may stand for all."""
    np.testing.assert_allclose(*np.broadcast_arrays(found, expected), rtol=rtol, atol=1e-12)


def by_run(job, formula):
    """A formula in (N, L_max, ||W*_kq||^2) for each run."""
    runs = zip(job.n, job.length, job.kq_squared, strict=True)
    return np.array([formula(*run) for run in runs])


@JOBS
def test_the_letters_are_those_of_the_corpora(job, constants):
    assert len({job.v, len(job.runs[0]), job.n[0], job.length[0], job.eta, job.eta0}) == 6
    assert constants.vocab_size == job.v
    assert (constants.eta0, constants.eta, constants.steps0) == (job.eta0, job.eta, job.steps0)
    assert constants.n.tolist() == job.n
    assert constants.max_length.tolist() == job.length
    np.testing.assert_allclose(constants.ov_norm, job.ov, rtol=1e-15)
    np.testing.assert_allclose(constants.kq_norm**2, job.kq_squared, rtol=1e-15)


@JOBS
@pytest.mark.parametrize(("version", "c"), [("text", 5), ("appendix", 12)])
def test_proposition_1_direction(job, constants, version, c):
    """1 - cos <= c ||W*_ov||^3 log(2|V|) log t / (t eta0): c = 5 in the text, else 12."""
    claim = claim_of("ov.direction", version)
    expected = c * job.ov**3 * log(2 * job.v) * log(T) / (T * job.eta0)
    same(log_bound(claim, constants), log(expected))


@JOBS
def test_proposition_1_norm_and_loss(job, constants):
    """t eta0 / (2 ||W*_ov||) <= ||W_ov|| <= t eta0;  L0 like exp(-eta0 t / (4 ||W*_ov||))."""
    law = at(claim_of("ov.norm").law, constants)
    assert not law.asymptotic
    same(law.low, job.eta0 / (2 * job.ov))
    same(law.high, job.eta0)
    loss = claim_of("ov.loss")
    assert loss.constant is None
    expected = -job.eta0 * T / (4 * job.ov)
    same(log_bound(loss, constants), expected)


@JOBS
def test_theorem_1(job, constants):
    """1 - cos <= 54 N L_max^4 ||W*_kq||^4 log^2 t / (t eta), and t eta / (2 ||W*_kq||) <= ||W_kq||
    <= t eta, with L_max in the denominator in the appendix."""
    claim = claim_of("kq.direction")
    front = by_run(job, lambda n, length, squared: 54 * n * length**4 * squared**2 / job.eta)
    expected = log(front[:, None] * log(T) ** 2 / T)
    same(log_bound(claim, constants), expected)
    for version, formula in (
        ("text", lambda n, length, squared: job.eta / (2 * sqrt(squared))),
        ("appendix", lambda n, length, squared: job.eta / (2 * length * sqrt(squared))),
    ):
        law = at(claim_of("kq.norm", version).law, constants)
        assert not law.asymptotic
        same(law.low, by_run(job, formula))
        same(law.high, job.eta)


@JOBS
def test_theorem_2_leak(job, constants):
    """phi_+ >= 1 / (1 + L_max e^{-C1 t}), so that phi_- <= 1 / (1 + e^{C1 t} / L_max), with
    C1 = eta / (4 L_max ||W*_kq||^2)."""

    def formula(n, length, squared):
        return -log(1 + exp(T * job.eta / (4 * length * squared)) / length)

    with np.errstate(over="ignore"):
        expected = by_run(job, formula)
    found = log_bound(claim_of("kq.leak"), constants)
    same(found[np.isfinite(expected)], expected[np.isfinite(expected)])
    deep = by_run(job, lambda n, length, squared: log(length) - 5e4 * job.eta / (length * squared))
    law = at(claim_of("kq.leak").law, constants)
    same(law.log_f(np.array([2e5]))[:, 0], deep)


@JOBS
def test_theorem_2_loss(job, constants):
    """L <= |V| exp(-T C0 (1 - 2 L_max / (L_max + exp(C1 t)))), C0 = eta0 / (4 ||W*_ov||^2)."""

    def formula(n, length, squared):
        c0 = job.eta0 / (4 * job.ov**2)
        grown = exp(T * job.eta / (4 * length * squared))
        return log(job.v) - job.steps0 * c0 * (1 - 2 * length / (length + grown))

    with np.errstate(over="ignore"):
        expected = by_run(job, formula)
    same(log_bound(claim_of("loss"), constants), expected)


@JOBS
@pytest.mark.parametrize("name", ["kq.leak", "loss"])
def test_theorem_2_begins_where_its_burn_in_ends(job, constants, name):
    """The first t from which on t >= 1696 N L_max^4 ||W*_kq||^6 log^2 t / eta."""

    def long_enough(t, n, length, squared):
        return t >= 1696 * n * length**4 * squared**3 * log(t) ** 2 / job.eta

    start = at(claim_of(name).t_min, constants)
    for t, *letters in zip(start, job.n, job.length, job.kq_squared, strict=True):
        assert t == math.floor(t)
        assert long_enough(t, *letters)
        assert long_enough(10 * t, *letters)
        assert not long_enough(t - 1, *letters)


@JOBS
def test_corollary_1(job, constants):
    """Delta < every margin < 3 Delta, Delta = T eta0 / (4 ||W*_ov||^2), where
    T >= 384 ||W*_ov||^5 log(2|V|) log T / eta0."""

    def long_enough(t):
        return t >= 384 * job.ov**5 * log(2 * job.v) * log(t) / job.eta0

    delta = job.eta0 / (4 * job.ov**2)
    for version, observable, low, high in (
        ("lower limit", "margin_min", delta, math.inf),
        ("upper limit", "margin_max", 0, 3 * delta),
    ):
        claim = claim_of("ov.margin", version)
        assert claim.observable == observable
        law = at(claim.law, constants)
        same(law.low, low)
        same(law.high, high)
        assert not law.asymptotic
        for start in at(claim.t_min, constants):
            assert start == math.floor(start)
            assert long_enough(start)
            assert long_enough(10 * start)
            assert not long_enough(start - 1)


def test_corollary_1_starts_at_step_2_where_its_condition_always_holds(constants_of):
    """384 log 4 = 532.4 (V = 2, norm 1): at eta0 = 532 no T fails from e on; at 10^5 none does."""
    two = [((0,), 1), ((1,), 0), ((0, 1), 1)]
    for eta0, start in ((1e5, 2), (0.5, 9783)):
        constants = constants_of([two], 2, f"train.feed_forward.step_size={eta0}")
        found = {float(at(c.t_min, constants)[0]) for c in CLAIMS if c.id == "ov.margin"}
        assert found == {start}
    assert 384 * log(4) * log(9783) / 0.5 <= 9783
    assert 384 * log(4) * log(9782) / 0.5 > 9782


def test_theorem_2_asks_for_a_first_stage_of_384_norm_5_log_2v_log_t(constants_of):
    """T >= 384 ||W*_ov||^5 log(2|V|) log T / eta0, with ||W*_ov|| = 2 and |V| = 5: the least such T
    is 1,618,057 at eta0 = 1/4."""
    least = 1_618_057
    assert 384 * 32 * log(10) * log(least) / 0.25 <= least
    assert 384 * 32 * log(10) * log(least - 1) / 0.25 > least - 1
    for steps, holds in ((least, True), (least - 1, False)):
        constants = constants_of(
            [FIRST],
            5,
            f"train.feed_forward.steps={steps}",
            "train.feed_forward.step_size=0.25",
            "train.attention.step_size=0.125",
        )
        met = [np.all(p.check(constants)) for p in claim_of("loss").preconditions]
        assert all(met) == holds


@JOBS
def test_theorem_3_and_lemmas(job, constants):
    """Linear separation with an unnamed factor; phi_+ of no sentence falls in any step: its least
    growth is at least 1; cos >= min phi_+ / (2 norm)."""
    extension = at(claim_of("order.extension").law, constants)
    assert (extension.low, extension.asymptotic) == (None, False)
    assert np.isinf(extension.high)
    assert not log_bound(claim_of("kq.attention_monotone"), constants).any()
    mass = constants.observed["attention_mass_min"]
    floor = by_run(job, lambda n, length, squared: 1 / (2 * sqrt(squared)))
    expected = log(mass * floor[:, None])
    same(log_bound(claim_of("kq.alignment"), constants), expected)


@JOBS
def test_the_first_stage_in_closed_form(job, constants):
    """1 - cos = 0, ||W_ov|| = eta0 t, L0 = |V| log(1 + (|V|-1) e^{-eta0 t / ||W*_ov||})."""
    assert np.isneginf(log_bound(claim_of("ov.exact.direction"), constants)).all()
    same(log_bound(claim_of("ov.exact.norm"), constants), log(job.eta0 * T))
    found = log_bound(claim_of("ov.exact.loss"), constants)
    odds = (job.v - 1) * exp(-job.eta0 * T[:3] / job.ov)
    same(found[:, :3], log(job.v * np.log1p(odds)))
    same(found[:, 3], log(job.v * (job.v - 1)) - job.eta0 * 40_000 / job.ov)  # log1p x = x


@pytest.mark.parametrize("folded", [False, True])
def test_the_first_stage_counts_the_tokens_that_have_a_continuation(folded, constants_of):
    """Of six tokens four have one: ||W*_ov||^2 = 4 (1 - 1/6), L0 = 4 log(1 + 5 e^-Delta), also
    where the two others stand together."""
    samples = [((0,), 1), ((1,), 2), ((2,), 3), ((3,), 0), ((0, 2), 1)]
    settings = "train.feed_forward.step_size=0.2"
    constants = constants_of([samples], 6, settings, folded=folded)
    assert constants.vocab_size == 6
    delta = 0.2 * T[:3] / sqrt(4 * 5 / 6)
    found = log_bound(claim_of("ov.exact.loss"), constants)[0, :3]
    same(found, log(4 * np.log1p(5 * exp(-delta))))


@JOBS
def test_the_sharp_laws(job, constants):
    """1 - cos ~ t^-2, ||W_kq|| = eta t, L - L_min ~ exp(-eta t / ||W*_kq||), each from a path of
    20 ||W*_kq|| on."""
    names = ("kq.direction.sharp", "kq.norm.sharp", "kq.loss.sharp")
    start = by_run(job, lambda n, length, squared: math.ceil(20 * sqrt(squared) / job.eta))
    for name in names:
        assert at(claim_of(name).t_min, constants).tolist() == start.tolist()
        assert claim_of(name).constant is None
    same(log_bound(claim_of("kq.direction.sharp"), constants), -2 * log(T))
    norm = at(claim_of("kq.norm.sharp").law, constants)
    assert norm.asymptotic
    assert norm.low == norm.high == job.eta
    expected = by_run(job, lambda n, length, squared: -job.eta * T / sqrt(squared))
    same(log_bound(claim_of("kq.loss.sharp"), constants), expected)


def test_the_step_size_below_which_the_sharp_laws_hold(constants_of):
    """eta_c = 2 / (||W*|| lambda_max(Cov z)).  In the first corpus the four relations, two under
    each of two queries, carry equal multipliers; z z' is 2, 1 under one query and 0 under two, so
    that Cov z has the eigenvalues 3/4 and 1/4: eta_c = 2 / (sqrt(4/3) 3/4) = 4 / sqrt(3)."""
    constants = constants_of([FIRST], 5)
    same(constants.eta_c, 4 / sqrt(3))
    same(constants.eta_c_at_most, 4 / sqrt(3))


def test_a_forced_zero_relation_slows_the_direction_to_log_squared(constants_of):
    """(a c q) -> n(a) and (b q) -> n(b): column 1/2 on a and b, -1/2 on c and q.  All that a can
    send goes to c, all that q takes comes from b; a > q is tight and carries nothing."""
    forced = [*FIVE, ((0, 2, 4), 1), ((1, 4), 2)]
    law = at(claim_of("kq.direction.sharp").law, constants_of([forced, FIRST], 5))
    same(law.log_f(T), [log((log(T) / T) ** 2), log(T**-2)])


def test_how_exact_the_closed_forms_are_asked_to_be():
    assert claim_of("ov.exact.direction").law.tolerance == 1e-9
    assert at(claim_of("ov.exact.norm").law, SimpleNamespace(eta0=1.0)).tolerance == 1e-12
    closed = SimpleNamespace(vocab_size=2, eta0=1.0, ov_norm=np.ones(1), known=np.ones(1))
    assert at(claim_of("ov.exact.loss").law, closed).tolerance == 1e-9


STAGE_1, STAGE_2 = "feed_forward", "attention"


@pytest.mark.parametrize(
    ("name", "stage", "observable", "start", "ceiling", "kind"),
    [
        ("ov.direction", STAGE_1, "direction_gap_ov", 2, 2, "proved"),
        ("ov.norm", STAGE_1, "norm_ov", 2, None, "proved"),
        ("ov.loss", STAGE_1, "log_loss", None, None, "proved"),
        ("kq.direction", STAGE_2, "direction_gap_kq", 2, 2, "proved"),
        ("kq.norm", STAGE_2, "norm_kq", 2, None, "proved"),
        ("kq.leak", STAGE_2, "log_leak", None, 1, "proved"),
        ("loss", STAGE_2, "log_loss", None, None, "proved"),
        ("order.extension", STAGE_2, "order_extension_margin", 2, None, "proved"),
        ("kq.attention_monotone", STAGE_2, "log_attention_growth", 1, None, "proved"),
        ("kq.alignment", STAGE_2, "gradient_alignment_kq", 1, None, "proved"),
        ("ov.exact.direction", STAGE_1, "direction_gap_ov", 1, None, "derived"),
        ("ov.exact.norm", STAGE_1, "norm_ov", 1, None, "derived"),
        ("ov.exact.loss", STAGE_1, "log_loss", 1, None, "derived"),
        ("kq.direction.sharp", STAGE_2, "direction_gap_kq", None, None, "derived"),
        ("kq.norm.sharp", STAGE_2, "norm_kq", None, None, "derived"),
        ("kq.loss.sharp", STAGE_2, "log_excess_loss", None, None, "derived"),
        ("kq.direction.exact", STAGE_2, "direction_gap_kq", None, None, "derived"),
    ],
)
def test_where_each_claim_is_read(name, stage, observable, start, ceiling, kind):
    """A start of None is a function of the constants, tested above; a claim without one starts with
    the first step."""
    for claim in (c for c in CLAIMS if c.id == name):
        assert (claim.stage, claim.observable) == (stage, observable)
        assert (claim.t_min or 1) == start if start is not None else callable(claim.t_min)
        assert (claim.ceiling, claim.kind) == (ceiling, kind)


def test_which_claims_name_a_constant_are_lower_bounds_tight_or_in_two_versions():
    others = (*any_corpus_claims.CLAIMS, *votes.CLAIMS)
    mine = [claim for claim in CLAIMS if claim not in others]

    def ids(chosen):
        return {claim.id for claim in mine if chosen(claim)}

    lemmas = {"kq.alignment", "kq.attention_monotone"}
    named = {"ov.direction", "kq.direction", "kq.leak", "loss", *lemmas}
    assert ids(lambda claim: claim.constant is not None) == named
    assert ids(lambda claim: claim.side == "lower") == lemmas
    assert ids(lambda claim: claim.tight) == {
        "kq.direction.sharp",
        "kq.norm.sharp",
        "kq.loss.sharp",
        "kq.direction.exact",
        "adam.speed",
    }
    several = ids(lambda claim: sum(other.id == claim.id for other in mine) == 2)
    assert several == {"ov.direction", "ov.margin", "kq.norm"}
