"""Progress on a terminal: rate, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Stepped(Protocol):
    """Something at a step."""

    @property
    def step(self) -> int: ...


Item = TypeVar("Item", bound=Stepped)
REFRESH_SECONDS = 0.1


class StepsPerSecond(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        speed = task.completed / task.finished_time if task.finished_time else task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def progress_bar(console: Console) -> Progress:
    """A bar with done/total, rate and time left."""
    return Progress(
        TextColumn("{task.description:<13}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        StepsPerSecond(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        refresh_per_second=10,
    )


def throttled(items: Iterable[Item], show: Callable[[int], None]) -> Iterator[Item]:
    """Yield the items and show their step, at most ten times a second: steps take microseconds."""
    shown = time.monotonic()
    step = 0
    for item in items:
        step = item.step
        yield item
        if (now := time.monotonic()) - shown > REFRESH_SECONDS:
            show(step)
            shown = now
    show(step)


class JobProgress:
    """A bar a stage, for one job on its own."""

    def __init__(self, console: Console):
        self.bar = progress_bar(console)

    def __enter__(self) -> JobProgress:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def track(self, items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
        """Yield the items of a stage and move its bar."""
        task = self.bar.add_task(description, total=total)
        return throttled(items, lambda done: self.bar.update(task, completed=done))


class SweepProgress:
    """One bar over all jobs of a sweep, with how many are done; a job counts as one, its steps as
    fractions of it."""

    def __init__(self, console: Console, jobs: int):
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=console,
            refresh_per_second=10,
        )
        self.jobs = jobs
        self._done = 0
        self._task = self.bar.add_task(self._told, total=jobs)
        self._shares: dict[int, float] = {}

    def begin(self, number: int, steps: int) -> SweepShare:
        """A job that comes next, and how many steps it has."""
        return SweepShare(self, number, steps)

    def show(self, number: int, share: float) -> None:
        """How much of a job is done; jobs may be under way together."""
        self._shares[number] = share
        self._update()

    def count(self, done: int) -> None:
        """How many jobs are done, in whatever process."""
        self._done = done
        self.bar.start()
        self._update()
        self.bar.refresh()

    @property
    def _told(self) -> str:
        return f"{self._done:,} of {self.jobs:,} jobs done"

    def _update(self) -> None:
        reached = max(self._done, sum(list(self._shares.values())))
        self.bar.update(self._task, completed=reached, description=self._told)

    def finish(self) -> None:
        """After the last job."""
        self.bar.stop()


class SweepShare:
    """The share of one job in the bar of its sweep."""

    def __init__(self, sweep: SweepProgress, number: int, steps: int):
        self.bar = sweep.bar
        self._sweep, self._number, self._steps = sweep, number, max(steps, 1)
        self._before = 0

    def __enter__(self) -> SweepShare:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing: the bar goes on with the next job; `SweepProgress.finish` stops it."""

    def track(self, items: Iterable[Item], description: str, total: int) -> Iterator[Item]:
        """Yield the items of a stage and move the one bar."""
        before = self._before
        yield from throttled(
            items, lambda step: self._sweep.show(self._number, (before + step) / self._steps)
        )
        self._before += total
