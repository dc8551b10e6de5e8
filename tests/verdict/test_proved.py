"""What is proved of later steps, beside what a record shows."""

from __future__ import annotations

import pytest

from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.proved import since_of, with_proof
from ntp_dynamics.verdict.verdict import Verdict

SHORT = Verdict(
    gate="insufficient",
    reason="0.6 decades; a rate needs 2",
    outcomes=("undecided", "left out", "undecided"),
    runs_given=3,
    runs_judged=2,
    horizon=900,
)


def test_runs_that_are_proved_are_kept_and_the_verdict_says_since_when() -> None:
    found = with_proof(SHORT, (68, 5, 100))
    assert found.outcomes == ("kept", "left out", "kept")
    assert found.proved == (68, None, 100)
    assert found.label is Label.holds
    assert found.summary == "0.6 decades; a rate needs 2; proved from step 100 on"
    assert "proved from step 100 on" in found.sentence
    assert Verdict.from_json(found.to_json()) == found


def test_of_some_runs_it_is_told_of_how_many() -> None:
    found = with_proof(SHORT, (None, 5, 1234))
    assert found.outcomes == ("undecided", "left out", "kept")
    assert found.label is Label.inconclusive
    assert "proved from step 1,234 on of 1 of 2 runs" in found.summary


@pytest.mark.parametrize("steps", [(), (None, None, None), (None, 5, None)])
def test_without_a_proof_of_a_judged_run_nothing_changes(steps: tuple[int | None, ...]) -> None:
    assert with_proof(SHORT, steps) is SHORT
    assert "proved" not in SHORT.to_json()


def test_a_run_that_fails_at_a_recorded_step_fails_whatever_is_proved() -> None:
    broken = Verdict(gate="ok", bound="violated", outcomes=("broken",), run_slacks=(-1.0,))
    found = with_proof(broken, (3,))
    assert found.outcomes == ("broken",)
    assert found.label is Label.contradicted
    contradicted = Verdict(gate="ok", rate="contradicted", outcomes=("contradicted",))
    assert with_proof(contradicted, (3,)).label is Label.contradicted


def test_runs_that_are_one_sample_have_no_proof_of_their_own() -> None:
    ensemble = Verdict(gate="ok", about="ensemble", outcomes=("undecided",) * 2)
    assert with_proof(ensemble, (3, 3)) is ensemble


def test_a_file_is_read_as_far_as_the_lab_knows_it() -> None:
    assert since_of({"claims": {"a": [3, None]}, "runs": "anything"}, 2) == {"a": [3, None]}
    with pytest.raises(ValueError, match="a: 1 steps for 2 runs"):
        since_of({"claims": {"a": [3]}}, 2)
    with pytest.raises(KeyError):
        since_of({}, 2)
