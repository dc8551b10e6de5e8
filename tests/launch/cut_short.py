"""Sweeps of three jobs that were cut short, and what is asked of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ntp_dynamics import cli
from tests.small_jobs import Command
from tests.sweeps import job_of

SWEEP = ("-m", "seed=0,1,2")
RECORD = ("trajectory.nc", "verdicts.json", "config.yaml", "corpora/000.jsonl")


def resumed(directory: Path, *flags: str) -> int:
    try:
        cli.resume([str(directory), *flags])
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


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


def equal(one: Path, other: Path, names: Sequence[str] = RECORD) -> bool:
    return all(
        (job_of(one, i) / n).read_bytes() == (job_of(other, i) / n).read_bytes()
        for i in range(3)
        for n in names
    )


def cut_again(command: Command, tmp_path: Path, other: Path) -> Path:
    """Another one like it."""
    hidden = tmp_path / "hidden"
    os.rename(other, hidden)
    second = cut(command, tmp_path)
    os.rename(hidden, other)
    return second
