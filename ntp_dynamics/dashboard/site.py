"""What the server knows: the index, refreshed in the background, and the records last opened."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ntp_dynamics.dashboard.cache import load, save
from ntp_dynamics.dashboard.index import Folder, Index, scan
from ntp_dynamics.dashboard.reading import Reader, Reading
from ntp_dynamics.dashboard.rows import Job

LEAST_SECONDS = 2.0
"""Between two scans; a scan that takes long is followed by a pause twenty times as long."""


class Site:
    """The jobs below a root.  Reading is safe from several threads."""

    def __init__(self, root: Path):
        self.root = root
        self.reader = Reader()
        self._busy = threading.Lock()
        self._index = load(root) or Index(root, {})
        self._next = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Scan the root now, unless another thread is at it."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            started = time.monotonic()
            new = scan(self.root, self._index)
            if new is not self._index:
                _ = new.jobs, new.stamp  # computed here, not while someone waits
                for folder in new.folders.values():
                    _ = folder.swept, folder.observables, folder.telling
                self._index = new
                save(new)
            took = time.monotonic() - started
            self._next = time.monotonic() + max(LEAST_SECONDS, 20 * took)
        finally:
            self._busy.release()

    @property
    def index(self) -> Index:
        """The index as last scanned; an old one starts a scan in the background."""
        if time.monotonic() > self._next and not self._busy.locked():
            self._next = time.monotonic() + LEAST_SECONDS
            threading.Thread(target=self.refresh, daemon=True).start()
        return self._index

    def job(self, key: str) -> Job | None:
        """The job of this name; None where the index has none."""
        return self.index.jobs.get(key)

    def folder(self, key: str) -> Folder | None:
        """The folder of this name; None where the index has none."""
        return self.index.folders.get(key)

    def open(self, job: Job) -> Reading:
        """The record of a job."""
        return self.reader.open(job)
