"""Packs as processes of this machine: what one process does beside the steps, others do too."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from ntp_dynamics.launch.crew import News
from ntp_dynamics.launch.packs import Outcome, Pack
from ntp_dynamics.system.errors import UserError

ROUNDS = 4
"""Packs for each worker: load balances, and a lost pack is small."""
LEAVE_SECONDS = 20.0
"""How long workers may take to end, once nobody waits for them."""


class ProcessCrew:
    """So many workers, forked from a host of their own (`process_host`), which end with this."""

    on_disk = False

    def __init__(self, workers: int):
        self.packs = ROUNDS * workers
        self._workers, self._names = workers, map(str, count())
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def __enter__(self) -> ProcessCrew:
        self._host = subprocess.Popen(
            [sys.executable, "-m", "ntp_dynamics.launch.process_host", str(self._workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def standing(self) -> dict[str, Pack]:
        """None: workers end with the command that started them."""
        return {}

    def give(self, packs: Sequence[Pack]) -> list[str]:
        names = [next(self._names) for _ in packs]
        for name, pack in zip(names, packs, strict=True):
            self._say(name=name, pack=pack.text())
        return names

    def news(self, seconds: float) -> Iterator[News]:
        """Raises UserError where the host is gone."""
        until = time.monotonic() + seconds
        with suppress(queue.Empty):
            while True:
                said = self._said.get(timeout=max(0.0, until - time.monotonic()))
                if said is None:
                    remedy = "repeat the command: what is done is kept"
                    raise UserError("sweep", "the process of its workers is gone", remedy)
                outcome = None if said["outcome"] is None else Outcome.read(said["outcome"])
                yield News(said["name"], outcome, said["why"])

    def stop(self) -> bool:
        """Workers finish the step at hand, and keep what they have."""
        self._say(stop=True)
        return True

    def __exit__(self, *_: object) -> None:
        assert self._host.stdin is not None
        with suppress(OSError):
            self._host.stdin.close()  # which tells it to leave
        try:
            self._host.wait(LEAVE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._host.kill()
            self._host.wait()

    def _say(self, **what: Any) -> None:
        assert self._host.stdin is not None
        with suppress(OSError):  # where it has ended, that is heard
            self._host.stdin.write(json.dumps(what) + "\n")
            self._host.stdin.flush()

    def _listen(self) -> None:
        assert self._host.stdout is not None
        with self._host.stdout as lines:
            for line in lines:
                self._said.put(json.loads(line))
        self._said.put(None)
