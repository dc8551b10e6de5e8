"""Experiments of the study say what they ask, and all their jobs can be run."""

from pathlib import Path

import pytest

from tests.experiments import check_jobs, check_text, named

NAMES = named("attractor")
SMALL = (
    *("critical.duration=1", "sweep.duration=1", "path.duration=2", "cue.duration=2"),
    *("diffusion.window=1", "diffusion.duration=4", "diffusion.walkers=2", "disorder.duration=1"),
    "pinning.iterations=5",
)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(name: str) -> None:
    check_text("attractor", name)


@pytest.mark.parametrize("name", NAMES)
def test_every_job_of_an_experiment_composes_and_its_first_runs_when_small(
    name: str, tmp_path: Path
) -> None:
    record = check_jobs("attractor", name, SMALL, tmp_path)
    assert "contradicted" not in {v["label"] for v in record.verdicts}
