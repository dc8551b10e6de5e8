"""Every experiment of the study composes, and its first job runs at smoke size."""

from pathlib import Path

import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.run.inputs import check_inputs

FILES = sorted((config_dir() / "experiment" / "knowledge_gradient").glob("*.yaml"))
NAMES = [path.stem for path in FILES]
SMOKE = [
    *("tracking=none", "figures=none", "budget=100", "fluid_budget=200"),
    *("hooks.scalars=ends", "hooks.arrays=ends"),
]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(path: Path) -> None:
    text = path.read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment=knowledge_gradient/{path.stem}"]) else ""
    assert command == f"# ntp-train {multirun}experiment=knowledge_gradient/{path.stem}"
    assert yaml.safe_load(text)["name"] == f"knowledge_gradient_{path.stem}"
    if path.stem != "smoke":
        places = [text.index(f"# {part}: ") for part in ("Question", "Theory", "Expected")]
        assert places == sorted(places)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "smoke"])
def test_an_experiment_composes_and_its_first_job_runs_at_smoke_size(
    name: str, tmp_path: Path
) -> None:
    overrides = [f"experiment=knowledge_gradient/{name}"]
    jobs = list(expand([*declared_sweep(overrides), *overrides]))
    for job in {tuple(jobs[0]), tuple(jobs[-1])}:
        check_inputs(read_config(compose_job(list(job))))
    few = [] if read_config(compose_job(jobs[0])).runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *SMOKE], tmp_path / name)
    assert record.status["state"] == "done"
    assert {v["stage"] for v in record.verdicts} <= set(record.phases)
    assert "invalid" not in {v["label"] for v in record.verdicts}
