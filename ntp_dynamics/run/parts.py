"""Jobs in parts: what must happen in one thread, and work that many threads can do.

A job is a generator.  What it does itself happens in the thread that drives it, one job at a time
(files are written there: HDF5 is not thread-safe).  It yields work, a function without arguments,
and is sent what that returns or thrown what it raises.  Nothing here knows what is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ntp_dynamics.system.stops import Interrupt

Result = TypeVar("Result")


@dataclass(frozen=True)
class Work:
    """What a job yields."""

    do: Callable[[], Any]
    alone: bool = False
    """Whether threads would not help: it is then done at once, in the thread of the jobs."""


Parts = Generator[Work, Any, Result]


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
    under_way: dict[Future[Any], tuple[int, Parts[Result]]] = {}
    interrupted = False
    pool = ThreadPoolExecutor(threads)

    def advance(place: int, parts: Parts[Result], first: Callable[[], Work]) -> None:
        """Up to the next work that a thread can do, or to the end."""
        nonlocal interrupted
        try:
            work = first()
            while work.alone:
                work = _resume(parts, work.do)
            under_way[pool.submit(work.do)] = place, parts
        except StopIteration as stop:
            ended(place, Ended(stop.value))
        except KeyboardInterrupt:
            interrupted = True
        except Exception as error:
            ended(place, Ended(error=error))

    def collect() -> None:
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            place, parts = under_way.pop(future)
            advance(place, parts, lambda p=parts, f=future: _resume(p, f.result))

    try:
        for place, job in enumerate(jobs):
            while len(under_way) > threads:  # one more waits, so that no thread does
                collect()
            if interrupt.requested or interrupted:
                break
            parts = job()
            advance(place, parts, lambda p=parts: next(p))
        while under_way:
            collect()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for _, parts in under_way.values():  # a second Ctrl-C does not wait for the work
            with suppress(BaseException):
                parts.throw(KeyboardInterrupt())
    if interrupt.requested or interrupted:
        raise KeyboardInterrupt


def _resume(parts: Parts[Result], do: Callable[[], Any]) -> Work:
    """Do the work of a job and let the job go on to its next."""
    try:
        value = do()
    except BaseException as error:
        return parts.throw(error)
    return parts.send(value)
