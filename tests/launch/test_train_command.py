"""`ntp-train` as typed in a shell: exit codes, one-line errors, sweeps.

A process of its own takes two seconds to start: what a shell adds is asked once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.launch import multirun
from ntp_dynamics.launch.sweeps import expand

TINY = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "dataset.queries=3",
    "train.feed_forward.steps=10",
    "train.attention.steps=20",
]


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`ntp-train` in this process, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(multirun, "under_way", None)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr("sys.argv", ["ntp-train", *arguments])
        try:
            cli.train()
        except SystemExit as stopped:
            return Done(int(stopped.code or 0), *capsys.readouterr())
        return Done(0, *capsys.readouterr())

    return run


def ntp_train(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ntp_dynamics", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_one_job_prints_a_verdict_a_claim_and_where_the_record_is(tmp_path: Path) -> None:
    done = ntp_train(*TINY, "figures=auto", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "outputs/smoke").iterdir()
    for verdict in ntp.load_run(record).verdicts:
        assert verdict["id"] in done.stdout
    assert f"record   outputs/smoke/{record.name}" in done.stdout
    assert (record / "figures/panels.png").exists()


def test_a_four_by_two_sweep_gives_eight_records_and_one_table(tmp_path: Path) -> None:
    slow = "train.attention.step_size=0.1"
    done = ntp_train("-m", *TINY, slow, "dataset.optimal=1,2,3,4", "seed=0,1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (sweep,) = (tmp_path / "multirun/smoke").iterdir()
    table = ntp.load_sweep(sweep)
    assert len(table) == 8
    assert list(table["dataset.optimal"]) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert list(table["seed"]) == [0, 1] * 4
    assert (table["status"] == "done").all()
    assert table["attention.norm_kq"].notna().all()
    assert (table["kq.direction"] == "vacuous").all()
    for path in table["path"]:
        assert ntp.load_run(path).verdicts
    assert "8 of 8 jobs done" in done.stdout


def test_a_failed_job_does_not_stop_the_others_and_the_sweep_exits_with_1(
    command: Command, tmp_path: Path
) -> None:
    """Job 1 cannot write its trajectory: a directory stands in its place."""
    (tmp_path / "sweep/1/trajectory.nc").mkdir(parents=True)
    numbered = "hydra.sweep.subdir=${hydra.job.num}"
    done = command("-m", *TINY, "seed=0,1,2", "hydra.sweep.dir=sweep", numbered)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: job 1: ")
    assert "trajectory.nc: it cannot be written" in line
    assert "2 of 3 jobs done" in done.stdout
    assert list(ntp.load_sweep(tmp_path / "sweep")["status"]) == ["done", "failed", "done"]
    assert (tmp_path / "sweep/2/MANIFEST.json").exists()


def test_a_sweep_does_not_start_where_a_sweep_has_been(command: Command) -> None:
    assert command("-m", *TINY, "seed=0,1", "hydra.sweep.dir=s").returncode == 0
    again = command("-m", *TINY, "seed=3,4", "hydra.sweep.dir=s")
    assert again.returncode == 2
    assert again.stderr.startswith(
        "error: s: it already holds a sweep of other jobs: 2 of 2 differ; "
    )


def is_one_mistake(
    done: Done | subprocess.CompletedProcess[str], where: str, remedy: str, directory: Path
) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"error: {where}: ")
    assert remedy in line
    assert ";" in line
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "where", "remedy"),
    [
        (["runs=abc"], "runs", ""),
        (["runs=-3"], "runs", "greater than or equal to 1"),
        (["rnus=3"], "rnus", "'runs'"),
        (["dataset.querries=3"], "dataset.querries", "'dataset.queries'"),
        (["+dataset.queris=3"], "dataset.queris", "'queries'"),
        (["dataset=realisable"], "dataset", "realizable"),
        (["optimizer=adamm"], "optimizer", "'adam'"),
        (["vary=nothing"], "vary", ""),
        (["seed"], "seed", "key=value"),
        (["train.attention.step_size=inf"], "train.attention.step_size", "to 1e+100"),
        (["~dataset.queries"], "~dataset.queries", "dataset.queries=..."),
        (["-m", "seed=0,1", "runs=2,0"], "runs", "greater"),
        (["hydra.run.dir=/proc/x"], "/proc/x", ""),
    ],
)
def test_a_mistake_is_one_line_and_exit_2_and_nothing_is_written(
    arguments: list[str], where: str, remedy: str, command: Command, tmp_path: Path
) -> None:
    is_one_mistake(command(*TINY, *arguments), where, remedy, tmp_path)


@pytest.mark.parametrize("arguments", [["runs=-3"], ["-m", "seed=0,1", "runs=2,0"]])
def test_the_command_exits_with_2_and_that_line(arguments: list[str], tmp_path: Path) -> None:
    done = ntp_train(*TINY, *arguments, cwd=tmp_path)
    is_one_mistake(done, "runs", "greater than or equal to 1", tmp_path)


def test_a_missing_corpus_file_is_named(command: Command, tmp_path: Path) -> None:
    done = command("dataset=file", "dataset.path=missing.jsonl", "runs=1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: missing.jsonl: no such file or directory; ")
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_directory_is_refused_before_any_compute(
    command: Command, tmp_path: Path
) -> None:
    assert command(*TINY, "hydra.run.dir=here").returncode == 0
    manifest = (tmp_path / "here/MANIFEST.json").read_bytes()
    again = command(*TINY, "hydra.run.dir=here")
    assert again.returncode == 2
    assert again.stderr == (
        "error: here: it already holds a record; choose another directory or pass overwrite=true\n"
    )
    assert (tmp_path / "here/MANIFEST.json").read_bytes() == manifest


def test_help_teaches_groups_and_ends_with_examples(tmp_path: Path) -> None:
    done = ntp_train("--help", cwd=tmp_path)
    assert done.returncode == 0
    for word in (
        "dataset=realizable",
        "optimizer=gd",
        "experiment=smoke",
        "sentences_per_query",
        "-m",
    ):
        assert word in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].strip().startswith("ntp-train -m")


def test_a_sweep_is_the_product_of_its_values_in_hydras_order() -> None:
    assert list(expand(["runs=2", "seed=0,1", "dataset.optimal=1,2"])) == [
        ["runs=2", "seed=0", "dataset.optimal=1"],
        ["runs=2", "seed=0", "dataset.optimal=2"],
        ["runs=2", "seed=1", "dataset.optimal=1"],
        ["runs=2", "seed=1", "dataset.optimal=2"],
    ]
    assert len(list(expand(["seed=range(100)", "dataset.optimal=1,2"]))) == 200


def test_a_conflict_between_swept_values_stops_the_sweep_before_it_starts(
    command: Command, tmp_path: Path
) -> None:
    done = command("-m", *TINY, "dataset.vocab_size=20,5", "dataset.non_optimal=3,12")
    assert done.returncode == 2
    assert done.stderr.startswith("error: dataset.non_optimal: optimal and non-optimal tokens")
    assert list(tmp_path.iterdir()) == []


def test_overwriting_a_sweep_leaves_no_job_of_the_larger_one_before(
    command: Command, tmp_path: Path
) -> None:
    sweep = ["-m", *TINY, "hydra.sweep.dir=s"]
    assert command(*sweep, "seed=0,1,2").returncode == 0
    again = command(*sweep, "seed=3,4", "overwrite=true")
    assert again.returncode == 0, again.stderr
    assert "2 of 2 jobs done" in again.stdout
    assert list(ntp.load_sweep(tmp_path / "s")["seed"]) == [3, 4]


def test_directories_may_have_names_that_hydra_finds_special(
    command: Command, tmp_path: Path
) -> None:
    done = command(*TINY, "hydra.run.dir='out/lr=0.1, a'")
    assert done.returncode == 0, done.stderr
    assert ntp.load_run(tmp_path / "out/lr=0.1, a").verdicts


def test_version_and_unusable_flags_are_one_line(command: Command) -> None:
    assert command("--version").stdout == f"ntp-dynamics {ntp.__version__}\n"
    for flags in (["--config-dir", "nodir"], ["--config-name", "foo"], ["--resolve"]):
        done = command(*flags)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("error: ")


def test_help_of_a_sweep_is_that_of_its_first_job(command: Command) -> None:
    done = command("-m", "seed=7,8", "--help")
    assert done.returncode == 0
    assert "seed: 7" in done.stdout
