"""Verdicts: label order, sentences, JSON."""

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict
from ntp_dynamics.verdict.wording import kept_of, uncovered
from tests.verdict.curves import STEPS, runs

LOG_LAW = Law.power(1, 1)


@pytest.mark.parametrize("rate", ["none", "consistent", "inconclusive", "contradicted"])
@pytest.mark.parametrize("tightness", ["none", "tight", "faster", "slower", "unresolved"])
def test_the_label_is_the_first_of_the_stated_order(rate, tightness):
    gates = ["inapplicable", "invalid", "insufficient", "ok"]
    for gate, bound in product(gates, ["violated", "holds_vacuous", "holds", "open", "none"]):
        label = Verdict(gate, bound=bound, rate=rate, tightness=tightness).label
        if gate in ("inapplicable", "invalid"):
            expected = {"inapplicable": "does not apply", "invalid": "invalid"}[gate]
        elif bound == "violated" or rate == "contradicted":
            expected = "contradicted"
        elif bound == "holds_vacuous":
            expected = "vacuous"
        elif tightness in ("faster", "tight"):
            expected = tightness
        elif bound == "holds" or rate == "consistent":
            expected = "holds"
        else:
            expected = "inconclusive"
        assert label == expected


words = st.text(max_size=20)
reals = st.floats(allow_nan=True, allow_infinity=True)
steps = st.integers(1, 10**15)


@settings(max_examples=150, deadline=None)
@given(
    verdict=st.builds(
        Verdict,
        gate=st.sampled_from(["ok", "invalid", "inapplicable", "insufficient"]),
        reason=words,
        bound=st.sampled_from(["holds", "holds_vacuous", "violated", "open", "none"]),
        rate=st.sampled_from(["consistent", "contradicted", "inconclusive", "none"]),
        form=st.sampled_from(["power", "exponential", "equals", "monotone"]),
        exponent=reals,
        interval=st.tuples(reals, reals),
        slack=reals,
        sup_growth=reals,
        sup_constant=reals,
        vacuity=reals,
        resolvable=reals,
        p_contradicted=reals,
        worst=st.none() | st.tuples(st.integers(0, 100), steps),
        window=st.none() | st.tuples(steps, steps),
        sup_step=st.none() | steps,
        excluded=st.lists(st.tuples(words, steps), max_size=3).map(tuple),
        possible=st.just(((1.0, 0), (2.0, 1))),
        descriptive=st.booleans(),
        outcomes=st.just(("kept", "broken", "contradicted", "undecided", "invalid", "left out")),
        run_exponents=st.tuples(reals, reals, reals, reals, reals, reals),
        run_drifts=st.tuples(reals, reals, reals, reals, reals, reals),
        run_slacks=st.tuples(reals, reals, reals, reals, reals, reals),
        joint=st.booleans(),
        decides_at=st.none() | steps,
    )
)
def test_a_verdict_survives_finite_json(verdict):
    text = json.dumps(verdict.to_json(), allow_nan=False)
    back = Verdict.from_json(json.loads(text))
    assert repr(back) == repr(verdict)
    assert back.sentence == verdict.sentence


def test_json_says_which_number_was_not_finite():
    record = judge(STEPS, np.full((5, STEPS.size), -np.inf), LOG_LAW, log_constant=0.0).to_json()
    assert record["slack"] is None
    assert record["not_finite"]["slack"] == "inf"
    assert record["not_finite"]["interval.0"] == "nan"
    assert record["label"] == "holds"


def test_the_sentence_names_horizon_numbers_and_runs():
    sentence = judge(STEPS, runs(-2 * np.log(STEPS)), LOG_LAW, log_constant=3.0, t_min=2).sentence
    for part in (
        "Faster to step 10,000",
        "factor",
        "log t / t",
        "exponent 2.1",
        "kept by all 6 runs",
        "at most 39 % of such runs would not keep it (95 %)",
    ):
        assert part in sentence


@pytest.mark.parametrize(
    ("outcomes", "about", "kept", "out"),
    [
        (["kept"] * 7 + ["broken"], "run", "7 of 8", ""),
        (["kept"] * 3 + ["left out"] * 5, "run", "3 of 3", "5 of 8 runs not covered"),
        (["kept"] * 40 + ["left out"], "ensemble", "40 as one", "1 of 41 runs not covered"),
        (["left out"] * 8, "run", "", ""),
    ],
)
def test_a_table_tells_how_many_runs_keep_a_claim_and_how_many_it_does_not_cover(
    outcomes: list[str], about: str, kept: str, out: str
) -> None:
    assert (kept_of(outcomes, about), uncovered(outcomes)) == (kept, out)
