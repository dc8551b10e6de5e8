"""The tracker that mirrors a job to Weights & Biases.

An error of wandb is told once and ends the mirror, not the job.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from ntp_dynamics.draw.heatmap import heatmap
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.track.rows import Detail, Thinning, side_by_side, statistics
from ntp_dynamics.track.tracker import Say, Tracker, first_line
from ntp_dynamics.track.wandb_run import wandb

PATIENCE = 30.0
"""Seconds after which what was collected is written, so that a long job can be looked at."""


class WandbTracker(Tracker):
    """Mirrors scalars as median, mean, min and max over runs, some arrays of run 0 as images.

    Where nobody can watch (``live`` is false) rows are collected and written in one go, those of
    all stages side by side: wandb takes the most of a millisecond for each.
    """

    def __init__(
        self, run: wandb.Run, say: Say, detail: Detail, images: Collection[str] = (), live=False
    ):
        self._run = run
        self._images = images
        self._say = say
        self._works = True
        self._thinning = Thinning(detail, images)
        self._rows: dict[str, dict[int, dict[str, Any]]] = {}
        self._patience = 0.0 if live else PATIENCE
        self._written = time.monotonic()

    def watch(self, stage: str, step: int, measured: Mapping[str, np.ndarray]) -> None:
        self._mirror(lambda: self._collect(stage, step, self._thinning.due(stage, step, measured)))
        if time.monotonic() - self._written >= self._patience:
            self._mirror(self._write)

    def verdicts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        def log() -> None:
            table = wandb.Table(columns=list(rows[0]), data=[[*row.values()] for row in rows])
            self._run.log({"verdicts": table})

        self._conclude()
        self._mirror(log)

    def summary(self, values: Mapping[str, Any]) -> None:
        self._conclude()
        self._mirror(lambda: self._run.summary.update(dict(values)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._conclude()
        try:
            self._run.finish(exit_code=0 if kind is None else 1)
        except Exception as broken:
            self._end(broken)
            if not isinstance(broken, TimeoutError):
                # the service is gone; forgotten, a next job starts a new one
                with suppress(Exception, SystemExit):
                    wandb.teardown()

    def _collect(self, stage: str, step: int, measured: Mapping[str, np.ndarray]) -> None:
        clock = f"{stage}/step"
        if stage not in self._rows:
            self._rows[stage] = {}
            self._run.define_metric(clock, hidden=True)
            self._run.define_metric(f"{stage}/*", step_metric=clock)
        row: dict[str, Any] = {f"{stage}/{key}": value for key, value in statistics(measured)}
        for name in measured:
            if name in self._images and (found := _image(measured[name][0])) is not None:
                image, said = found
                row[f"{stage}/{name}"] = wandb.Image(image, caption=f"run 0, step {step}{said}")
        if row:
            empty = {clock: step, "_timestamp": time.time()}
            self._rows[stage].setdefault(step, empty).update(row)

    def _conclude(self) -> None:
        """Write all rows; nothing is measured any more."""
        for stage, step, measured in self._thinning.rest():
            self._mirror(partial(self._collect, stage, step, measured))
        self._mirror(self._write)

    def _write(self) -> None:
        for row in side_by_side(self._rows):
            self._run.log(row)
        for rows in self._rows.values():
            rows.clear()
        self._written = time.monotonic()

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
