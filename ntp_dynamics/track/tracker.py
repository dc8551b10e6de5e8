"""Tracking: a job mirrored to where people look at runs.

The mirror is fed what the record already holds and is never the record: it may fail, be late or be
off, and no byte of the record knows.  The tracker here does nothing; `wandb_tracker` has the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

Say = Callable[[str], None]


class Tracker:
    """Tracks nothing.  A context manager around a job; what escapes it marks the run failed."""

    def watch(self, stage: str, step: int, measured: Mapping[str, np.ndarray]) -> None:
        """See what was measured at a step: values (R, ...) by name."""

    def verdicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See the verdicts, rows of a table."""

    def summary(self, values: Mapping[str, Any]) -> None:
        """See what a table of many runs should show of this one."""

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True)
class Subject:
    """What is tracked: a job of an experiment, in the group of its sweep, with its settings, whose
    free texts hold no secrets."""

    experiment: str
    name: str
    group: str | None
    config: Mapping[str, Any]


def first_line(error: BaseException) -> str:
    """What went wrong, short enough for a log."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def tracking_directory() -> Path:
    """Where all runs lie, of all jobs: `wandb leet` shows the runs of one directory."""
    return Path(os.environ.get("WANDB_DIR") or "outputs") / "wandb"
