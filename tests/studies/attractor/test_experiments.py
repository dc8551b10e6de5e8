"""Every experiment of the study composes, and its first job runs at smoke size."""

from pathlib import Path

import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.run.inputs import check_inputs

FILES = sorted((config_dir() / "experiment" / "attractor").glob("*.yaml"))
NAMES = [path.stem for path in FILES]
SMOKE = [
    "tracking=none",
    "figures=none",
    "critical.duration=1",
    "sweep.duration=1",
    "path.duration=2",
    "cue.duration=2",
    "diffusion.window=1",
    "diffusion.duration=4",
    "diffusion.walkers=2",
    "disorder.duration=1",
    "pinning.iterations=5",
]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_an_experiment_begins_with_its_command_and_says_what_is_expected(path: Path) -> None:
    text = path.read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment=attractor/{path.stem}"]) else ""
    assert command == f"# ntp-train {multirun}experiment=attractor/{path.stem}"
    assert yaml.safe_load(text)["name"] == f"attractor_{path.stem}"
    if path.stem != "smoke":
        places = [text.index(f"# {part}: ") for part in ("Question", "Theory", "Expected")]
        assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
def test_every_job_of_an_experiment_composes_and_its_first_runs_at_smoke_size(
    name: str, tmp_path: Path
) -> None:
    overrides = [f"experiment=attractor/{name}"]
    jobs, composer = list(expand([*declared_sweep(overrides), *overrides])), Composer()
    configs = [composer.config(job) for job in jobs]
    for config in configs:
        check_inputs(config)
    few = [] if configs[0].runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *SMOKE], tmp_path / name)
    assert record.status["state"] == "done"
    assert {v["stage"] for v in record.verdicts} <= set(record.phases)
    assert "contradicted" not in {v["label"] for v in record.verdicts}
