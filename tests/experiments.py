"""What is asked of the experiments of a companion study, `conf/experiment/<study>/*.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

import ntp_dynamics as ntp
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.run.inputs import check_inputs

PLAIN = ("tracking=none", "figures=none")


def named(study: str) -> list[str]:
    """The names of its experiments."""
    return sorted(path.stem for path in (config_dir() / "experiment" / study).glob("*.yaml"))


def check_text(study: str, name: str) -> None:
    """It begins with its command, names itself, and says beforehand what is expected."""
    text = (config_dir() / "experiment" / study / f"{name}.yaml").read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment={study}/{name}"]) else ""
    assert command == f"# ntp-train {multirun}experiment={study}/{name}"
    assert yaml.safe_load(text)["name"] == f"{study}_{name}"
    if name != "smoke":
        places = [text.index(f"# {part}: ") for part in ("Question", "Theory", "Expected")]
        assert places == sorted(places)


def check_jobs(study: str, name: str, small: Sequence[str], place: Path) -> ntp.Record:
    """All its jobs compose and pass their checks; the first runs, with these overrides."""
    overrides = [f"experiment={study}/{name}"]
    jobs, composer = list(expand([*declared_sweep(overrides), *overrides])), Composer()
    configs = [composer.config(job) for job in jobs]
    for config in configs:
        check_inputs(config)
    few = [] if configs[0].runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *PLAIN, *small], place / name)
    assert record.status["state"] == "done"
    assert {v["stage"] for v in record.verdicts} <= set(record.phases)
    return record
