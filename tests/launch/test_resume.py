"""A sweep that was cut short goes on: what is sealed is kept, the rest is done, bytes are equal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.launch.resume import clear_the_rest, done_of
from ntp_dynamics.record.plan import read_plan
from ntp_dynamics.system.owner import DirectoryLock
from tests.launch.cut_short import SWEEP, cut, cut_again, equal, resumed
from tests.small_jobs import TINY, Command
from tests.sweeps import job_of


def test_a_table_of_a_sweep_that_was_cut_short_tells_every_job(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    table = ntp.load_sweep(sweep)
    assert list(table["status"]) == ["done", "dead", "planned"]
    assert list(table["seed"]) == [0, 1, 2]
    capsys.readouterr()
    cli.show([str(sweep)])
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "1 of 3 jobs done, 1 planned, 1 dead"
    assert second == "  1: dead: its process is gone  seed=1"
    capsys.readouterr()
    cli.show([str(sweep)])
    assert f"go on    ntp-resume {sweep.relative_to(tmp_path)}" in capsys.readouterr().out
    with DirectoryLock(sweep):
        cli.show([str(sweep)])
    assert "ntp-resume" not in capsys.readouterr().out  # somebody does
    cli.show([str(job_of(sweep, 1))])
    assert f"ntp-resume {job_of(sweep, 1).relative_to(tmp_path)}" in capsys.readouterr().out


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
    assert line.startswith("error: sweep: 2 with these jobs were cut short: ")
    assert "ntp-resume DIR" in line
    assert resumed(second) == 0


def test_a_sweep_is_gone_on_with_from_any_folder(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its command named a file by a relative path."""
    (tmp_path / "mine.py").write_text(KILLER)
    sweep = cut(command, tmp_path, "hooks.modules=[mine.py]")
    sealed = (job_of(sweep, 0) / "MANIFEST.json").stat().st_ino
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    capsys.readouterr()
    assert resumed(Path("..") / sweep.relative_to(tmp_path)) == 0
    assert f"in       {tmp_path}" in capsys.readouterr().out
    assert list(ntp.load_sweep(sweep)["status"]) == ["done"] * 3
    assert (job_of(sweep, 0) / "MANIFEST.json").stat().st_ino == sealed


def test_two_jobs_that_differ_only_in_threads_are_two(command: Command, tmp_path: Path) -> None:
    assert command("-m", "runtime.threads=1,2", "hydra.sweep.dir=s") == 0
    (first, second) = (job_of(tmp_path / "s", i) for i in (0, 1))
    assert first.name[2:] == second.name[2:]
    shutil.rmtree(second)
    assert list(ntp.load_sweep("s")["status"]) == ["done", "planned"]
    assert resumed(tmp_path / "s") == 0
    assert list(ntp.load_sweep("s")["status"]) == ["done"] * 2


def test_a_directory_of_ones_own_naming_is_in_the_plan(command: Command, tmp_path: Path) -> None:
    for launcher in ("packed", "basic"):
        asked = [f"hydra.sweep.dir={launcher}", f"hydra/launcher={launcher}"]
        assert command("-m", "seed=4,5", "hydra.sweep.subdir=of_${seed}", *asked) == 0
        plan = read_plan(tmp_path / launcher)
        assert plan is not None
        assert [job.directory for job in plan.jobs] == ["of_4", "of_5"]
        for job in plan.jobs:
            assert ntp.load_run(tmp_path / launcher / job.directory).verdicts


def test_a_sweep_of_which_nothing_is_done_is_told_when_it_goes_on(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    (job_of(sweep, 0) / "MANIFEST.json").unlink()
    capsys.readouterr()
    assert command(*SWEEP) == 0
    named = sweep.relative_to(tmp_path)
    assert f"{named}: 0 of 3 jobs are done, going on" in capsys.readouterr().out
    assert resumed(sweep) == 0
    assert f"{named}: 3 of 3 jobs are done, nothing is left to do" in capsys.readouterr().out


def test_a_plan_that_was_changed_is_damage(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    text = (sweep / "plan.json").read_text()
    (sweep / "plan.json").write_text(text.replace("seed=2", "seed=5"))
    capsys.readouterr()
    assert resumed(sweep) == 2
    assert "it is not the plan that was written" in capsys.readouterr().err
    (sweep / "plan.json").write_text(text[:300])
    assert resumed(sweep) == 2
    assert "not JSON); delete it, and repeat the command" in capsys.readouterr().err
    cli.show([str(sweep)])
    assert "ntp-resume" not in capsys.readouterr().out  # it would be refused


def test_a_sweep_that_lost_its_plan_goes_on_by_its_command_and_keeps_what_is_sealed(
    command: Command, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    (sweep / "plan.json").unlink()
    kept = (job_of(sweep, 0) / "MANIFEST.json").stat().st_mtime_ns
    assert command("-m", "seed=0,5", f"hydra.sweep.dir={sweep}") == 2  # not its jobs
    assert "it already holds a record" in capsys.readouterr().err
    assert command(*SWEEP, f"hydra.sweep.dir={sweep}") == 0
    assert equal(sweep, whole)
    assert (job_of(sweep, 0) / "MANIFEST.json").stat().st_mtime_ns == kept
    assert len(read_plan(sweep).jobs) == 3  # type: ignore[union-attr]


def test_what_a_job_left_stays_to_be_looked_at_until_its_turn_comes(
    command: Command, tmp_path: Path
) -> None:
    sweep = cut(command, tmp_path)
    plan = read_plan(sweep)
    assert plan is not None
    clear_the_rest(sweep, plan, done_of(sweep, plan))
    assert list(ntp.load_sweep(sweep)["status"]) == ["done", "dead", "planned"]
    other = replace(plan, jobs=[replace(job, identity="0" * 16) for job in plan.jobs])
    clear_the_rest(sweep, other, set())
    assert list(ntp.load_sweep(sweep)["status"]) == ["planned"] * 3


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


@pytest.mark.parametrize("lost", ["config.yaml", "trajectory.nc", "verdicts.json"])
def test_a_single_job_of_which_a_file_is_lost_is_done_again(
    lost: str, command: Command, tmp_path: Path
) -> None:
    """Also where it says that it is done: the power went, and the disk forgot a name."""
    assert command("seed=7", "hydra.run.dir=job") == 0
    data = (tmp_path / "job/trajectory.nc").read_bytes()
    (tmp_path / "job" / lost).unlink()
    assert resumed(tmp_path / "job") == 0
    assert (tmp_path / "job/trajectory.nc").read_bytes() == data
    assert ntp.load_run(tmp_path / "job").config.seed == 7


def test_a_job_that_was_cut_off_before_its_configuration_goes_on_by_its_overrides(
    command: Command, tmp_path: Path
) -> None:
    assert command("seed=7", "hydra.run.dir=job") == 0
    status = json.loads((tmp_path / "job/status.json").read_text())
    early = {name: status[name] for name in ("study", "overrides", "reason", "identity")}
    shutil.rmtree(tmp_path / "job")
    (tmp_path / "job").mkdir()
    (tmp_path / "job/status.json").write_text(json.dumps({**early, "state": "running"}))
    assert resumed(tmp_path / "job") == 0
    assert ntp.load_run(tmp_path / "job").config.seed == 7


def test_a_name_that_is_too_long_for_a_sweep_is_one_line(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*SWEEP, f"hydra.sweep.dir={'a' * 256}") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "file name too long" in line


def test_a_sweep_may_lie_in_a_folder_whose_name_reads_like_a_key(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "${seed}"
    assert command(*SWEEP, r"hydra.sweep.dir='\${seed}'") == 0
    assert resumed(folder) == 0
    assert list(ntp.load_sweep(folder)["status"]) == ["done"] * 3


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
    statuses = set(ntp.load_sweep(sweep)["status"])  # jobs of the last second may still be open
    assert "dead" in statuses <= {"dead", "done"}
    assert command(*more) == 0
    assert command(*more, "hydra.sweep.dir=whole") == 0
    assert equal(sweep, tmp_path / "whole")
