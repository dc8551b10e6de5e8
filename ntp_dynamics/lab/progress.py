"""Progress on a terminal (rate, time left), and Ctrl-C that lets a step finish."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

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

Item = TypeVar("Item")
REFRESH_SECONDS = 0.1


class Rate(ProgressColumn):
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
        Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        refresh_per_second=10,
    )


def track(
    progress: Progress, items: Iterable[Item], description: str, total: int
) -> Iterator[Item]:
    """Yield the items and move a bar, at most ten times a second: steps take microseconds."""
    task = progress.add_task(description, total=total)
    shown = time.monotonic()
    done = 0
    for done, item in enumerate(items):
        yield item
        if (now := time.monotonic()) - shown > REFRESH_SECONDS:
            progress.update(task, completed=done)
            shown = now
    progress.update(task, completed=done)


class Interrupt:
    """Whether someone pressed Ctrl-C."""

    requested = False


@contextmanager
def graceful_interrupt() -> Iterator[Interrupt]:
    """The first Ctrl-C sets a flag that loops look at; the second interrupts at once."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt  # signals reach the main thread only
        return

    def note(number: int, frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.requested = True

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, previous)
