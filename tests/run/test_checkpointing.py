"""When a job keeps where it stands, and what it makes of that."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.launch.again import go_on
from ntp_dynamics.record.checkpoint import Checkpoint, Checkpoints
from ntp_dynamics.run import checkpointing, conclusion
from ntp_dynamics.run import job as run
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.training import Trained, train_phases
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.stops import Interrupt
from ntp_dynamics.system.throttle import Throttle
from tests.small_jobs import SMALL

JOB = [*SMALL, "runs=2"]
RECORD = ("trajectory.nc", "verdicts.json", "config.yaml", "corpora/000.jsonl")
HALF = 20


def doing(action: Callable[[], object], phase: str = "feed_forward") -> ntp.Observable:
    """An observable that does something, half way through a phase."""

    @ntp.observable(phase, long_name="an act", schedule=lambda step: step in (1, HALF, HALF + 1))
    def act(state: Any, reference: Any) -> Any:
        if state.step == HALF:
            action()
        return np.full(2, state.step)

    return act


def nothing() -> None: ...


def equal(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in RECORD)


def log_of(job: Path) -> str:
    return (job / "log.txt").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that nothing stopped."""
    return ntp.train(JOB, tmp_path_factory.mktemp("whole") / "job").path


class Asked(Interrupt):
    """Somebody asks to stop when it has been looked at so often."""

    said = "SIGTERM"

    def __init__(self, looks: int):
        self.left = looks

    @property
    def requested(self) -> bool:  # type: ignore[override]
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same job, stopped half way through its second phase."""
    config = read_config(compose_job(JOB))
    for looks in range(24, 60, 2):
        job = tmp_path_factory.mktemp("cut") / "job"
        around = run.Surroundings(interrupting=lambda n=looks: nullcontext(Asked(n)))
        with pytest.raises(KeyboardInterrupt):
            run.run_job(config, job, around)
        reached = json.loads((job / "status.json").read_text())["reached"]
        if reached.get("attention", 0) > HALF:
            break
    assert reached["feed_forward"] == 40
    assert HALF < reached["attention"] < 120
    return job


@pytest.fixture
def stopped(cut: Path, tmp_path: Path) -> Path:
    return shutil.copytree(cut, tmp_path / "job")


def rewrite(job: Path, **said: object) -> None:
    """Let the newest checkpoint say something else."""
    found, _ = Checkpoints(job).newest()
    assert found is not None
    Checkpoints(job).write(Checkpoint({**found.said, **said}, found.arrays))


def test_a_stopped_job_goes_on_to_equal_bytes_and_leaves_no_checkpoint(
    stopped: Path, whole: Path
) -> None:
    go_on(stopped)
    assert equal(stopped, whole)
    assert "of attention" in log_of(stopped).split("goes on from step")[1].splitlines()[0]
    assert not (stopped / "checkpoints").exists()


def test_a_signal_leaves_a_checkpoint_from_which_python_goes_on_with_its_observables(
    tmp_path: Path,
) -> None:
    kill = doing(partial(os.kill, os.getpid(), signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        ntp.train(JOB, tmp_path / "job", observables=[kill])
    with pytest.raises(UserError, match=r"given act in Python; go on there: ntp\.train"):
        go_on(tmp_path / "job")
    with pytest.raises(UserError, match="already holds a record"):
        ntp.train(JOB, tmp_path / "job", observables=[doing(nothing)])
    ntp.train(JOB, tmp_path / "job", observables=[doing(nothing)], resume=True)
    straight = ntp.train(JOB, tmp_path / "whole", observables=[doing(nothing)])
    assert equal(tmp_path / "job", straight.path)
    assert "goes on from step" in log_of(tmp_path / "job")
    again = ntp.train(JOB, tmp_path / "job", observables=[doing(nothing)], resume=True)
    assert again.trajectory.equals(straight.trajectory)


def test_what_lies_on_the_disk_while_it_trains_is_enough_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the directory is what a killed process leaves."""
    monkeypatch.setattr(checkpointing, "Throttle", lambda *_: Throttle(seconds=0, share=1e9))
    copy = doing(partial(shutil.copytree, tmp_path / "job", tmp_path / "killed"))
    straight = ntp.train(JOB, tmp_path / "job", observables=[copy])
    assert json.loads((tmp_path / "killed/status.json").read_text())["state"] == "running"
    ntp.train(JOB, tmp_path / "killed", observables=[doing(nothing)], resume=True)
    assert equal(tmp_path / "killed", straight.path)
    assert "goes on from step" in log_of(tmp_path / "killed")


def test_without_intervals_nothing_is_kept_until_someone_asks_to_stop(tmp_path: Path) -> None:
    seen: list[bool] = []
    look = doing(lambda: seen.append((tmp_path / "job/checkpoints").exists()))
    ntp.train([*JOB, "runtime.checkpoint_seconds=null"], tmp_path / "job", observables=[look])
    assert seen == [False]


def test_a_job_stopped_while_it_is_judged_trains_no_step_again(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(checkpointing, "SHARE", 1e9)  # whatever it costs
        patched.setattr(conclusion, "judge_claims", stop)
        with pytest.raises(KeyboardInterrupt):
            ntp.train(JOB, tmp_path / "job")
    status = json.loads((tmp_path / "job/status.json").read_text())
    assert (status["state"], status["reason"]) == ("interrupted", "SIGTERM")
    go_on(tmp_path / "job")
    assert "goes on from step 120 of attention" in log_of(tmp_path / "job")
    assert equal(tmp_path / "job", whole)


def test_another_processor_or_library_is_refused_unless_allowed_and_then_marked(
    stopped: Path, whole: Path
) -> None:
    before = Checkpoints(stopped).newest()[0]
    assert before is not None
    rewrite(stopped, fingerprint={**before.said["fingerprint"], "numpy": "0.1"})
    with pytest.raises(UserError, match=r"written with another numpy 0\.1 -> .*allow_changed=true"):
        ntp.train(JOB, stopped, resume=True)
    ntp.train([*JOB, "runtime.allow_changed=true"], stopped, resume=True)
    (changed,) = json.loads((stopped / "status.json").read_text())["changed"]
    assert changed.startswith("numpy 0.1 -> ")
    assert changed.endswith("of attention")
    assert (stopped / "trajectory.nc").read_bytes() == (whole / "trajectory.nc").read_bytes()


def test_the_checkpoint_of_another_job_is_not_used(stopped: Path, whole: Path) -> None:
    rewrite(stopped, identity="0123456789abcdef")
    ntp.train(JOB, stopped, resume=True)
    assert equal(stopped, whole)
    assert "goes on" not in log_of(stopped)


def test_a_damaged_checkpoint_gives_the_one_before_it_and_says_so(
    stopped: Path, whole: Path
) -> None:
    rewrite(stopped)
    (stopped / "checkpoints/000002.ckpt").write_bytes(b"damaged")
    ntp.train(JOB, stopped, resume=True)
    assert equal(stopped, whole)
    assert "it is not the checkpoint that was written" in log_of(stopped)
    assert "goes on from step" in log_of(stopped)


def test_a_job_goes_on_where_no_checkpoint_can_be_written_and_says_so_once(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "Throttle", lambda *_: Throttle(seconds=0, share=1e9))
    (tmp_path / "job").mkdir()
    (tmp_path / "job/checkpoints").write_text("a file of the user's")
    ntp.train(JOB, tmp_path / "job")
    assert equal(tmp_path / "job", whole)
    assert log_of(tmp_path / "job").count("goes on without checkpoints") == 1


def test_an_observable_that_was_dropped_stays_dropped(tmp_path: Path) -> None:
    def broken(then: Callable[[], object]) -> list[ntp.Observable]:
        @ntp.observable("feed_forward", long_name="one that breaks")
        def breaks(state: Any, reference: Any) -> Any:
            return np.full(2, 1.0 if state.step != 5 else 1 / 0)

        return [breaks, doing(then)]

    kill = partial(os.kill, os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        ntp.train(JOB, tmp_path / "job", observables=broken(kill))
    gone_on = ntp.train(JOB, tmp_path / "job", observables=broken(nothing), resume=True)
    straight = ntp.train(JOB, tmp_path / "whole", observables=broken(nothing))
    assert equal(gone_on.path, straight.path)
    assert gone_on.status["notes"] == straight.status["notes"]
    assert np.isfinite(gone_on.stage("feed_forward")["breaks"]).sum() == 2 * 5


def test_who_watches_sees_each_step_once_and_in_order() -> None:
    job = prepare(read_config(compose_job(JOB)))

    def watched(interrupt: Interrupt, begin: Any = None) -> tuple[Trained, list[Any]]:
        seen: list[Any] = []

        def watch(phase: str, step: int, values: Mapping[str, np.ndarray]) -> None:
            there = {name: x for name, x in values.items() if not np.isnan(x).all()}
            seen.extend((phase, step, name, hash(x.tobytes())) for name, x in there.items())

        return train_phases(job, lambda way, *_: iter(way), interrupt, watch, begin=begin), seen

    _, whole = watched(Interrupt())
    trained, first = watched(Asked(10))
    _, second = watched(Interrupt(), trained.snapshot)
    assert 0 < len(first) < len(whole)
    assert sorted(second) == sorted(whole)
    assert [seen[:2] for seen in second] == [seen[:2] for seen in whole]
