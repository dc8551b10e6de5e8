"""Experiments of the study say what they ask, and all their jobs can be run."""

from pathlib import Path

import pytest

from tests.experiments import check_jobs, check_text, named

NAMES = named("score_matching")
SMALL = (
    *("train.steps=20", "averaged.steps=20", "hooks.scalars=ends", "flow.path_length=10"),
    *("map={distances:[3.0],log10_spreads:[-3.0],path_length:2.0}", "batches.batches=2"),
    *("collapse={distances:[3.0,4.0],amplified:[2.0]}", "expectation.batch=50"),
)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(name: str) -> None:
    check_text("score_matching", name)


@pytest.mark.parametrize("name", NAMES)
def test_every_job_of_an_experiment_composes_and_its_first_runs_when_small(
    name: str, tmp_path: Path
) -> None:
    check_jobs("score_matching", name, SMALL, tmp_path)
