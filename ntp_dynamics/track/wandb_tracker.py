"""The tracker that mirrors a job to Weights & Biases.

An error of wandb is told once and ends the mirror, not the job.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from ntp_dynamics.draw.heatmap import heatmap
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.track.tracker import Say, Tracker, first_line
from ntp_dynamics.track.wandb_run import wandb

STATISTICS: dict[str, Callable[[np.ndarray], np.floating]] = {
    "median": np.median,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
}
"""What is mirrored of a scalar: over the runs of the job."""


class WandbTracker(Tracker):
    """Mirrors scalars as median, mean, min and max over runs, some arrays of run 0 as images."""

    def __init__(self, run: wandb.Run, say: Say, images: Collection[str] = ()):
        self._run = run
        self._images = images
        self._say = say
        self._works = True
        self._stages: set[str] = set()
        self._due: dict[str, int] = {}
        self._skipped: dict[str, tuple[int, dict[str, np.ndarray]]] = {}

    def watch(self, stage: str, step: int, measured: Mapping[str, np.ndarray]) -> None:
        # every step up to 50, then about 115 a decade and the last: a row costs about a millisecond
        due, skipped = {}, {}
        for name, value in measured.items():
            wait = step < self._due.get(f"{stage}/{name}", 0)
            (skipped if wait else due)[name] = value
        self._due |= {f"{stage}/{name}": step + 1 + step // 50 for name in due}
        self._skipped[stage] = step, skipped
        self._mirror(lambda: self._log(stage, step, due))

    def verdicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        def log() -> None:
            table = wandb.Table(columns=list(rows[0]), data=[[*row.values()] for row in rows])
            self._run.log({"verdicts": table})

        self._mirror(log)

    def summary(self, values: Mapping[str, Any]) -> None:
        self._mirror(lambda: self._run.summary.update(dict(values)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for stage, (step, skipped) in self._skipped.items():
            self._mirror(partial(self._log, stage, step, skipped))
        try:
            self._run.finish(exit_code=0 if kind is None else 1)
        except Exception as broken:
            self._end(broken)
            if not isinstance(broken, TimeoutError):
                # the service is gone; forgotten, a next job starts a new one
                with suppress(Exception, SystemExit):
                    wandb.teardown()

    def _log(self, stage: str, step: int, measured: Mapping[str, np.ndarray]) -> None:
        clock = f"{stage}/step"
        if stage not in self._stages:
            self._stages.add(stage)
            self._run.define_metric(clock, hidden=True)
            self._run.define_metric(f"{stage}/*", step_metric=clock)
        row: dict[str, Any] = {f"{stage}/{key}": value for key, value in _statistics(measured)}
        for name in measured:
            if name in self._images and (found := _image(measured[name][0])) is not None:
                image, said = found
                row[f"{stage}/{name}"] = wandb.Image(image, caption=f"run 0, step {step}{said}")
        if row:
            self._run.log({clock: step, **row})

    def _mirror(self, action: Callable[[], Any]) -> None:
        """Do something with wandb, unless it broke before."""
        if self._works:
            try:
                action()
            except Exception as error:
                self._end(error)

    def _end(self, error: Exception) -> None:
        """The first error of wandb is the last thing heard of it."""
        if self._works:
            self._works = False
            self._say(redact(f"wandb: no longer tracked: {first_line(error)}"))


def _image(values: np.ndarray) -> tuple[np.ndarray, str] | None:
    """An array of one or two axes as an image, and what its shades say where that is not 0 to 1;
    None without a value."""
    rows = values.astype(float)[None] if values.ndim == 1 else values.astype(float)
    there = rows[np.isfinite(rows)]
    if rows.ndim != 2 or not there.size:
        return None
    low, high = float(there.min()), float(there.max())
    if low >= 0 and high <= 1:
        return heatmap(rows), ""
    return heatmap(rows, low, high), f", pale {low:.3g}, dark {high:.3g}"


def _statistics(measured: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float]]:
    """The finite statistics of every scalar (R,), nan left out."""
    for name, values in measured.items():
        if values.ndim == 1 and len(numbers := values[~np.isnan(values)]):
            for key, statistic in STATISTICS.items():
                if np.isfinite(value := float(statistic(numbers))):
                    yield f"{name}.{key}", value
