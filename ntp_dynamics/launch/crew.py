"""A sweep whose jobs others train: packs are handed out, what becomes of them is collected.

Who runs a pack (Ray, a batch system) is a `Crew`.  All that counts of a job is what it left in its
directory: whoever takes it up again skips what is sealed, and the lock of a directory lets one
writer in at a time.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ntp_dynamics.config.composer import Composer, kept_composer
from ntp_dynamics.config.stored import redact_overrides
from ntp_dynamics.launch import multirun
from ntp_dynamics.launch.multirun import PackedJob
from ntp_dynamics.launch.packs import Outcome, Pack, Place, split
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.store import MANIFEST, STATUS
from ntp_dynamics.system.errors import UserError, escaped
from ntp_dynamics.system.stops import graceful_interrupt

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
    again: bool = True
    """Whether what is left of it is to be handed out again; not where somebody has ended it."""


class Crew(Protocol):
    """Those who run packs.  Entering it, `give` and `news` raise UserError where they cannot be
    reached."""

    packs: int
    """In how many a sweep is best split."""
    on_disk: bool
    """Whether what a pack says is written down."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def standing(self) -> dict[str, Pack]:
        """Packs of this sweep that are under way since an earlier command, by name."""
        ...

    def give(self, packs: Sequence[Pack]) -> list[str]:
        """Hand packs out; their names."""
        ...

    def news(self, seconds: float) -> Iterable[News]:
        """What ended since, after that time at most."""
        ...

    def stop(self) -> bool:
        """The user asks to stop: whether packs do, and their end is to be waited for."""
        ...


def train_elsewhere(
    jobs: Sequence[PackedJob], crew: Crew, threads: int, size: int | None, retries: int
) -> list[float]:
    """Have jobs trained by a crew, ``size`` to a pack, ``threads`` of these at a time; the value
    that each returns, nan where it failed.

    A pack whose worker is gone is handed out again without what is sealed, in the end job by job;
    a job that has cost ``retries`` + 1 workers is given up.  Raises KeyboardInterrupt after Ctrl-C;
    exits with one line where the crew cannot be reached.
    """
    sweep = multirun.under_way
    composer = sweep.composer if sweep else kept_composer()
    place = Place.here(composer.search, composer.places)
    try:
        named = [_named(job, composer, crew.on_disk) for job in jobs]
        with graceful_interrupt() as interrupt, crew:
            given = _Given(named, crew, threads, place, retries)
            given.begin(size)
            stopping = False
            while given.packs and not (interrupt.requested and stopping and not given.waits):
                for news in crew.news(LOOK_SECONDS):
                    given.take(news, hand_out=not interrupt.requested)
                if interrupt.requested and not stopping:
                    stopping, given.waits = True, crew.stop()
            if interrupt.requested:
                raise KeyboardInterrupt(interrupt.said)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    return [given.values.get(job.number, math.nan) for job in jobs]


def _named(job: PackedJob, composer: Composer, on_disk: bool) -> PackedJob:
    """The job as whoever trains it must find it.  Raises UserError for a secret that would be
    written down."""
    planned = multirun.under_way.planned if multirun.under_way else ()
    if not on_disk and job.number < len(planned):
        key = planned[job.number].identity
        return replace(job, directory=job.directory.absolute(), identity=key)
    config = composer.config(job.overrides)
    if on_disk and redact_overrides(config, job.overrides) != job.overrides:
        what = "a secret among its overrides would lie in the folder of the sweep"
        raise UserError(f"job {job.number}", what, "write ${oc.env:NAME} in its place")
    return replace(job, directory=job.directory.absolute(), identity=identity(config))


class _Given:
    """What was handed out, and what came back."""

    def __init__(
        self, jobs: Sequence[PackedJob], crew: Crew, threads: int, place: Place, retries: int
    ):
        self._jobs = {job.number: job for job in jobs}
        self._crew, self._threads, self._place, self._retries = crew, threads, place, retries
        self._lost: Counter[int] = Counter()
        self.packs: dict[str, list[int]] = {}
        """The numbers of the jobs of packs under way, by name."""
        self.values: dict[int, float] = {}
        self.waits = True
        """Whether the end of packs under way is waited for."""

    def begin(self, size: int | None) -> None:
        """Hand out all jobs that no earlier command has handed out."""
        free = dict(self._jobs)
        for name, pack in self._crew.standing().items():
            known = [job.number for job in pack.jobs if free.get(job.number) == job]
            self.packs[name] = known
            for number in known:
                del free[number]
        self._give(split([*free.values()], self._crew.packs, size))

    def _give(self, parts: Sequence[Sequence[PackedJob]]) -> None:
        packs = [Pack(list(part), self._threads, self._place) for part in parts if part]
        for name, pack in zip(self._crew.give(packs), packs, strict=True):
            self.packs[name] = [job.number for job in pack.jobs]

    def take(self, news: News, hand_out: bool) -> None:
        """Take what a pack returned, and hand out again what is left of it."""
        numbers, failed = self.packs.pop(news.name, []), {}
        if news.outcome is not None:
            self.values |= news.outcome.values
            failed = news.outcome.failed
            for number, reason in failed.items():
                _tell(number, f"{reason}; see its log")
        if not hand_out or not news.again or (news.outcome and not news.outcome.stopped):
            return
        left = [n for n in numbers if n not in failed and not self._has(n, MANIFEST)]
        if news.outcome is None:
            left = self._after_a_loss(left, news.why)
        alone = any(self._lost[n] > 1 for n in left)  # one that kills is not to cost the others
        self._give([[self._jobs[n]] for n in left] if alone else [[self._jobs[n] for n in left]])

    def _after_a_loss(self, left: Sequence[int], why: str) -> list[int]:
        """The jobs that are tried again.  Those that had not begun did not cost the worker."""
        self._lost.update([n for n in left if self._has(n, STATUS)] or left)
        for number in left:
            if self._lost[number] > self._retries:
                _tell(number, f"its worker died {self._lost[number]} times: {why}")
        return [n for n in left if self._lost[n] <= self._retries]

    def _has(self, number: int, name: str) -> bool:
        return (self._jobs[number].directory / name).exists()


def _tell(number: int, what: str) -> None:
    print(escaped(f"error: job {number}: {what}"), file=sys.stderr)
