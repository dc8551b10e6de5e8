"""Every job and every sweep has a directory of its own, however many start together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job
from ntp_dynamics.launch.command import RUN, SWEEP, locked
from ntp_dynamics.system.owner import DirectoryLock
from tests.small_jobs import Command


@pytest.mark.parametrize("key", [RUN, SWEEP])
def test_of_fifty_that_start_in_one_second_each_gets_its_own(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Composed once, so all have the same second in their name."""
    monkeypatch.chdir(tmp_path)
    composed = compose_job(["experiment=smoke"])
    barrier = Barrier(50)
    with ExitStack() as stack, ThreadPoolExecutor(50) as pool:

        def start(_: int) -> Path:
            barrier.wait()
            return stack.enter_context(locked(composed, key, []))

        found = list(pool.map(start, range(50)))
        assert len({path.resolve() for path in found}) == 50
        assert all(path.is_dir() for path in found)


@pytest.mark.parametrize("key", [RUN, SWEEP])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_that_was_asked_for_goes_to_one(
    key: str, overwrite: bool, tmp_path: Path
) -> None:
    asked = [f"{key}={tmp_path}/here", f"overwrite={overwrite}"]
    composed = compose_job(["experiment=smoke", *asked])
    with locked(composed, key, asked) as directory:
        assert directory == tmp_path / "here"
        with pytest.raises(ntp.UserError, match="is at work in it"), locked(composed, key, asked):
            pass
    with locked(composed, key, asked) as directory:
        assert directory == tmp_path / "here"
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_two_sweeps_in_one_folder_are_two_sweeps(command: Command, tmp_path: Path) -> None:
    assert command("-m", "seed=0,1") == 0
    (first,) = (tmp_path / "multirun/smoke").iterdir()
    with DirectoryLock(first):  # as if it were still under way
        told = ["-m", "seed=2,3", f"hydra.sweep.dir={first.relative_to(tmp_path)}"]
        for more in ([], ["overwrite=true"]):
            assert command(*told, *more) == 2
    table = ntp.load_sweep(first)
    assert list(table["seed"]) == [0, 1]
    assert command(*told, "overwrite=true") == 0
    assert list(ntp.load_sweep(first)["seed"]) == [2, 3]
    assert sum(path.is_dir() for path in first.iterdir()) == 2  # nothing is left of the others


def test_a_sweep_does_not_remove_a_job_that_runs_below_it(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("hydra.run.dir=s/7") == 0
    capsys.readouterr()
    with DirectoryLock(tmp_path / "s/7"):
        told = ["-m", "seed=0", "hydra.sweep.dir=s", "overwrite=true"]
        assert command(*told) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: s/7: process ")
    assert ntp.load_run(tmp_path / "s/7").verdicts


def test_a_job_may_lie_beside_the_records_of_others(command: Command, tmp_path: Path) -> None:
    assert command("hydra.run.dir=s/7") == 0
    assert command("hydra.run.dir=s") == 0
    assert ntp.load_run(tmp_path / "s").verdicts
