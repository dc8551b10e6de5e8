"""A sweep that was cut short goes on: what is sealed is kept, the rest is done, bytes are equal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.launch import multirun
from ntp_dynamics.record.plan import read_plan
from ntp_dynamics.system.owner import DirectoryLock
from tests.sweeps import job_of

TINY = [
    *("experiment=smoke", "tracking=none", "figures=none", "dataset.queries=3"),
    *("train.feed_forward.steps=5", "train.attention.steps=10"),
]
SWEEP = ("-m", "seed=0,1,2")
RECORD = ("trajectory.nc", "verdicts.json", "config.yaml", "corpora/000.jsonl")
Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """`ntp-train` in this process, in a directory of its own; returns its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["ntp-train", *TINY, *arguments])
        try:
            cli.train()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    yield run
    multirun.under_way = None


def resumed(directory: Path) -> int:
    try:
        cli.resume([str(directory)])
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


@pytest.fixture
def whole(command: Command, tmp_path: Path) -> Path:
    """An uninterrupted sweep."""
    assert command(*SWEEP, "hydra.sweep.dir=whole") == 0
    return tmp_path / "whole"


def cut(command: Command, tmp_path: Path, *more: str) -> Path:
    """A sweep of which job 0 is done, job 1 was killed, and job 2 never began."""
    assert command(*SWEEP, *more) == 0
    (sweep,) = (p.parent for p in tmp_path.glob("multirun/smoke/*/plan.json"))
    killed = job_of(sweep, 1)
    (killed / "MANIFEST.json").unlink()
    status = json.loads((killed / "status.json").read_text())
    (killed / "status.json").write_text(json.dumps({**status, "state": "running"}))
    shutil.rmtree(job_of(sweep, 2))
    return sweep


def equal(one: Path, other: Path) -> bool:
    return all(
        (job_of(one, i) / n).read_bytes() == (job_of(other, i) / n).read_bytes()
        for i in range(3)
        for n in RECORD
    )


def test_a_table_of_a_sweep_that_was_cut_short_tells_every_job(
    command: Command, tmp_path: Path
) -> None:
    table = ntp.load_sweep(cut(command, tmp_path))
    assert list(table["status"]) == ["done", "dead", "planned"]
    assert list(table["seed"]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("how", "launcher"),
    [("the command again", "packed"), ("ntp-resume", "packed"), ("ntp-resume", "basic")],
)
def test_it_goes_on_to_equal_bytes_and_does_no_sealed_job_again(
    how: str,
    launcher: str,
    command: Command,
    whole: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = f"hydra/launcher={launcher}"
    sweep = cut(command, tmp_path, chosen)
    sealed = (job_of(sweep, 0) / "MANIFEST.json").stat().st_ino
    capsys.readouterr()
    done = resumed(sweep) if how == "ntp-resume" else command(*SWEEP, chosen)
    assert done == 0
    out = capsys.readouterr().out
    assert "1 of 3 jobs are done, going on" in out
    assert "3 of 3 jobs done" in out
    assert (job_of(sweep, 0) / "MANIFEST.json").stat().st_ino == sealed
    assert len(list(tmp_path.glob("multirun/smoke/*"))) == 1
    assert equal(sweep, whole)
    assert list(ntp.load_sweep(sweep)["status"]) == ["done"] * 3


def test_a_damaged_job_is_done_again(command: Command, whole: Path, tmp_path: Path) -> None:
    sweep = cut(command, tmp_path)
    trajectory = job_of(sweep, 0) / "trajectory.nc"
    data = bytearray(trajectory.read_bytes())
    data[len(data) // 2] ^= 1
    trajectory.write_bytes(data)
    assert resumed(sweep) == 0
    assert equal(sweep, whole)


def test_what_else_lies_in_the_folder_of_a_sweep_stays(command: Command, tmp_path: Path) -> None:
    sweep = cut(command, tmp_path)
    assert command("seed=9", f"hydra.run.dir={sweep}/mine") == 0
    assert resumed(sweep) == 0
    assert ntp.load_run(sweep / "mine").config.seed == 9
    assert ntp.load_run(job_of(sweep, 2)).config.seed == 2


def test_a_sweep_that_is_done_is_not_gone_on_with_but_begun_anew(
    command: Command, tmp_path: Path
) -> None:
    assert command(*SWEEP) == command(*SWEEP) == 0
    assert len(list(tmp_path.glob("multirun/smoke/*/plan.json"))) == 2


def test_of_two_that_were_cut_short_the_user_says_which(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = cut(command, tmp_path)
    os.rename(first, first.with_name("first"))
    second = cut_again(command, tmp_path, first.with_name("first"))
    capsys.readouterr()
    assert command(*SWEEP) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: sweep: 2 of these jobs were cut short: ")
    assert "ntp-resume DIR" in line
    assert resumed(second) == 0


def cut_again(command: Command, tmp_path: Path, other: Path) -> Path:
    """Another one like it."""
    hidden = tmp_path / "hidden"
    os.rename(other, hidden)
    second = cut(command, tmp_path)
    os.rename(hidden, other)
    return second


def test_other_jobs_or_another_version_are_refused_in_a_line(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    capsys.readouterr()
    assert command("-m", "seed=0,1,3", f"hydra.sweep.dir={sweep}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "it already holds a sweep of other jobs: 1 of 3 differ; choose" in line
    there = read_plan(sweep)
    assert there is not None
    replace(there, version="0.0.1").write(sweep)
    assert resumed(sweep) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "it was planned by version" in line


def test_a_file_that_changed_since_makes_other_jobs(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus.jsonl"
    lines = ['{"tokens": ["a"], "next": "b"}', '{"tokens": ["b"], "next": "a"}']
    lines += ['{"tokens": ["a", "b"], "next": "a"}']
    corpus.write_text("\n".join(lines) + "\n")
    of_file = ["-m", "dataset=file", f"dataset.path={corpus}", "vary=init", "init=gaussian"]
    bare = [o for o in TINY if not o.startswith("dataset.")]

    def run(*more: str) -> int:
        sys.argv = ["ntp-train", *bare, *of_file, "seed=0,1", *more]
        try:
            cli.train()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    assert run("hydra.sweep.dir=s") == 0
    (job_of(tmp_path / "s", 1) / "MANIFEST.json").unlink()
    corpus.write_text("\n".join([*lines, '{"tokens": ["b", "a"], "next": "b"}']) + "\n")
    capsys.readouterr()
    assert run("hydra.sweep.dir=s") == 2
    assert "a sweep of other jobs: 2 of 2 differ" in capsys.readouterr().err


def test_a_plan_that_was_changed_is_damage(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    text = (sweep / "plan.json").read_text()
    (sweep / "plan.json").write_text(text.replace("seed=2", "seed=5"))
    capsys.readouterr()
    assert resumed(sweep) == 2
    assert "it is not the plan that was written" in capsys.readouterr().err


def test_a_job_that_somebody_is_at_work_in_is_left_alone(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An orphan of a sweep whose driver was killed; the others are done."""
    sweep = cut(command, tmp_path)
    capsys.readouterr()
    with DirectoryLock(job_of(sweep, 1)):
        assert resumed(sweep) == 1
        assert list(ntp.load_sweep(sweep)["status"]) == ["done", "running", "done"]
    told = capsys.readouterr()
    assert "is at work in it" in told.err
    assert "2 of 3 jobs done" in told.out
    assert json.loads((job_of(sweep, 1) / "status.json").read_text())["state"] == "running"


def test_a_single_job_is_done_again_from_its_configuration(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("seed=7", "hydra.run.dir=job") == 0
    job = tmp_path / "job"
    data = (job / "trajectory.nc").read_bytes()
    assert resumed(job) == 0
    assert "it is done" in capsys.readouterr().out
    (job / "MANIFEST.json").unlink()
    (job / "trajectory.nc").write_bytes(data[:100])
    assert resumed(job) == 0
    assert (job / "trajectory.nc").read_bytes() == data
    config = (job / "config.yaml").read_text()
    (job / "MANIFEST.json").unlink()
    (job / "config.yaml").write_text(config.replace("seed: 7", "seed: 8"))
    assert resumed(job) == 2
    assert "has changed since" in capsys.readouterr().err


def test_where_nothing_was_cut_short_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert resumed(tmp_path) == 2
    assert "it holds neither a job nor the plan of a sweep" in capsys.readouterr().err


KILLER = """
import os, signal
from pathlib import Path
import numpy as np
import ntp_dynamics as ntp

@ntp.observable("attention", long_name="kill -9", schedule=lambda step: step == 3)
def killed(state, reference):
    armed = Path("armed")
    if armed.exists():
        left = int(armed.read_text()) - 1
        armed.write_text(str(left))
        if not left:
            armed.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    return np.zeros(2)
"""


def test_a_sweep_that_is_killed_goes_on_to_equal_bytes(command: Command, tmp_path: Path) -> None:
    """kill -9 of the whole process in the middle of its last job."""
    (tmp_path / "killer.py").write_text(KILLER)
    more = [*SWEEP, "runs=2", "hooks.modules=[killer.py]", "hydra.launcher.threads=1"]
    (tmp_path / "armed").write_text("3")
    run = [sys.executable, "-m", "ntp_dynamics", *TINY, *more]
    killed = subprocess.run(run, cwd=tmp_path, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    (sweep,) = (path.parent for path in tmp_path.glob("multirun/smoke/*/plan.json"))
    assert {"dead", "done"} == set(ntp.load_sweep(sweep)["status"])
    assert command(*more) == 0
    assert command(*more, "hydra.sweep.dir=whole") == 0
    assert equal(sweep, tmp_path / "whole")
