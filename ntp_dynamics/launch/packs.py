"""Packs: a few jobs of a sweep each, told as plain text to whoever trains them elsewhere.

A pack is JSON: it crosses processes and machines, and nothing in it is executed.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ntp_dynamics import __version__
from ntp_dynamics.launch.multirun import PackedJob
from ntp_dynamics.studies import PLACES

ENVIRONMENT = (PLACES, "WANDB_MODE", "WANDB_PROJECT", "WANDB_DIR")
"""Variables that the lab reads itself and that hold no secret: a worker elsewhere is told them."""
MOST = 1000
"""Packs of a sweep: an array of a cluster often takes no more."""


@dataclass(frozen=True)
class Place:
    """What a process needs to know to train jobs as the one that planned them would."""

    folder: str
    """The working directory: relative paths of a configuration begin there."""
    search: list[str]
    """Folders of `--config-dir`."""
    places: list[str]
    """Overrides of `hydra.searchpath`."""
    modules: list[str]
    """Where Python looks for modules (`hooks.modules`)."""
    environment: dict[str, str]
    version: str = __version__

    @classmethod
    def here(cls, search: Sequence[str] = (), places: Sequence[str] = ()) -> Place:
        """That of this process."""
        return cls(
            folder=os.getcwd(),
            search=[str(Path(directory).absolute()) for directory in search],
            places=list(places),
            modules=[str(Path(directory).absolute()) for directory in sys.path],
            environment={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        )


@dataclass(frozen=True)
class Pack:
    """Jobs that one worker trains, so many at a time as it has threads."""

    jobs: list[PackedJob]
    threads: int
    place: Place

    def text(self) -> str:
        """As JSON."""
        jobs = [{**asdict(job), "directory": str(job.directory.absolute())} for job in self.jobs]
        return json.dumps({"jobs": jobs, "threads": self.threads, "place": asdict(self.place)})

    @classmethod
    def read(cls, text: str) -> Pack:
        """The inverse of `text`."""
        said = json.loads(text)
        jobs = [PackedJob(**{**j, "directory": Path(j["directory"])}) for j in said["jobs"]]
        return cls(jobs, said["threads"], Place(**said["place"]))


@dataclass(frozen=True)
class Outcome:
    """What became of a pack: values and reasons by the number of a job, and what stopped it."""

    values: dict[int, float]
    failed: dict[int, str]
    stopped: str | None = None
    """The signal, or Ctrl-C."""

    def text(self) -> str:
        """As JSON; a value that is not a number is null there."""
        values = {number: None if math.isnan(x) else x for number, x in self.values.items()}
        return json.dumps({"values": values, "failed": self.failed, "stopped": self.stopped})

    @classmethod
    def read(cls, text: str) -> Outcome:
        """The inverse of `text`."""
        said = json.loads(text)
        values = {int(n): math.nan if x is None else float(x) for n, x in said["values"].items()}
        failed = {int(n): str(reason) for n, reason in said["failed"].items()}
        return cls(values, failed, said["stopped"])


def split(jobs: Sequence[PackedJob], packs: int, size: int | None = None) -> list[list[PackedJob]]:
    """Jobs in packs of a size; by default so large that there are so many packs."""
    packs = min(max(packs, 1), MOST)
    size = size or max(1, math.ceil(len(jobs) / packs))
    return [list(jobs[i : i + size]) for i in range(0, len(jobs), size)]
