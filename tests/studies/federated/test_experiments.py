"""Experiments of the study say what they ask, and all their jobs can be run."""

from pathlib import Path

import pytest

from tests.experiments import check_jobs, check_text, named

NAMES = named("federated")
SMALL = (
    *("clients=3", "samples=6", "dim=3", "participants=1"),
    *("test_samples=2", "rounds=20", "estimator.draws=5", "copies.rounds=5", "copies.samples=[4]"),
    *("copies.replaced=2", "copies.clients=2", "copies.draws=1", "limit.local_steps=[1,2]"),
    *("budget.queries=200", "budget.participants=[1]", "budget.local_steps=[1]"),
)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(name: str) -> None:
    check_text("federated", name)


@pytest.mark.parametrize("name", NAMES)
def test_every_job_of_an_experiment_composes_and_its_first_runs_when_small(
    name: str, tmp_path: Path
) -> None:
    record = check_jobs("federated", name, SMALL, tmp_path)
    assert "contradicted" not in {v["label"] for v in record.verdicts}
