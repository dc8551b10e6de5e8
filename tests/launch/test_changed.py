"""A sweep goes on across a change only where that is allowed, and then says so."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import read_plan
from tests.launch.cut_short import RECORD, SWEEP, cut, equal, resumed
from tests.sealing import seal
from tests.small_jobs import TINY, Command
from tests.sweeps import job_of


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


def test_what_has_changed_is_allowed_by_a_flag_and_then_kept_and_marked(
    command: Command, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sweep of another version of which a job is sealed."""
    sweep = cut(command, tmp_path)
    sealed = of_version(sweep, "0.0.1")
    trajectory = (sealed / "trajectory.nc").stat().st_ino
    capsys.readouterr()
    assert resumed(sweep) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "planned by version 0.0.1, this is" in line
    assert "runtime.allow_changed=true (ntp-resume: --allow-changed)" in line
    assert resumed(sweep, "--allow-changed") == 0
    out = capsys.readouterr().out
    assert "3 of 3 jobs have changed since: 1 kept, the rest anew" in out
    assert "3 of 3 jobs done" in out
    assert (job_of(sweep, 0) / "trajectory.nc").stat().st_ino == trajectory
    assert equal(sweep, whole, RECORD[:2])
    said = f"version: 0.0.1 -> {ntp.__version__}"
    table = ntp.load_sweep(sweep)
    assert list(table["status"]) == ["done"] * 3
    assert list(table["changed"]) == [said, "", ""]
    cli.show([str(sweep)])
    assert f"0: kept although it has changed: {said}" in capsys.readouterr().out
    assert ntp.load_run(job_of(sweep, 0)).status["changed"] == [said]


def of_version(sweep: Path, version: str) -> Path:
    """A sweep, and its job 0, as another version would have left them."""
    there = read_plan(sweep)
    assert there is not None
    keys = [identity(there.config(i), version) for i in range(len(there.jobs))]
    jobs = [
        replace(job, identity=key, directory=f"{i}-{key}")
        for i, (job, key) in enumerate(zip(there.jobs, keys, strict=True))
    ]
    replace(there, jobs=jobs, version=version).write(sweep)
    for number in (0, 1):
        place = job_of(sweep, number)
        status = json.loads((place / "status.json").read_text())
        (place / "status.json").write_text(json.dumps({**status, "identity": keys[number]}))
        place.rename(sweep / jobs[number].directory)
    seal(sweep / jobs[0].directory)
    return sweep / jobs[0].directory


def test_the_same_command_finds_a_sweep_of_another_version_where_it_is_allowed(
    command: Command, tmp_path: Path
) -> None:
    sweep = cut(command, tmp_path)
    of_version(sweep, "0.0.1")
    assert command(*SWEEP, "runtime.allow_changed=true") == 0
    assert [path.parent for path in tmp_path.glob("multirun/smoke/*/plan.json")] == [sweep]
    assert list(ntp.load_sweep(sweep)["status"]) == ["done"] * 3


def test_what_was_allowed_once_is_asked_for_again(command: Command, tmp_path: Path) -> None:
    sweep = cut(command, tmp_path)
    of_version(sweep, "0.0.1")
    assert resumed(sweep, "--allow-changed") == 0
    of_version(sweep, "0.0.2")
    assert resumed(sweep) == 2
    single = tmp_path / "single"
    assert command("runtime.allow_changed=true", f"hydra.run.dir={single}") == 0
    (single / "MANIFEST.json").unlink()
    assert resumed(single) == 0
    assert not ntp.load_run(single).config.runtime.allow_changed


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
    why = "2 of 2 jobs have changed since (job 0: a file that it names has other contents)"
    assert why in capsys.readouterr().err
    assert run("hydra.sweep.dir=s", "runtime.allow_changed=true") == 0
    table = ntp.load_sweep("s")
    assert list(table["status"]) == ["done"] * 2
    assert list(table["changed"]) == ["a file that it names has other contents", ""]


def test_the_same_command_says_that_it_begins_anew_because_of_a_change(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = cut(command, tmp_path)
    of_version(sweep, "0.0.1")
    capsys.readouterr()
    assert command(*SWEEP) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if "beginning anew" in x]
    assert f"ntp-resume {sweep.relative_to(tmp_path)} --allow-changed goes on with it" in line
    assert len(list(tmp_path.glob("multirun/smoke/*/plan.json"))) == 2
