"""A sweep on this machine: in this process, or in workers of it where that pays."""

from __future__ import annotations

from collections.abc import Sequence

from ntp_dynamics.launch.crew import train_elsewhere
from ntp_dynamics.launch.multirun import PackedJob, cores, train_many
from ntp_dynamics.launch.process_packs import ProcessCrew

LONG = 100
"""Jobs from which on a sweep has a worker a core: fewer are done while workers would be made.
Threads share the steps of a few long jobs as well."""
RETRIES = 3
"""How many workers a job may cost before it is given up, beside the first."""


def train_here(
    jobs: Sequence[PackedJob], threads: int | None, workers: int | None
) -> Sequence[float]:
    """The value that each job returns, nan where it failed.  ``threads`` train at a time in each of
    ``workers`` processes; None: as `workers_for` says, and all cores together."""
    many = workers or workers_for(len(jobs), threads)
    if many == 1:
        return train_many(jobs, threads)
    each = threads or max(1, cores() // many)
    return train_elsewhere(jobs, ProcessCrew(many), each, None, RETRIES)


def workers_for(jobs: int, threads: int | None) -> int:
    """How many processes train a sweep where it is not said."""
    return cores() if threads is None and jobs >= LONG else 1
