"""A pack of jobs, trained by a worker: a process elsewhere, which begins with this module."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

# As in the commands: one thread a process, set before torch is imported; a cluster says otherwise.
os.environ["OMP_NUM_THREADS"] = "1"

from rich.console import Console

from ntp_dynamics import __version__
from ntp_dynamics.config.composer import Composer, kept_composer
from ntp_dynamics.launch import multirun
from ntp_dynamics.launch.multirun import PackedJob, reason, train_many
from ntp_dynamics.launch.packs import Outcome, Pack, Place
from ntp_dynamics.launch.resume import clear
from ntp_dynamics.record.finished import sealed
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.run.progress import SweepProgress
from ntp_dynamics.run.start import import_for
from ntp_dynamics.system.errors import UserError, UserErrors
from ntp_dynamics.system.owner import attended

PATIENCE_SECONDS = 60.0
"""How long a pack waits for another process that is still at work in one of its directories."""


def work(text: str) -> str:
    """Train a pack in this process and say what became of it, both as JSON.

    Jobs that are sealed are kept; one that another process left, once that is gone, goes on.  A
    signal to stop ends it as it ends a sweep: the step at hand is finished, the outcome says so.
    """
    pack = Pack.read(text)
    values: dict[int, float] = {}
    failed: dict[int, str] = {}
    stopped = None
    before = multirun.under_way
    try:
        composer = _settle(pack.place)
        progress = SweepProgress(Console(quiet=True), len(pack.jobs))
        config = _first(composer, pack.jobs)
        if config is not None:
            import_for(config)
        multirun.under_way = multirun.Sweep(config, progress, composer)
        jobs = _ours(pack.jobs, failed)
        found = train_many(jobs, pack.threads, lambda number, e: failed.update({number: reason(e)}))
        values = {job.number: value for job, value in zip(jobs, found, strict=True)}
    except UserError as error:  # of the place
        failed = {job.number: str(error) for job in pack.jobs}
    except KeyboardInterrupt as stop:
        stopped = str(stop) or "Ctrl-C"
    finally:
        multirun.under_way = before
    return Outcome(values, failed, stopped).text()


def ready(pack: Pack) -> None:
    """Import what the jobs of a pack need, for the processes that are forked from this one; what is
    wrong is told where they are trained."""
    with suppress(UserError, UserErrors):
        config = _first(_settle(pack.place), pack.jobs)
        if config is not None:
            import_for(config)


def _settle(place: Place) -> Composer:
    """Make this process like the one that planned the jobs.  Raises UserError."""
    if place.version != __version__:
        what = f"a worker on {os.uname().nodename} has version {__version__}, not {place.version}"
        raise UserError("ntp-dynamics", what, "install the same version on every machine")
    try:
        os.chdir(place.folder)
    except OSError as error:
        what = f"a worker on {os.uname().nodename} cannot go there"
        raise UserError(place.folder, what, "put it on a file system that all share") from error
    os.environ.update(place.environment)
    sys.path += [directory for directory in place.modules if directory not in sys.path]
    return kept_composer(place.search, place.places)


def _first(composer: Composer, jobs: list[PackedJob]):
    """The configuration of the first job; None where it has none, which the job says itself."""
    try:
        return composer.config(jobs[0].overrides)
    except (UserError, UserErrors):
        return None


def _ours(jobs: list[PackedJob], failed: dict[int, str]) -> list[PackedJob]:
    """The jobs in whose directories nobody else is at work, made ready; of others it is told."""
    patient_until = time.monotonic() + PATIENCE_SECONDS
    while any(attended(job.directory) for job in jobs) and time.monotonic() < patient_until:
        time.sleep(0.5)
    ours = []
    for job in jobs:
        try:
            unfinished = not sealed(job.directory, job.identity or "")
            if unfinished and (job.directory / STATUS).exists():
                clear(job.directory, checkpoints=False)  # from which it goes on
            ours.append(job)
        except UserError as error:
            failed[job.number] = str(error)
    return ours
