"""Beyond the hypotheses: what runs show that a claim does not cover, which is never a verdict."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.record.outcome import labels
from ntp_dynamics.verdict.claim import UNRATED, Claim, Precondition
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.multiplicity import adjust
from ntp_dynamics.verdict.verdict import Verdict
from tests.verdict.curves import STEPS

NEVER = (Precondition("the rule", lambda c: False, "the rule is another"),)
NOT_COVERED = {"preconditions": NEVER}
LOG_T = np.log(STEPS)


def claim(law: Law, **more: object) -> Claim:
    fields = {"constant": None, **NOT_COVERED, **more}
    return Claim("a", "a claim", "a source", "text", "stage", "y", law, **fields)  # type: ignore[arg-type]


def powers(*exponents: float) -> np.ndarray:
    """Runs t^-p."""
    return -np.array(exponents)[:, None] * LOG_T


def judged(law: Law, log_y: np.ndarray, **more: object) -> Verdict:
    return claim(law, **more).judge(STEPS, log_y)


def test_a_power_is_told_with_its_interval_and_whether_its_bound_is_kept() -> None:
    found = judged(Law.power(1), powers(1.01, 1.02, 1.03) - 0.1, constant=0.0)
    seen = found.observed
    assert seen is not None
    assert (seen.word, seen.runs, seen.bound, seen.rate) == ("kept", 3, "kept", "kept")
    assert seen.exponent == pytest.approx(1.02, abs=1e-9)
    assert seen.interval[0] < 1.02 < seen.interval[1]
    assert found.beyond.startswith("bound kept by all 3; rate kept: t^-1.02 (1.01 to 1.03) against")


def test_a_bound_is_told_from_the_first_recorded_step_that_breaks_it() -> None:
    """y = 1/t up to step 224, then 1/t^(1/2): the later it is, the farther off."""
    break_at = int(STEPS[np.searchsorted(STEPS, 224)])
    log_y = np.where(break_at > STEPS, -LOG_T, -LOG_T / 2)[None]
    found = judged(Law.power(1), log_y, constant=0.0)
    seen = found.observed
    assert seen is not None
    assert (seen.broken, seen.broken_from, seen.broken_to) == (1, break_at, STEPS[-1])
    assert found.beyond.startswith(f"bound broken from step {break_at} on; rate ")
    assert seen.word == "not kept"


def test_a_bound_that_is_broken_for_a_while_says_until_when() -> None:
    log_y = -LOG_T - 1
    log_y[(STEPS >= 5) & (STEPS <= 9)] += 2
    both = judged(Law.power(1), log_y, constant=0.0).beyond
    assert both.startswith("bound broken from step 5 to 9; ")
    log_y[(STEPS > 5) & (STEPS <= 9)] -= 2
    assert judged(Law.power(1), log_y, constant=0.0).beyond.startswith("bound broken at step 5; ")


def test_a_rate_that_is_not_kept_says_by_how_many_runs() -> None:
    found = judged(Law.power(1, 1), powers(1.2, 1.3, 0.2))
    assert "rate not kept by 1 of 3: t^-" in found.beyond
    assert found.observed is not None
    assert (found.observed.rate, found.observed.failing) == ("not kept", 1)
    assert " log t (" in found.beyond


def test_each_form_is_told_in_its_own_words() -> None:
    t = STEPS.astype(float)
    rising = np.log(3 * t)[None]
    cases = {
        "t^1 (1 to 1) against a t <= y": (Law.linear_growth(None, math.inf), rising),
        "decay rate 0.02 (": (Law.exponential(0.01), -0.02 * t[None]),
        "final slope 3 (": (Law.linear_growth(3, 3, asymptotic=True), rising),
        "value met": (Law.equals(lambda t: np.log(3 * t)), rising),
        "value not met from step 1 on": (Law.equals(0.0), rising),
        "bound kept": (Law.monotone(+1), rising),
    }
    for words, (law, log_y) in cases.items():
        assert words in judged(law, log_y).beyond


def test_what_is_observed_is_measured_as_a_verdict_would_be() -> None:
    """Without its hypotheses the claim covers the runs, and the numbers are the same."""
    log_y = powers(0.9, 1.0, 1.2, 1.1, 1.3)
    covered = replace(claim(Law.power(1, 2), constant=3.0), preconditions=()).judge(STEPS, log_y)
    seen = judged(Law.power(1, 2), log_y, constant=3.0).observed
    assert seen is not None
    assert covered.observed is None
    assert (seen.exponent, seen.interval) == (covered.exponent, covered.interval)
    assert (seen.window, seen.law) == (covered.window, covered.law)
    assert (covered.bound, covered.rate) == ("holds", "consistent")


def test_it_is_never_counted_as_a_verdict() -> None:
    found = judged(Law.power(1), powers(0.1, 0.1), constant=0.0)
    assert found.observed is not None
    assert found.observed.word == "not kept"
    assert (found.label, found.gate, found.bound, found.rate) == (
        "does not apply",
        "inapplicable",
        "none",
        "none",
    )
    assert (found.counts, found.failing) == ({"left out": 2}, [])
    assert math.isnan(found.p_contradicted)
    assert not adjust([found]).contradicted.any()
    told = labels([{"id": "a", **found.to_json()}])
    assert told["labels"] == {"a": "does not apply"}
    assert told["runs"] == {"a": {"kept": 0, "judged": 0, "failing": []}}
    assert told["p_contradicted"] == {}
    assert told["observed"]["a"] == {"word": "not kept", "said": found.beyond}


def test_json_holds_it_where_there_is_something_and_gives_it_back() -> None:
    found = judged(Law.power(1), powers(0.5), constant=0.0)
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert repr(Verdict.from_json(record)) == repr(found)
    covered = claim(Law.power(1), preconditions=()).judge(STEPS, powers(1.0)).to_json()
    assert "observed" not in covered
    assert covered["beyond"] == ""
    assert not [name for name in covered["not_finite"] if name.startswith("observed")]


def test_an_observable_that_never_has_a_value_shows_nothing() -> None:
    found = judged(Law.power(1), np.full((2, STEPS.size), np.nan))
    assert (found.observed, found.beyond) == (None, "")


def test_runs_that_overflow_show_when() -> None:
    log_y = powers(1.0, 1.0)
    log_y[:, -3:] = np.inf
    found = judged(Law.power(1), log_y)
    assert found.observed is not None
    assert found.observed.word == "undecided"
    assert found.beyond == f"2 of 2 runs are not finite, first at step {int(STEPS[-3]):,}"


def test_a_law_that_cannot_be_filled_in_shows_nothing_and_hides_no_other() -> None:
    found = judged(Law.power(1), powers(1.0), constant=math.nan)
    assert (found.label, found.observed) == ("does not apply", None)


def test_a_claim_that_starts_beyond_the_horizon_shows_nothing_and_one_cut_short_says_why() -> None:
    late = judged(Law.power(1), powers(1.0), t_min=1e12)
    assert (late.observed, late.beyond) == (None, "")
    short = judged(Law.power(1), powers(1.0), t_min=5e3)
    assert short.beyond.startswith("0.30 decades and ")
    assert short.observed is not None
    assert short.observed.word == "undecided"


def test_of_two_versions_the_worse_is_told() -> None:
    kept = judged(Law.power(1), powers(1.0), constant=1.0).to_json()
    broken = judged(Law.power(1), powers(1.0), constant=-1.0).to_json()
    for order in ([kept, broken], [broken, kept]):
        told = labels([{"id": "a", **record} for record in order])
        assert told["observed"]["a"]["said"].startswith("bound broken")


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0])
def test_a_limit_without_a_rate_is_told_by_its_power_and_neither_kept_nor_not(power: float) -> None:
    """A constant keeps such a claim at every horizon."""
    found = judged(Law.power(0), powers(power, power), preconditions=(UNRATED,))
    assert found.label == "does not apply"
    assert found.observed is not None
    assert (found.observed.word, found.observed.rate) == ("undecided", "none")
    assert found.beyond == f"measured t^{0 - power:.4g} ({0 - power:.4g} to {0 - power:.4g})"
    assert "kept" not in found.sentence


def test_an_equality_in_the_limit_that_is_not_met_may_still_be() -> None:
    late = np.log1p(np.maximum(STEPS / 100, 1) ** -1.0)
    law = Law.limit(0.0, 0.01, constant=1.0)
    found = judged(law, np.stack([late, 0 * late]), t_min=100)
    assert found.observed is not None
    assert (found.observed.word, found.observed.bound) == ("undecided", "undecided")
    assert found.beyond == "value not met, as a transient or noise may do"
