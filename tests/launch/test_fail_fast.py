"""`fail_fast`: the first job that fails ends a sweep, and the next command goes on with it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ntp_dynamics import cli
from ntp_dynamics.launch.fail_fast import MARK
from tests.small_jobs import SMALL

OVERFLOWS = "train.attention.step_size=1e100,0.1,0.2,0.3,0.4,0.5"
SWEEP = ["-m", *SMALL, "optimizer=gd", "train.margin=9.23", "train.attention.steps=5"]


def states(sweep: Path) -> Counter[str]:
    return Counter(json.loads(p.read_text())["state"] for p in sweep.glob("*/status.json"))


def command(monkeypatch: pytest.MonkeyPatch, *more: str) -> object:
    monkeypatch.setattr("sys.argv", ["ntp-train", *SWEEP, OVERFLOWS, *more])
    with pytest.raises(SystemExit) as stopped:
        cli.train()
    return stopped.value.code


@pytest.mark.parametrize("launcher", ["packed", "basic"])
def test_no_job_begins_after_one_has_failed_until_the_command_is_given_again(
    launcher: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ["hydra.sweep.dir=sweep", f"hydra/launcher={launcher}"]
    threads = ["hydra.launcher.threads=1"] if launcher == "packed" else []
    assert command(monkeypatch, *more, *threads, "fail_fast=true") == 1
    assert "error: sweep: fail_fast: no other job begins" in capsys.readouterr().err
    first = states(tmp_path / "sweep")
    assert first["failed"] == 1
    assert first.total() <= 3  # those that were under way end
    assert (tmp_path / "sweep" / MARK).exists()
    assert command(monkeypatch, *more, *threads) == 1
    assert states(tmp_path / "sweep") == {"failed": 1, "done": 5}
    assert not (tmp_path / "sweep" / MARK).exists()
