"""T1: clocks that jump and workers that sleep; nobody's claim is taken from them."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from typing import NamedTuple

from benchmarks.torture.child import Ended, resume_here
from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY, eager, start, whole_job
from benchmarks.torture.records import Bytes, record_bytes
from benchmarks.torture.shim import Count, Suffer, What, set_clock
from ntp_dynamics.record.status import told

DAY = 86400.0
TO_2038 = 2**31 + 10.0


class Clock(NamedTuple):
    """What becomes of a clock: seconds it jumps, and where the machine says it stands."""

    name: str
    wall: float
    monotonic: float = 0.0
    zone: str = ""


CLOCKS = (
    Clock("right", 0),
    Clock("a day ahead", DAY),
    Clock("a day back", -DAY),
    Clock("an NTP step", 0.5),
    Clock("an NTP step back", -0.5),
    Clock("at 2038", TO_2038 - 1.8e9),
    Clock("in 1971", 3.2e7 - 1.8e9),
    Clock("summer time", 3600, zone="Europe/Rome"),
    Clock("another zone", 0, zone="Pacific/Auckland"),
    Clock("after a suspension", DAY, DAY),
)


def run(workshop: Workshop) -> Counts:
    """Each jump, of a worker and of its rivals; it sleeps in the middle of its job."""
    expected = whole_job(workshop, *TINY)[1]
    place, seen = workshop.fresh("counted"), Count()
    start(workshop, place, TINY, Suffer(place, seen=seen)).wait()
    cases = [(mine, its) for mine in CLOCKS for its in (CLOCKS[0], mine)][1:]
    few = cases[:: workshop.size(1, 6)]
    return workshop.spread(partial(_try, expected=expected, middle=seen.value // 2), few)


def _try(workshop: Workshop, clocks: tuple[Clock, Clock], expected: Bytes, middle: int) -> Counts:
    mine, its = clocks
    place, counts = workshop.fresh("place"), Counts()
    counts.tried["a worker sleeps, and a clock jumps"] += 1
    told_ = f"worker {its.name}, rival {mine.name}"
    worker = _start(workshop, place, its, Suffer(place, middle, What.STOP))
    if not worker.wait_until_stopped():
        return Counts(faults=[f"{told_}: the worker ended before it slept"])
    for rival in (_resume(workshop, place, mine), _start(workshop, place, mine).wait()):
        counts.tried["rivals"] += 1
        said = one_line(rival.error_lines)
        if rival.code != 2 or said or "at work in it" not in rival.err:
            counts.faults.append(f"{told_}: a rival ended with {rival.code}: {rival.err[-200:]}")
    if told(place / "job")["state"] != "running":
        counts.faults.append(f"{told_}: a sleeping worker is told {told(place / 'job')['state']}")
    time.sleep(2.5 if not workshop.quick else 0)  # longer than any interval of the lab
    worker.send(signal.SIGCONT)
    done = worker.wait()
    status = told(place / "job")
    if done.code or status["state"] != "done" or record_bytes(place / "job") != expected:
        counts.faults.append(f"{told_}: the worker ended with {done.code}: {done.err[-200:]}")
    elif not 0 <= status["seconds"] < 2 * DAY:
        counts.faults.append(f"{told_}: it took {status['seconds']} seconds")
    return counts


def _start(workshop: Workshop, place, clock: Clock, suffer: Suffer | None = None):
    def jump() -> None:
        """Once the job has begun."""
        from ntp_dynamics.run import job

        eager()
        real = job.prepare

        def prepare(*given):
            set_clock(clock.wall, clock.monotonic)
            if clock.zone:
                os.environ["TZ"] = clock.zone
                time.tzset()
            return real(*given)

        job.prepare = prepare

    return start(workshop, place, TINY, suffer, first=jump)


def _resume(workshop: Workshop, place, clock: Clock) -> Ended:
    def do() -> None:
        set_clock(clock.wall, clock.monotonic)
        resume_here(["job"])

    return workshop.nursery.start(do, place).wait()


CLOCKS_JUMP = Experiment(
    "clocks",
    "T1",
    "clocks jump by a day, to 1971 and 2038, change zone; a worker sleeps (SIGSTOP) meanwhile",
    "no claim is taken from a worker that lives, no negative duration, equal bytes",
    run,
)
