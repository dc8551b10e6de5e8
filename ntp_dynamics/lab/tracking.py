"""Tracking: a job mirrored to where people look at runs.

The mirror is fed what the record already holds and is never the record: it may fail, be late or be
off, and no byte of the record knows.  The tracker here does nothing; `wandb_tracker` has the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ntp_dynamics.lab.errors import UserError, short
from ntp_dynamics.lab.secrets import redact

Say = Callable[[str], None]


class Mode(StrEnum):
    """Talk to a server, keep local files only, or do nothing."""

    online = "online"
    offline = "offline"
    disabled = "disabled"


MODES = {
    **{mode.value: mode.value for mode in Mode},
    "dryrun": Mode.offline.value,
    "run": Mode.online.value,
    "": Mode.offline.value,
}
"""The modes that wandb reads from WANDB_MODE, its older words too; empty is unset."""

Project = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^/\\#?%:]+$")]


def from_environment(setting: str) -> str:
    """`mode` or `project` of a tracker, as WANDB_MODE or WANDB_PROJECT say.  Raises UserError."""
    name = f"WANDB_{setting.upper()}"
    value = os.environ.get(name, "")
    if setting == "mode":
        if value not in MODES:
            what = f"{short(repr(value))} is not a mode"
            raise UserError(name, what, "use online, offline or disabled, or unset it")
        return MODES[value]
    value = value or WandbTracking.project
    if len(value) > 128 or set(value) & set("/\\#?%:"):
        what = f"{short(repr(value))} is not a name that wandb takes"
        raise UserError(name, what, "use at most 128 characters and none of / \\ # ? % :")
    return value


@dataclass
class Tracking:
    """Where jobs are mirrored while they run (a config group)."""


@dataclass
class WandbTracking(Tracking):
    """Weights & Biases."""

    mode: Mode = Mode.offline
    project: Project = "ntp-dynamics"


@dataclass
class NoTracking(Tracking):
    """Nowhere."""


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


def is_on(settings: Tracking) -> bool:
    """Whether jobs leave anything at `tracking_directory`."""
    return isinstance(settings, WandbTracking) and settings.mode is not Mode.disabled


def open_tracker(settings: Tracking, subject: Subject, say: Say) -> Tracker:
    """The tracker of a job.

    ``say`` is told, in one line, what a person should know: no server, a mirror that broke.
    """
    if not (isinstance(settings, WandbTracking) and is_on(settings)):
        return Tracker()
    try:
        from ntp_dynamics.lab.wandb_run import open_run
        from ntp_dynamics.lab.wandb_tracker import WandbTracker

        return WandbTracker(open_run(settings, subject, say), say)
    except Exception as error:
        say(redact(f"wandb: not tracked: {first_line(error)}"))
        return Tracker()


def tracking_directory() -> Path:
    """Where all runs lie, of all jobs: `wandb leet` shows the runs of one directory."""
    return Path(os.environ.get("WANDB_DIR") or "outputs") / "wandb"


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        nested = isinstance(value, Mapping)
        flat |= flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def first_line(error: BaseException) -> str:
    """What went wrong, short enough for a log."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
