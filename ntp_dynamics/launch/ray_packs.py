"""Packs as tasks of Ray (`hydra/launcher=packed_ray`).

This process never speaks to Ray: a cluster that dies can hang a client for minutes, or end it from
within.  A client of its own (`ray_client.py`) does, and says that the cluster answers every two
seconds; where it falls silent, or ends, this one says so in one line.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from ntp_dynamics.launch.crew import News
from ntp_dynamics.launch.packs import Outcome, Pack
from ntp_dynamics.system.errors import UserError

SILENT_SECONDS = 15.0
"""After which a cluster that has answered is taken to be gone."""
JOIN_SECONDS, START_SECONDS = 20.0, 90.0
"""How long it may take to join a cluster, and to start a local one."""
ROUNDS = 4
"""Packs for each place in the cluster: load balances, and a lost pack is small."""
LEAVE_SECONDS = 20.0
"""How long the client may take to end, with the tasks it has."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Nothing is reported to anybody."""
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""What makes a local cluster listen on 127.0.0.1 only, and to those who know its token."""


class RayCrew:
    """The workers of a Ray cluster; of a local one, which ends with this, where ``address`` is
    None."""

    def __init__(self, address: str | None, cpus: int, num_cpus: int, log: Path):
        self._address, self._cpus, self._num_cpus, self._log = address, cpus, num_cpus, log
        self._names = map(str, count())
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.packs, self.on_disk = 1, False

    def __enter__(self) -> RayCrew:
        """Raises UserError where no cluster answers, or none of its machines is large enough."""
        environment = {**os.environ, **QUIET}
        if self._address is None:
            environment |= {**LOOPBACK, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
            environment |= {"RAY_worker_niceness": "0"}  # it is this sweep's alone
            environment.pop("RAY_ADDRESS", None)
        self._client = subprocess.Popen(
            [sys.executable, "-m", "ntp_dynamics.launch.ray_client", str(self._log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which asks tasks to stop
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self._say(address=self._address, num_cpus=self._num_cpus)
        try:
            self._join()
        except BaseException:
            self._client.kill()  # it may hang
            self.__exit__()
            raise
        return self

    def _join(self) -> None:
        patience = START_SECONDS if self._address is None else JOIN_SECONDS
        try:
            said = self._said.get(timeout=patience)
        except queue.Empty:
            said = {"error": f"it has not answered for {patience:.0f} s"}
        if said is None or "error" in said:
            why = said["error"] if said else "its client ended"
            remedy = f"see {self._log}, or leave out hydra.launcher.address for a local one"
            raise UserError(f"ray ({self._where})", why, remedy)
        largest = int(said["largest"])
        if largest < self._cpus:
            what = f"no machine of the cluster has {self._cpus} CPUs"
            remedy = f"give at most {largest}"
            raise UserError("hydra.launcher.cpus", what, remedy)
        self.packs = ROUNDS * max(1, int(said["cpus"]) // self._cpus)
        self._heard = time.monotonic()

    @property
    def _where(self) -> str:
        return self._address or "local"

    def standing(self) -> dict[str, Pack]:
        """None: tasks end with the command that started them."""
        return {}

    def give(self, packs: Sequence[Pack]) -> list[str]:
        names = [next(self._names) for _ in packs]
        for name, pack in zip(names, packs, strict=True):
            self._say(name=name, pack=pack.text(), cpus=self._cpus)
        return names

    def news(self, seconds: float) -> Iterator[News]:
        """Raises UserError where the cluster is gone."""
        until = time.monotonic() + seconds
        while True:
            try:
                said = self._said.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if said is None:
                raise self._gone("its client ended")
            if "error" in said:
                raise self._gone(said["error"])
            self._heard = time.monotonic()
            if "name" in said:
                outcome = None if said["outcome"] is None else Outcome.read(said["outcome"])
                yield News(said["name"], outcome, said["why"])
        if time.monotonic() - self._heard > SILENT_SECONDS:
            raise self._gone(f"it has not answered for {SILENT_SECONDS:.0f} s")

    def stop(self) -> bool:
        """Tasks are interrupted: they finish the step at hand, and keep what they have."""
        self._say(stop=True)
        return True

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            assert self._client.stdin is not None
            self._client.stdin.close()  # which tells it to leave
        try:
            self._client.wait(LEAVE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._client.kill()
            self._client.wait()

    def _gone(self, why: str) -> UserError:
        self._client.kill()  # it may hang
        remedy = "repeat the command when it is back: what is done is kept"
        return UserError(f"ray ({self._where})", f"the cluster is gone: {why}", remedy)

    def _say(self, **what: Any) -> None:
        assert self._client.stdin is not None
        with suppress(OSError):  # where it has ended, that is heard
            self._client.stdin.write(json.dumps(what) + "\n")
            self._client.stdin.flush()

    def _listen(self) -> None:
        assert self._client.stdout is not None
        with self._client.stdout as lines:
            for line in lines:
                self._said.put(json.loads(line))
        self._said.put(None)
