"""A sweep whose jobs others train: packs are handed out, what becomes of them is collected.

Who runs a pack (Ray, a batch system) is a `Crew`.  All that is known of a job is what it left in its
directory: whoever takes it up again skips what is sealed, and the lock of a directory lets one
writer in at a time.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from ntp_dynamics.launch import multirun
from ntp_dynamics.launch.multirun import PackedJob
from ntp_dynamics.launch.packs import Outcome, Pack, Place, split
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.store import MANIFEST, STATUS
from ntp_dynamics.run.progress import Interrupt, SweepProgress, graceful_interrupt
from ntp_dynamics.system.errors import UserError, escaped
from ntp_dynamics.system.throttle import Throttle

LOOK_SECONDS = 0.5
"""How long the news of packs are waited for before anything else is looked at."""


@dataclass(frozen=True)
class News:
    """A pack that is under way no longer."""

    name: str
    outcome: Outcome | None
    """None where whoever trained it is gone."""
    why: str = ""
    """What is known of that."""


class Crew(AbstractContextManager, Protocol):
    """Those who run packs.  Entering it and `news` raise UserError where they cannot be reached."""

    workers: int
    """How many packs can be under way at a time."""

    def standing(self) -> dict[str, Pack]:
        """Packs of this sweep that are under way since an earlier command."""
        ...

    def give(self, packs: Sequence[Pack]) -> list[str]:
        """Hand packs out; their names."""
        ...

    def news(self, seconds: float) -> Iterable[News]:
        """What ended since, after that time at most."""
        ...

    def stop(self) -> bool:
        """Called when the user asks to stop: whether packs do, and their end is to be waited for."""
        ...


@dataclass
class _Sweep:
    """The jobs by number, and what is known of them."""

    jobs: dict[int, PackedJob]
    values: dict[int, float]
    lost: Counter[int]
    """How often whoever trained a job was gone."""
    given: dict[str, list[int]]
    """The jobs of packs under way."""


def train_elsewhere(
    jobs: Sequence[PackedJob], crew: Crew, threads: int, size: int | None, retries: int
) -> list[float]:
    """Have jobs trained by a crew, ``size`` to a pack; the value that each returns, nan where it
    failed.

    A pack whose worker is gone is handed out again without what is sealed, in the end job by job;
    a job that has cost ``retries`` + 1 workers is given up.  Raises KeyboardInterrupt after Ctrl-C;
    exits with one line where the crew cannot be reached.
    """
    sweep = _Sweep({job.number: _with_identity(job) for job in jobs}, {}, Counter(), {})
    try:
        with graceful_interrupt() as interrupt, crew:
            _collect(sweep, crew, threads, size, retries, interrupt)
            if interrupt.requested:
                raise KeyboardInterrupt(interrupt.said)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    return [sweep.values.get(job.number, math.nan) for job in jobs]


def _collect(
    sweep: _Sweep, crew: Crew, threads: int, size: int | None, retries: int, interrupt: Interrupt
) -> None:
    sweep_of = multirun.under_way
    composer = sweep_of.composer if sweep_of else None
    place = Place.here(composer.search, composer.places) if composer else Place.here()
    progress = sweep_of.progress if sweep_of else None

    def give(parts: Sequence[Sequence[PackedJob]]) -> None:
        packs = [Pack(list(part), threads, place) for part in parts]
        for name, pack in zip(crew.give(packs), packs, strict=True):
            sweep.given[name] = [job.number for job in pack.jobs]

    free = dict(sweep.jobs)
    for name, pack in crew.standing().items():
        known = [j.number for j in pack.jobs if free.get(j.number) == j]
        sweep.given[name] = known
        for number in known:
            del free[number]
    give(split([*free.values()], crew.workers, size))
    watch = _Watch(sweep, progress)
    while sweep.given:
        again: list[list[PackedJob]] = []
        for news in crew.news(LOOK_SECONDS):
            numbers = sweep.given.pop(news.name, [])
            if news.outcome is not None:
                _take(sweep, news.outcome)
            elif not interrupt.requested:
                again += _once_more(sweep, numbers, news.why, retries)
        if interrupt.requested:
            again = []
            if not watch.stopping and not crew.stop():
                return
            watch.stopping = True
        if again:
            give(again)
        watch.look()


def _with_identity(job: PackedJob) -> PackedJob:
    """The job as whoever trains it must find it."""
    composer = multirun.under_way.composer if multirun.under_way else None
    if composer is None:
        from ntp_dynamics.config.composer import Composer

        composer = Composer()
    return replace(
        job, directory=job.directory.absolute(), identity=identity(composer.config(job.overrides))
    )


def _take(sweep: _Sweep, outcome: Outcome) -> None:
    """What a pack returned."""
    sweep.values |= outcome.values
    for number, reason in outcome.failed.items():
        _tell(number, f"{reason}; see its log")


def _once_more(
    sweep: _Sweep, numbers: Sequence[int], why: str, retries: int
) -> list[list[PackedJob]]:
    """The jobs of a pack that was lost, in packs: all that are left, and one by one where one of
    them has cost two workers."""
    left = [n for n in numbers if not (sweep.jobs[n].directory / MANIFEST).exists()]
    begun = [n for n in left if (sweep.jobs[n].directory / STATUS).exists()]
    sweep.lost.update(begun or left)  # others waited
    for number in left:
        if sweep.lost[number] > retries:
            _tell(number, f"its worker died {sweep.lost[number]} times: {why}")
    left = [n for n in left if sweep.lost[n] <= retries]
    if any(sweep.lost[n] > 1 for n in left):
        return [[sweep.jobs[n]] for n in left]
    return [[sweep.jobs[n] for n in left]] if left else []


def _tell(number: int, what: str) -> None:
    print(escaped(f"error: job {number}: {what}"), file=sys.stderr)


class _Watch:
    """The bar of a sweep that others train: what is sealed counts."""

    def __init__(self, sweep: _Sweep, progress: SweepProgress | None):
        self._progress, self._throttle = progress, Throttle()
        self._open = dict(sweep.jobs)
        self.stopping = False
        if progress is not None:
            progress.bar.start()

    def look(self) -> None:
        """Look for jobs that were sealed, every two seconds and for 2 % of the time at most."""
        if self._progress is not None and self._throttle.due:
            self._throttle.run(self._count)

    def _count(self) -> None:
        assert self._progress is not None
        sealed = [n for n, job in self._open.items() if (job.directory / MANIFEST).exists()]
        for number in sealed:
            del self._open[number]
            self._progress.show(number, 1.0)
