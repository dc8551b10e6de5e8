"""Every experiment of the study composes, and its first job runs at smoke size."""

from pathlib import Path

import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.run.inputs import check_inputs

FILES = sorted((config_dir() / "experiment" / "score_matching").glob("*.yaml"))
NAMES = [path.stem for path in FILES]
SMOKE = (
    *("tracking=none", "figures=none", "train.steps=20", "averaged.steps=20", "hooks.scalars=ends"),
    *("flow.path_length=10", "map={distances:[3.0],log10_spreads:[-3.0],path_length:2.0}"),
    *(
        "collapse={distances:[3.0,4.0],amplified:[2.0]}",
        "batches.batches=2",
        "expectation.batch=50",
    ),
)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(path: Path) -> None:
    text = path.read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment=score_matching/{path.stem}"]) else ""
    assert command == f"# ntp-train {multirun}experiment=score_matching/{path.stem}"
    assert yaml.safe_load(text)["name"] == f"score_matching_{path.stem}"
    if path.stem != "smoke":
        places = [text.index(f"# {part}: ") for part in ("Question", "Theory", "Expected")]
        assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
def test_the_jobs_of_an_experiment_compose_and_its_first_runs_at_smoke_size(
    name: str, tmp_path: Path
) -> None:
    overrides = [f"experiment=score_matching/{name}"]
    jobs = list(expand([*declared_sweep(overrides), *overrides]))
    for job in (jobs[0], jobs[-1]):
        check_inputs(read_config(compose_job(job)))
    few = [] if read_config(compose_job(jobs[0])).runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *SMOKE], tmp_path / name)
    assert record.status["state"] == "done"
    assert {v["stage"] for v in record.verdicts} <= set(record.phases)
