"""`fail_fast`: once a job has failed no other of its sweep begins, whatever process would train it.

A file beside their directories tells them; the next command that goes on removes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ntp_dynamics.config.job import JobConfig

MARK = "FAILED"


def call_off(job: Path, config: JobConfig | None) -> None:
    """After a job has failed: say that no other begins, where that is asked for."""
    if config is not None and config.fail_fast and not (job.parent / MARK).exists():
        with suppress(OSError):
            (job.parent / MARK).write_text(f"{job.name}\n", encoding="utf-8")
        print("error: sweep: fail_fast: no other job begins", file=sys.stderr)


def called_off(job: Path, config: JobConfig) -> bool:
    """Whether a job is not to begin."""
    return config.fail_fast and (job.parent / MARK).exists()


def begin(jobs: Iterable[Path]) -> None:
    """A command has its try with jobs in these directories."""
    for place in {job.parent for job in jobs}:
        (place / MARK).unlink(missing_ok=True)
