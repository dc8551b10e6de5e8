"""Launchers that train elsewhere: the record bytes of packed, and what goes on goes on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from tests.small_jobs import Command

SWEEP = ("-m", "seed=0,1")
RECORD = ("trajectory.nc", "verdicts.json", "config.yaml", "corpora/000.jsonl")
LAUNCHERS = {
    "workers": (["hydra.launcher.workers=2"], "hydra"),
    "debug": (["hydra/launcher=slurm", "hydra.launcher.cluster=debug"], "submitit"),
    "local": (["hydra/launcher=slurm", "hydra.launcher.cluster=local"], "submitit"),
    "joblib": (["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], "hydra_joblib_launcher"),
    "ray": (["hydra/launcher=packed_ray", "hydra.launcher.num_cpus=1"], "ray"),
}
"""What chooses each, and the package it needs."""


def there(package: str) -> bool:
    spec = find_spec(f"hydra_plugins.{package}") if "launcher" in package else find_spec(package)
    return spec is not None and spec.origin is not None


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_launcher_leaves_the_bytes_of_packed_and_goes_on_with_what_was_cut_short(
    launcher: str, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Job 0 is sealed, job 1 was killed: two packs of which one has nothing left to do."""
    overrides, package = LAUNCHERS[launcher]
    if not there(package):
        pytest.skip(f"{package} is not installed")
    assert command(*SWEEP, "hydra.sweep.dir=whole") == 0
    assert command(*SWEEP, "hydra.sweep.dir=cut") == 0
    first, second = sorted(path.parent for path in (tmp_path / "cut").glob("*/status.json"))
    sealed = (first / "MANIFEST.json").stat().st_ino
    (second / "MANIFEST.json").unlink()
    (second / "trajectory.nc").unlink()
    capsys.readouterr()
    assert command(*SWEEP, "hydra.sweep.dir=cut", *overrides) == 0
    told = capsys.readouterr()
    assert "1 of 2 jobs are done, going on" in told.out
    assert "2 of 2 jobs done" in told.out
    assert "error" not in told.err
    assert (first / "MANIFEST.json").stat().st_ino == sealed
    for job in (first, second):
        for name in RECORD:
            whole = tmp_path / "whole" / job.name / name
            assert (job / name).read_bytes() == whole.read_bytes(), name
    assert list(ntp.load_sweep(tmp_path / "cut")["status"]) == ["done"] * 2
    assert not (tmp_path / "cut/packs").exists()


@pytest.mark.parametrize(
    ("chosen", "package", "line"),
    [
        ("packed_ray", "ray", "Ray is not installed; pip install 'ntp-dynamics[ray]'"),
        ("slurm", "submitit", "submitit is not installed; pip install 'ntp-dynamics[slurm]'"),
    ],
)
def test_what_is_not_installed_is_said_in_one_line(
    chosen: str,
    package: str,
    line: str,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        "ntp_dynamics.launch.installed.find_spec",
        lambda name: None if name == package else find_spec(name),
    )
    monkeypatch.setenv("PATH", "")
    assert command(*SWEEP, f"hydra/launcher={chosen}") == 2
    assert capsys.readouterr().err == f"error: hydra/launcher: {line}\n"


def test_without_sbatch_it_says_what_to_do(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ntp_dynamics.launch.installed._is_there", lambda package: True)
    monkeypatch.setenv("PATH", "")
    assert command(*SWEEP, "hydra/launcher=slurm") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: hydra/launcher: there is no sbatch on this machine; start it")


@pytest.mark.parametrize("option", ["cpus=0", "jobs=0", "minutes=0", "at_once=0"])
def test_options_that_train_nothing_are_refused(
    option: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether or not there is a batch system."""
    assert command(*SWEEP, "hydra/launcher=slurm", f"hydra.launcher.{option}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: hydra.launcher.{option[:-2]}: no job would ever train; give")
