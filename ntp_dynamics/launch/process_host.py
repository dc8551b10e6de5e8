"""The process that the workers of a sweep are forked from, in lines of JSON on its standard input
and output.

It imports once what all of them need, holds no lock, no thread and no open file, and is told packs
by name; a fork of it trains each, so many at a time.  Where its input ends, the process of the
sweep has ended: workers are asked to stop, and it leaves.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ntp_dynamics.launch.packs import Outcome, Pack
from ntp_dynamics.launch.work import ready, work

IGNORED = (signal.SIGINT, signal.SIGHUP)
"""What a terminal sends to all: the process of the sweep says what is to be done about it."""


@dataclass
class Worker:
    """A fork that trains a pack, and what it has said so far."""

    name: str
    pid: int
    line: BinaryIO
    said: bytearray = field(default_factory=bytearray)


class Host:
    """Packs that wait, and workers under way."""

    def __init__(self, most: int):
        self.most = most
        self.ends = False
        self._waiting: deque[tuple[str, str]] = deque()
        self._lines = selectors.DefaultSelector()
        self._lines.register(sys.stdin.fileno(), selectors.EVENT_READ)
        self._workers: dict[int, Worker] = {}
        self._alive, self._end = os.pipe()  # of which the workers see the end of this process

    def serve(self) -> None:
        """Until nobody is there any more, and all workers have ended."""
        told = bytearray()
        while not self.ends or self._workers:
            for key, _ in self._lines.select():
                if key.fd in self._workers:
                    self._hear(self._workers[key.fd])
                elif body := os.read(key.fd, 1 << 16):
                    *lines, told = (told + body).split(b"\n")
                    for line in lines:
                        self._do(json.loads(line))
                else:
                    self._lines.unregister(key.fd)
                    self._stop(signal.SIGTERM)
                    self.ends = True
            self._begin()

    def _do(self, said: dict[str, Any]) -> None:
        if "stop" in said:
            self._stop(signal.SIGINT)
            return
        if not self._waiting and not self._workers:
            ready(Pack.read(said["pack"]))
        self._waiting.append((said["name"], said["pack"]))

    def _stop(self, number: int) -> None:
        """Workers finish the step at hand; what waits is not begun."""
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(worker.pid, number)
        while self._waiting:
            name, _ = self._waiting.popleft()
            self._say(name, Outcome({}, {}, signal.Signals(number).name).text(), "")

    def _begin(self) -> None:
        while self._waiting and len(self._workers) < self.most:
            name, pack = self._waiting.popleft()
            ours, theirs = os.pipe()
            if not (pid := os.fork()):
                self._work(pack, theirs)
            os.close(theirs)
            self._lines.register(ours, selectors.EVENT_READ)
            self._workers[ours] = Worker(name, pid, os.fdopen(ours, "rb", buffering=0))

    def _work(self, pack: str, line: int) -> None:
        """In a fork, which ends here."""
        code = 1
        try:
            for number in IGNORED:
                signal.signal(number, signal.default_int_handler)
            os.close(self._end)
            threading.Thread(target=_end_with, args=(self._alive,), daemon=True).start()
            with os.fdopen(line, "wb") as out:
                out.write(work(pack).encode())
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _hear(self, worker: Worker) -> None:
        """What a worker says; where its line ends, so has it."""
        if body := worker.line.read(1 << 16):
            worker.said += body
            return
        _, status = os.waitpid(worker.pid, 0)
        del self._workers[worker.line.fileno()]
        self._lines.unregister(worker.line)
        worker.line.close()
        if status == 0:
            self._say(worker.name, worker.said.decode(), "")
        else:
            self._say(worker.name, None, _why(status))

    def _say(self, name: str, outcome: str | None, why: str) -> None:
        with suppress(BrokenPipeError):  # nobody listens any more, which the input tells too
            body = json.dumps({"name": name, "outcome": outcome, "why": why}) + "\n"
            sys.stdout.write(body)
            sys.stdout.flush()


def _end_with(alive: int) -> None:
    """Ask this worker to stop where the host has ended."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _why(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"


if __name__ == "__main__":
    for ignored in IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    Host(int(sys.argv[1])).serve()
