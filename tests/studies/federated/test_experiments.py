"""Experiments of the study compose, and their first jobs run at smoke size."""

from pathlib import Path

import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.studies import find

FILES = sorted((config_dir() / "experiment" / "federated").glob("*.yaml"))
NAMES = [path.stem for path in FILES]
SMOKE = [
    *("tracking=none", "figures=none", "clients=3", "samples=6", "dim=3", "participants=1"),
    *("test_samples=2", "rounds=20", "estimator.draws=5", "copies.rounds=5", "copies.samples=[4]"),
    *("copies.replaced=2", "copies.clients=2", "copies.draws=1", "limit.local_steps=[1,2]"),
    *("budget.queries=200", "budget.participants=[1]", "budget.local_steps=[1]"),
]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(path: Path) -> None:
    text = path.read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment=federated/{path.stem}"]) else ""
    assert command == f"# ntp-train {multirun}experiment=federated/{path.stem}"
    assert yaml.safe_load(text)["name"] == f"federated_{path.stem}"
    if path.stem != "smoke":
        places = [text.index(f"# {part}: ") for part in ("Question", "Theory", "Expected")]
        assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_an_experiment_compose_and_its_first_job_runs_at_smoke_size(
    name: str, tmp_path: Path
) -> None:
    overrides = [f"experiment=federated/{name}"]
    jobs = list(expand([*declared_sweep(overrides), *overrides]))
    study = find("federated")
    for job in (jobs[0], jobs[-1]):
        assert study.check(read_config(compose_job([*job, "tracking=none"]))) == []
    few = [] if read_config(compose_job(jobs[0])).runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *SMOKE], tmp_path / name)
    assert record.status["state"] == "done"
    assert {v["stage"] for v in record.verdicts} <= set(record.phases)
    assert "contradicted" not in {v["label"] for v in record.verdicts}
