"""All jobs of a sweep in one process: what one core cannot do at a time, threads do together."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ntp_dynamics import studies
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.launch.directories import subdirectory
from ntp_dynamics.launch.fail_fast import call_off, called_off
from ntp_dynamics.record.finished import returned
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import Planned
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.run.parts import Ended, Parts, run_packed
from ntp_dynamics.run.progress import SweepProgress
from ntp_dynamics.run.start import import_for
from ntp_dynamics.system.errors import UserError, UserErrors, escaped
from ntp_dynamics.system.stops import Interrupt, graceful_interrupt


@dataclass
class Sweep:
    """What the jobs of a sweep share."""

    first: JobConfig | None
    """That of its first job; None where it has none."""
    progress: SweepProgress
    composer: Composer
    planned: Sequence[Planned] = ()
    """Its jobs by their numbers; none where another process planned them."""
    done: set[Path] = field(default_factory=set)
    """The directories of jobs that were found done, every byte of them, when it began."""


under_way: Sweep | None = None
"""The sweep of this process, if any: Hydra hands over overrides only."""


@dataclass(frozen=True)
class PackedJob:
    """One job of a sweep and where its record goes."""

    number: int
    overrides: list[str]
    directory: Path
    identity: str | None = None
    """Its own where another process made sure of it: here it must be the same."""


def tell_failure(number: int, error: Exception) -> None:
    """One line on stderr."""
    print(f"error: job {number}: {reason(error)}; see its log", file=sys.stderr)


def train_many(
    jobs: Sequence[PackedJob],
    threads: int | None,
    tell: Callable[[int, Exception], None] = tell_failure,
) -> list[float]:
    """Train jobs that are under way together; the value that each returns, nan where it failed.

    Each leaves the record it would leave alone; one that fails is told (on stderr) and leaves the
    others as they are.  Raises KeyboardInterrupt after Ctrl-C, or the signal that it names.
    """
    if under_way and under_way.first:
        import_for(under_way.first)
    values = [math.nan] * len(jobs)

    def ended(place: int, job: Ended[float]) -> None:
        if job.result is not None:
            values[place] = job.result
        elif job.error is not None:
            leave_failure(jobs[place].directory, jobs[place].overrides, job.error)
            tell(jobs[place].number, job.error)
            call_off(jobs[place].directory, under_way.first if under_way else None)

    with graceful_interrupt() as interrupt:
        parts = (lambda job=job: _parts(job, interrupt) for job in jobs)
        try:
            run_packed(parts, threads or cores(), interrupt, ended)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(interrupt.said) from None
    return values


def directory_of(number: int, overrides: Sequence[str]) -> str:
    """Of a job of the sweep under way, below it."""
    if under_way and number < len(under_way.planned):
        return under_way.planned[number].directory
    composer = under_way.composer if under_way else Composer()
    return subdirectory(number, lambda: composer.config(overrides))


def job_share(number: int, config: JobConfig):
    """The share of a job in the bar of the sweep; None where a launcher has its own processes."""
    if under_way is None:
        return None
    outline = studies.find(config.study).outline(config)
    return under_way.progress.begin(number, sum(phase.horizon for phase in outline))


def leave_failure(directory: Path, overrides: Sequence[str], error: Exception) -> None:
    """The status of a job that failed before it could leave one of its own."""
    status = {"state": "failed", "overrides": list(overrides), "reason": reason(error)}
    with suppress(UserError):  # it left one, or nothing can be written there
        RecordWriter(directory, status)


def reason(error: Exception) -> str:
    """Why a job failed, in one line."""
    from ntp_dynamics.record.outcome import one_line

    if isinstance(error, UserErrors):
        return escaped(", and ".join(map(str, error.errors)))
    return escaped(one_line(error))


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parts(job: PackedJob, interrupt: Interrupt) -> Parts[float]:
    """A job from its overrides on; what is wrong with them ends this job, as it ends one alone."""
    from ntp_dynamics.run.job import Surroundings, job_parts

    composer = under_way.composer if under_way else Composer()
    config = composer.config(job.overrides)
    key = identity(config)
    if job.identity not in (None, key):
        what = "here it is another job than where it was planned"
        remedy = "a file or a variable that it names differs between machines: make them equal"
        raise UserError(f"job {job.number}", what, remedy)
    known = under_way is not None and job.directory in under_way.done
    if (value := returned(job.directory, config, key, known)) is not None:
        if under_way:
            under_way.progress.show(job.number, 1.0)
        return value
    if called_off(job.directory, config):
        return math.nan
    around = Surroundings(
        overrides=job.overrides,
        progress=job_share(job.number, config),
        figures=False,
        group=job.directory.parent.name,
        interrupting=lambda: nullcontext(interrupt),
        resume=True,
        identity=key,
        together=True,
    )
    record = yield from job_parts(config, job.directory, around)
    return record.returned
