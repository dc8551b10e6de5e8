"""Jobs in parts, alone and many at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ntp_dynamics.run.parts import (
    FLUSHED_TOGETHER,
    Ended,
    Flush,
    Parts,
    Work,
    run_alone,
    run_packed,
)
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.stops import Interrupt


def job(name: str, events: list[str], alone: bool = False, broken: str = "") -> Parts[str]:
    """Opens, computes twice in whatever thread, closes; may break in one of its parts."""

    def compute() -> str:
        if broken == "work":
            raise ValueError(name)
        return threading.current_thread().name

    if broken == "start":
        raise ValueError(name)
    events.append(f"open {name} in {threading.current_thread().name}")
    try:
        yield Work(compute, alone)
        where = yield Work(compute, alone)
    except ValueError:
        events.append(f"{name} failed")
        raise
    events.append(f"close {name} in {threading.current_thread().name}")
    return where


def pack(jobs: list[Callable[[], Parts[str]]], threads: int = 2) -> dict[int, Ended[str]]:
    ended: dict[int, Ended[str]] = {}
    run_packed(jobs, threads, Interrupt(), ended.__setitem__)
    return ended


def test_a_job_alone_stays_in_its_thread() -> None:
    events: list[str] = []
    assert run_alone(job("a", events)) == "MainThread"
    with pytest.raises(ValueError, match="b"):
        run_alone(job("b", events, broken="work"))
    assert events[-1] == "b failed"


def test_in_a_pack_only_work_leaves_the_thread() -> None:
    events: list[str] = []
    ended = pack([lambda n=n: job(n, events) for n in "abcde"])
    assert all(end.result != "MainThread" for end in ended.values())
    assert len(events) == 10
    assert all(event.endswith("in MainThread") for event in events)


def test_work_that_threads_would_not_help_stays() -> None:
    ended = pack([lambda: job("a", [], alone=True), lambda: job("b", [])])
    assert ended[0].result == "MainThread"
    assert ended[1].result != "MainThread"


@pytest.mark.parametrize("broken", ["start", "work"])
def test_a_job_that_fails_leaves_the_others_as_they_are(broken: str) -> None:
    kinds = ["", broken, ""]
    ended = pack([lambda b=b: job("x", [], broken=b) for b in kinds])
    assert [end.error is not None for _, end in sorted(ended.items())] == [False, True, False]
    assert isinstance(ended[1].error, ValueError)


def test_after_an_interrupt_no_job_begins_and_those_under_way_end_themselves() -> None:
    events: list[str] = []
    interrupt = Interrupt()

    def stopping(name: str) -> Parts[str]:
        events.append(f"open {name}")
        yield Work(lambda: setattr(interrupt, "requested", True))
        events.append(f"close {name}")
        raise KeyboardInterrupt

    ended: dict[int, Ended[str]] = {}
    jobs = [lambda n=n: stopping(n) for n in "abcdefgh"]
    with pytest.raises(KeyboardInterrupt):
        run_packed(jobs, 1, interrupt, ended.__setitem__)
    opened = [event[-1] for event in events if event.startswith("open")]
    closed = [event[-1] for event in events if event.startswith("close")]
    assert sorted(opened) == sorted(closed)
    assert len(opened) < 8
    assert not ended


def writing(path: Path, events: list[str]) -> Parts[str]:
    """Writes, waits for the disk, ends."""
    path.write_text(path.name)
    events.append(f"write {path.name}")
    try:
        yield Flush([path])
    except UserError:
        events.append(f"{path.name} failed")
        raise
    events.append(f"end {path.name}")
    return path.name


def test_files_of_many_jobs_are_flushed_at_one_go(tmp_path: Path) -> None:
    events: list[str] = []
    names = [f"{n:02}" for n in range(FLUSHED_TOGETHER + 2)]
    ended = pack([lambda n=n: writing(tmp_path / n, events) for n in names])
    assert [end.result for end in ended.values()] == names
    first, last = names[:FLUSHED_TOGETHER], names[FLUSHED_TOGETHER:]
    steps = (("write", first), ("end", first), ("write", last), ("end", last))
    assert events == [f"{what} {n}" for what, some in steps for n in some]


def test_a_job_waits_no_longer_than_a_second_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ntp_dynamics.run.parts.FLUSH_SECONDS", 0.01)
    events: list[str] = []

    def until_the_other_ends() -> None:
        while "end 0" not in events:
            time.sleep(0.001)

    def long() -> Parts[str]:
        yield Work(until_the_other_ends)
        return "long"

    ended = pack([lambda: writing(tmp_path / "0", events), long])
    assert [ended[0].result, ended[1].result] == ["0", "long"]


def test_what_cannot_be_flushed_fails_the_jobs_that_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    def lost(paths: Sequence[Path], whole: set[int]) -> None:
        if paths:
            raise UserError(str(paths[0]), "the disk is gone", "mend it")

    monkeypatch.setattr("ntp_dynamics.run.parts.flush", lost)
    ended = pack([lambda n=n: writing(tmp_path / n, events) for n in "ab"])
    assert all("the disk is gone" in str(end.error) for end in ended.values())
    assert events[-2:] == ["a failed", "b failed"]
    with pytest.raises(UserError, match="gone"):
        run_alone(writing(tmp_path / "c", events))


def test_a_file_that_is_gone_fails_its_own_job_alone(tmp_path: Path) -> None:
    def removed() -> Parts[str]:
        yield Flush([tmp_path / "nowhere"])
        return "removed"

    ended = pack([removed, lambda: writing(tmp_path / "a", [])])
    assert "it cannot be written: no such file" in str(ended[0].error)
    assert ended[1].result == "a"
