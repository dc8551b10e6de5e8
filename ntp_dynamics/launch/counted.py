"""How many jobs of a sweep are done while it runs, whatever launcher runs them and wherever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ntp_dynamics.record.plan import Plan
from ntp_dynamics.record.store import MANIFEST
from ntp_dynamics.run.progress import SweepProgress

LEAST_SECONDS = 1.0
"""Between two looks; after one that takes long there is a pause fifty times as long."""


@contextmanager
def counted(sweep: Path, plan: Plan, progress: SweepProgress) -> Iterator[None]:
    """Tell the bar of a sweep how many of its jobs have a manifest, as long as this lasts."""
    left = {sweep / job.directory / MANIFEST for job in plan.jobs}
    over = threading.Event()

    def look() -> None:
        left.difference_update([path for path in left if path.exists()])
        progress.count(len(plan.jobs) - len(left))

    def watch() -> None:
        pause = LEAST_SECONDS
        while not over.wait(pause):
            began = time.monotonic()
            look()
            pause = max(LEAST_SECONDS, 50 * (time.monotonic() - began))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        look()
