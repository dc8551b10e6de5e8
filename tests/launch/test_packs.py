"""Packs: the jobs of a sweep as plain text, trained by another process or by this one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.launch import work as working
from ntp_dynamics.launch.crew import News, train_elsewhere
from ntp_dynamics.launch.multirun import PackedJob
from ntp_dynamics.launch.packs import Outcome, Pack, Place, split
from ntp_dynamics.launch.work import work
from ntp_dynamics.record.identity import identity
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock

TINY = [
    *("experiment=smoke", "tracking=none", "figures=none", "dataset.queries=3"),
    *("train.feed_forward.steps=5", "train.attention.steps=10"),
]


def jobs_in(folder: Path, many: int) -> list[PackedJob]:
    composer, found = Composer(), []
    for seed in range(many):
        overrides = [*TINY, f"seed={seed}"]
        key = identity(composer.config(overrides))
        found.append(PackedJob(seed, overrides, folder / str(seed), key))
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where the jobs are planned and done: this process, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    return Place.here()


def test_a_pack_reads_back_from_its_text(tmp_path: Path, place: Place) -> None:
    there = tmp_path / 'a "$b" ü'
    pack = Pack([PackedJob(7, ["name='x,${y}'"], there, "abc")], 3, place)
    assert Pack.read(pack.text()) == pack
    outcome = Outcome({0: 0.1, 1: math.nan}, {1: "no"}, "SIGUSR2")
    back = Outcome.read(outcome.text())
    assert back.values[0] == 0.1
    assert math.isnan(back.values[1])
    assert (back.failed, back.stopped) == (outcome.failed, "SIGUSR2")


@pytest.mark.parametrize(
    ("jobs", "packs", "size", "sizes"),
    [
        (64, 8, None, [8] * 8),
        (3, 8, None, [1] * 3),
        (5, 8, 2, [2, 2, 1]),
        (10_000, 5_000, None, [10] * 1000),
        (0, 4, None, []),
    ],
)
def test_jobs_are_split_into_packs(
    jobs: int, packs: int, size: int | None, sizes: list[int]
) -> None:
    every = [PackedJob(i, [], Path(str(i))) for i in range(jobs)]
    parts = split(every, packs, size)
    assert [len(part) for part in parts] == sizes
    assert [job for part in parts for job in part] == every


def test_a_pack_skips_what_is_sealed_and_redoes_what_died(tmp_path: Path, place: Place) -> None:
    jobs = jobs_in(tmp_path, 3)
    first = Outcome.read(work(Pack(jobs, 2, place).text()))
    assert (first.failed, first.stopped, set(first.values)) == ({}, None, {0, 1, 2})
    sealed = (tmp_path / "0/MANIFEST.json").stat().st_ino
    wanted = (tmp_path / "1/trajectory.nc").read_bytes()
    (tmp_path / "1/MANIFEST.json").unlink()
    (tmp_path / "1/trajectory.nc").write_bytes(wanted[:100])
    assert Outcome.read(work(Pack(jobs, 2, place).text())) == first
    assert (tmp_path / "0/MANIFEST.json").stat().st_ino == sealed
    assert (tmp_path / "1/trajectory.nc").read_bytes() == wanted


def test_a_pack_leaves_alone_what_somebody_is_at_work_in(
    tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PATIENCE_SECONDS", 0.0)
    jobs = jobs_in(tmp_path, 2)
    (tmp_path / "1").mkdir()
    with DirectoryLock(tmp_path / "1"):
        (tmp_path / "1/status.json").write_text(json.dumps({"state": "running"}))
        outcome = Outcome.read(work(Pack(jobs, 1, place).text()))
    assert "is at work in it" in outcome.failed[1]
    assert set(outcome.values) == {0}
    assert json.loads((tmp_path / "1/status.json").read_text()) == {"state": "running"}


def test_a_job_that_is_another_where_it_is_trained_is_refused(tmp_path: Path, place: Place) -> None:
    one, other = jobs_in(tmp_path, 2)
    jobs = [replace(one, identity=other.identity), other]
    outcome = Outcome.read(work(Pack(jobs, 1, place).text()))
    assert "here it is another job than where it was planned" in outcome.failed[0]
    assert ntp.load_run(other.directory).config.seed == 1


def test_a_worker_of_another_version_trains_nothing(tmp_path: Path, place: Place) -> None:
    jobs = jobs_in(tmp_path, 2)
    outcome = Outcome.read(work(Pack(jobs, 1, replace(place, version="0.0.1")).text()))
    assert set(outcome.failed) == {0, 1}
    assert "install the same version on every machine" in outcome.failed[0]
    assert not (tmp_path / "0").exists()


class Here:
    """A crew in this process; whoever trains the packs that are named is gone in the middle."""

    packs, on_disk = 1, True

    def __init__(self, dies: Callable[[Sequence[int]], bool]):
        self.dies, self.given, self.ended = dies, list[list[int]](), list[News]()

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None: ...

    def standing(self) -> dict[str, Pack]:
        return {}

    def give(self, packs: Sequence[Pack]) -> list[str]:
        names = []
        for pack in packs:
            numbers = [job.number for job in pack.jobs]
            names.append(str(len(self.given)))
            self.given.append(numbers)
            if self.dies(numbers):
                first = [job for job in pack.jobs if job.number == 0]
                if first:
                    work(replace(pack, jobs=first).text())
                for job in pack.jobs:
                    if job.number == 1:  # it had begun
                        job.directory.mkdir(exist_ok=True)
                        (job.directory / "status.json").write_text('{"state": "running"}')
                self.ended.append(News(names[-1], None, "killed"))
            else:
                self.ended.append(News(names[-1], Outcome.read(work(pack.text()))))
        return names

    def news(self, seconds: float) -> Iterable[News]:
        ended, self.ended = self.ended, []
        return ended

    def stop(self) -> bool:
        return True


def test_a_lost_pack_is_handed_out_again_without_what_is_sealed(
    tmp_path: Path, place: Place
) -> None:
    crew = Here(lambda numbers: len(numbers) == 3)
    values = train_elsewhere(jobs_in(tmp_path, 3), crew, 1, None, retries=3)
    assert crew.given == [[0, 1, 2], [1, 2]]
    assert list(ntp.load_sweep(tmp_path)["status"]) == ["done"] * 3
    assert not math.isnan(values[1])


def test_a_job_that_kills_its_workers_is_given_up_and_costs_no_other(
    tmp_path: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    crew = Here(lambda numbers: 1 in numbers)
    values = train_elsewhere(jobs_in(tmp_path, 3), crew, 1, None, retries=2)
    assert crew.given == [[0, 1, 2], [1, 2], [1], [2]]
    assert [math.isnan(value) for value in values] == [True, True, False]
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "error: job 1: its worker died 3 times: killed"
    assert (tmp_path / "0/MANIFEST.json").exists()


def test_where_nobody_can_be_reached_it_is_said_in_one_line(
    tmp_path: Path, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    class Gone(Here):
        def news(self, seconds: float) -> Iterable[News]:
            raise UserError("ray", "the cluster is gone", "repeat the command")

    with pytest.raises(SystemExit) as stopped:
        train_elsewhere(jobs_in(tmp_path, 1), Gone(lambda numbers: True), 1, None, retries=2)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: ray: the cluster is gone; repeat the command\n"


def test_no_secret_is_written_down_with_a_pack(
    tmp_path: Path,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MY_TOKEN", "opensesame")
    (job,) = jobs_in(tmp_path, 1)
    crew = Here(lambda numbers: False)
    with pytest.raises(SystemExit):
        train_elsewhere([replace(job, overrides=[*TINY, "name=opensesame"])], crew, 1, None, 0)
    assert crew.given == []
    assert "a secret among its overrides" in capsys.readouterr().err
