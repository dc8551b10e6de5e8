"""Jobs in parts: what must happen in one thread, and work that many threads can do.

A job is a generator.  What it does itself happens in the thread that drives it, one job at a time
(files are written there: HDF5 is not thread-safe).  It yields work, a function without arguments,
and is sent what that returns or thrown what it raises; or files that are to be on the disk before
it goes on.  Nothing here knows what is trained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.flush import flush
from ntp_dynamics.system.stops import Interrupt

Result = TypeVar("Result")
FLUSH_SECONDS = 1.0
"""How long a job waits for others whose files are flushed with its own."""
FLUSHED_TOGETHER = 16
"""Jobs; each has a file or two open meanwhile."""


@dataclass(frozen=True)
class Work:
    """What a job yields."""

    do: Callable[[], Any]
    alone: bool = False
    """Whether threads would not help: it is then done at once, in the thread of the jobs."""


@dataclass(frozen=True)
class Flush:
    """What else a job yields: it goes on once files are on the disk, those of many jobs at one go.

    What it renames then (``later``) is on the disk soon after, at the latest when the last job of a
    pack has ended.
    """

    files: Sequence[Path]
    later: Sequence[Path] = ()

    def do(self) -> None:
        """Raises UserError where they cannot be flushed."""
        flush(self.files, set())


Parts = Generator[Work | Flush, Any, Result]


def run_alone(parts: Parts[Result]) -> Result:
    """Drive one job to its end."""
    work = next(parts)
    try:
        while True:
            work = _resume(parts, work.do)
    except StopIteration as stop:
        return stop.value


@dataclass
class Ended(Generic[Result]):
    """How a job of a pack ended: with a result, or with the error it raised."""

    result: Result | None = None
    error: Exception | None = None


def run_packed(
    jobs: Iterable[Callable[[], Parts[Result]]],
    threads: int,
    interrupt: Interrupt,
    ended: Callable[[int, Ended[Result]], None],
) -> None:
    """Drive many jobs, the work of up to ``threads`` of them at a time.

    ``ended`` is told the place of each job and how it ended, as it ends; a job that fails leaves
    the others as they are.  After an interrupt no job begins; those under way end as they do alone,
    and KeyboardInterrupt is raised.
    """
    pack = _Pack(threads, ended)
    try:
        for place, job in enumerate(jobs):
            pack.make_way()
            if interrupt.requested or pack.interrupted:
                break
            parts = job()
            pack.advance(place, parts, lambda p=parts: next(p))
        pack.end()
    finally:
        pack.close()
    if interrupt.requested or pack.interrupted:
        raise KeyboardInterrupt


class _Pack(Generic[Result]):
    """Jobs under way: at work in a thread, or waiting for the disk."""

    def __init__(self, threads: int, ended: Callable[[int, Ended[Result]], None]):
        self.interrupted = False
        self._threads, self._ended = threads, ended
        self._pool = ThreadPoolExecutor(threads)
        self._at_work: dict[Future[Any], tuple[int, Parts[Result]]] = {}
        self._waiting: list[tuple[int, Parts[Result], Flush]] = []
        self._owed: list[Path] = []
        self._since = 0.0

    def make_way(self) -> None:
        """Wait until another job can begin."""
        while len(self._at_work) > self._threads:  # one more waits, so that no thread does
            self._collect()
        self._flush_if_due()

    def end(self) -> None:
        """Wait until all have ended."""
        while self._at_work or self._waiting:
            if self._at_work:
                self._collect()
            else:
                self._flush()
        self._flush_owed(set())

    def close(self) -> None:
        """Leave what is under way: a second Ctrl-C does not wait for the work."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        left = [parts for _, parts in self._at_work.values()]
        for parts in [*left, *(parts for _, parts, _ in self._waiting)]:
            with suppress(BaseException):
                parts.throw(KeyboardInterrupt())

    def advance(self, place: int, parts: Parts[Result], first: Callable[[], Work | Flush]) -> None:
        """Up to what others do for it, or to its end."""
        try:
            work = first()
            while isinstance(work, Work) and work.alone:
                work = _resume(parts, work.do)
            if isinstance(work, Work):
                self._at_work[self._pool.submit(work.do)] = place, parts
            else:
                self._since = self._since if self._waiting else time.monotonic()
                self._waiting.append((place, parts, work))
        except StopIteration as stop:
            self._ended(place, Ended(stop.value))
        except KeyboardInterrupt:
            self.interrupted = True
        except Exception as error:
            self._ended(place, Ended(error=error))

    def _collect(self) -> None:
        patience = FLUSH_SECONDS if self._waiting else None
        done, _ = wait(self._at_work, patience, return_when=FIRST_COMPLETED)
        for future in done:
            place, parts = self._at_work.pop(future)
            self.advance(place, parts, lambda p=parts, f=future: _resume(p, f.result))
        self._flush_if_due()

    def _flush_if_due(self) -> None:
        late = self._waiting and time.monotonic() - self._since > FLUSH_SECONDS
        if late or len(self._waiting) >= FLUSHED_TOGETHER:
            self._flush()

    def _flush(self) -> None:
        """Flush the files of all that wait, and let them go on."""
        waiting, self._waiting = self._waiting, []
        whole: set[int] = set()
        self._flush_owed(whole)
        self._owed = [file for _, _, each in waiting for file in each.later]
        for place, parts, each in waiting:
            self.advance(
                place, parts, lambda p=parts, e=each: _resume(p, lambda: flush(e.files, whole))
            )

    def _flush_owed(self, whole: set[int]) -> None:
        """Of what was removed since nobody waits."""
        with suppress(UserError):
            flush(self._owed, whole)


def _resume(parts: Parts[Result], do: Callable[[], Any]) -> Work | Flush:
    """Do the work of a job and let the job go on to its next."""
    try:
        value = do()
    except BaseException as error:
        return parts.throw(error)
    return parts.send(value)
