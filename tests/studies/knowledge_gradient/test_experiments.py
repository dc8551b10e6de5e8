"""Experiments of the study say what they ask, and all their jobs can be run."""

from pathlib import Path

import pytest

from tests.experiments import check_jobs, check_text, named

NAMES = named("knowledge_gradient")
SMALL = (*("budget=100", "fluid_budget=200", "hooks.scalars=ends", "hooks.arrays=ends"),)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(name: str) -> None:
    check_text("knowledge_gradient", name)


@pytest.mark.parametrize("name", NAMES)
def test_every_job_of_an_experiment_composes_and_its_first_runs_when_small(
    name: str, tmp_path: Path
) -> None:
    record = check_jobs("knowledge_gradient", name, SMALL, tmp_path)
    assert "invalid" not in {v["label"] for v in record.verdicts}
