"""Sweeps in one process: the records that the jobs would have left alone."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.launch.check import check_sweep
from ntp_dynamics.launch.multirun import PackedJob, train_many
from ntp_dynamics.launch.sweeps import count, expand
from ntp_dynamics.system.errors import UserError, UserErrors

TINY = [
    "experiment=smoke",
    "tracking=none",
    "dataset.queries=3",
    "train.feed_forward.steps=10",
    "train.attention.steps=300",
]
JOBS = [
    ["seed=0"],
    ["seed=1", "runs=3"],
    ["init=gaussian", "init.norm=2", "vary=init", "train.margin=9.23"],
    ["optimizer=gd", "train.attention.step_size=5"],
    ["optimizer=adam", "train.attention.steps=20"],
    ["dataset=file", "dataset.path=missing.jsonl", "runs=1"],
    ["dataset.weights=powers", "train.attention.steps=700"],
]


def test_a_packed_job_leaves_the_record_bytes_it_would_have_had_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kernel and torch jobs, other optimisers, and one that fails among them."""
    jobs = []
    for number, more in enumerate(JOBS):
        shape = [o for o in TINY if not (more[0] == "dataset=file" and o.startswith("dataset."))]
        jobs.append(PackedJob(number, [*shape, *more], tmp_path / f"sweep/{number}"))
    gaps = train_many(jobs, threads=3)
    assert [math.isnan(gap) for gap in gaps] == [number == 5 for number in range(len(jobs))]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: job 5: missing.jsonl: ")
    for job in jobs:
        if job.number != 5:
            alone = ntp.train([*job.overrides, "figures=none"], tmp_path / f"alone/{job.number}")
            assert gaps[job.number] == alone.returned
            corpora = [f"corpora/{run:03d}.jsonl" for run in range(len(alone.corpora))]
            laws = ["laws.nc"] if (alone.path / "laws.nc").exists() else []
            assert (job.directory / "laws.nc").exists() == bool(laws)
            for name in ("trajectory.nc", "verdicts.json", *laws, *corpora):
                packed = (job.directory / name).read_bytes()
                assert packed == (alone.path / name).read_bytes(), (job.number, name)


def test_a_job_whose_overrides_are_wrong_fails_alone_and_leaves_a_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its check is before the sweep; this is what changed since."""
    wrong = [["seed=0"], ["runs=0", "seed=-1"], ["seed=1", "dataset=nix"], ["seed=2"]]
    jobs = [PackedJob(i, [*TINY, *o], tmp_path / f"sweep/{i}") for i, o in enumerate(wrong)]
    gaps = train_many(jobs, threads=2)
    assert [math.isnan(gap) for gap in gaps] == [False, True, True, False]
    lines = capsys.readouterr().err.splitlines()
    assert {line[:15] for line in lines} == {"error: job 1: r", "error: job 2: d"}
    table = ntp.load_sweep(tmp_path / "sweep")
    assert list(table["status"]) == ["done", "failed", "failed", "done"]
    for mistake in ("runs: 0 is refused", "seed: -1 is refused"):
        assert mistake in table["reason"][1]


def test_under_the_basic_launcher_a_job_that_fails_leaves_the_others_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Job 1 cannot write its trajectory: a directory stands in its place."""
    (tmp_path / "sweep/1/trajectory.nc").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    basic = ["-m", "hydra/launcher=basic", "hydra.sweep.dir=sweep", "figures=none", "seed=0,1,2"]
    basic.append("hydra.sweep.subdir=${hydra.job.num}")
    monkeypatch.setattr("sys.argv", ["ntp-train", *TINY, *basic])
    with pytest.raises(SystemExit) as stopped:
        cli.train()
    assert stopped.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: job 1: ")
    assert "sweep/1/trajectory.nc: it cannot be written" in line
    assert list(ntp.load_sweep("sweep")["status"]) == ["done", "failed", "done"]


def test_every_bad_job_of_a_sweep_is_found_however_many_there_are() -> None:
    """Each mistake once, with how many jobs have it and the first ten; a conflict of two values
    that are each sound is one."""
    swept = ["seed=range(12)", "runs=1,0", "dataset.vocab_size=20,5,9", "dataset.levels=2,x"]
    overrides = ["experiment=smoke", *swept]
    assert count(overrides) == 144
    with pytest.raises(UserErrors) as caught:
        check_sweep(expand(overrides), 144, Composer(), Console(quiet=True))
    jobs = {error.where: error.remedy.partition(" (")[2] for error in caught.value.errors}
    assert jobs == {
        "runs": "72 of 144 jobs: 6, 7, 8, 9, 10, 11, 18, 19, 20, 21, ...)",
        "dataset.levels": "72 of 144 jobs: 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, ...)",
        "dataset.queries": "24 of 144 jobs: 2, 4, 14, 16, 26, 28, 38, 40, 50, 52, ...)",
    }


def test_of_many_mistakes_ten_are_told() -> None:
    overrides = ["experiment=smoke", f"runs={','.join(str(-i) for i in range(14))}", "seed=0,1"]
    with pytest.raises(UserErrors) as caught:
        check_sweep(expand(overrides), 28, Composer(), Console(quiet=True))
    *ten, rest = caught.value.errors
    assert [error.where for error in ten] == ["runs"] * 10
    assert str(rest) == "sweep: 4 more mistakes in 28 of 28 jobs; mend these first"


def test_the_check_of_a_large_sweep_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ["seed=range(10)", "runs=range(1,11)", "train.attention.steps=range(1,11)"]
    check_sweep(expand(overrides), count(overrides), Composer(), Console())
    assert "checking 1,000 jobs" in capsys.readouterr().out


def test_ctrl_c_ends_all_jobs_under_way_and_keeps_their_records(tmp_path: Path) -> None:
    endless = [o for o in TINY if "attention" not in o]
    endless += ["train.attention.steps=1000000000", "figures=none", "hydra.sweep.dir=s"]
    command = [sys.executable, "-m", "ntp_dynamics", "-m", *endless, "seed=range(9)"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "hydra.launcher.threads=2"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while not any(tmp_path.glob("s/2-*/corpora/001.jsonl")):
            assert process.poll() is None
        threading.Event().wait(1.0)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert b"0 of 9 jobs done" in stdout
    table = ntp.load_sweep(tmp_path / "s")
    assert list(table["status"]) == ["interrupted"] * 3 + ["planned"] * 6
    assert all((Path(path) / "trajectory.nc").exists() for path in table["path"][:3])


@pytest.mark.parametrize(
    "overrides",
    [
        ["seed=3"],
        ["init=gaussian", "init.norm=2", "vary=both"],
        ["experiment=figure2", "dataset.optimal=3", "+hooks.modules=[]"],
        ["train.stages=[attention]", "train.margin=5", "embedding.dim=null"],
        ["dataset=prefix_closed", "dataset.p_stop=0.4", "hydra.sweep.dir=x"],
    ],
)
def test_composing_many_gives_what_hydra_gives(overrides: list[str]) -> None:
    composer = Composer()
    composer.config(["seed=8", *[o for o in overrides if "=" in o and "." not in o]])
    assert composer.config(overrides) == read_config(compose_job(overrides))


@pytest.mark.parametrize("override", ["sead=3", "seed=x", "dataset.queries=0", "dataset=nothing"])
def test_composing_many_tells_the_mistakes_of_one(override: str) -> None:
    composer = Composer()
    composer.config(["seed=1"])
    with pytest.raises((UserError, UserErrors)) as many:
        composer.config([override])
    with pytest.raises((UserError, UserErrors)) as one:
        read_config(compose_job([override]))
    assert str(many.value) == str(one.value)


def test_jobs_with_the_same_files_are_composed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each value is set once, however many jobs have it."""
    composed: list[str] = []
    monkeypatch.setattr(
        "ntp_dynamics.config.composer.compose_job",
        lambda o, s: composed.extend(o) or compose_job(o, s),
    )
    composer = Composer()
    for seed in range(20):
        for runs in (1, 2):
            job = ["experiment=smoke", f"seed={seed}", f"runs={runs}", "hydra.sweep.dir=x"]
            config = composer.config(job)
            assert (config.seed, config.runs, config.name) == (seed, runs, "smoke")
    assert composed == ["experiment=smoke"]


def test_a_key_that_looks_at_another_is_composed_with_it() -> None:
    composer = Composer()
    overrides = ["dataset.vocab_size=30", "embedding.dim=${dataset.vocab_size}"]
    assert composer.config(["dataset.vocab_size=30", "embedding.dim=31"]).embedding.dim == 31
    assert composer.config(overrides).embedding.dim == 30
    merged = ["train.attention.step_size=3", "train.attention={steps: 7}"]
    assert composer.config(merged) == read_config(compose_job(merged))
