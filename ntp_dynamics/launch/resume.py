"""Going on with what was cut short: what is sealed is kept, everything else is done anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig

from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.stored import redact_overrides, to_plain
from ntp_dynamics.launch.directories import planned_directories
from ntp_dynamics.record.finished import sealed
from ntp_dynamics.record.identity import OF_THE_RUN, identity
from ntp_dynamics.record.plan import PLAN, Plan, flat, make_plan, read_plan
from ntp_dynamics.record.record import status_files
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import remove_record
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock, attended
from ntp_dynamics.system.secrets import redact


def plan_of(
    jobs: Sequence[Sequence[str]],
    configs: Sequence[JobConfig],
    first: DictConfig,
    command: Sequence[str],
    search: Sequence[str] = (),
) -> Plan:
    """The plan of jobs that were found right: overrides and configuration of each, and how Hydra
    composed the first."""
    keys = [identity(config) for config in configs]
    places = planned_directories(first, jobs, keys, search)
    planned = (
        (redact_overrides(config, _of_the_job(overrides)), key, place, flat(to_plain(config)))
        for config, overrides, key, place in zip(configs, jobs, keys, places, strict=True)
    )
    return make_plan(planned, [redact(word) for word in command], redact(os.getcwd()))


def _of_the_job(overrides: Sequence[str]) -> list[str]:
    """Those that Hydra hands on to a job."""
    return [o for o in overrides if not o.lstrip("+~").startswith("hydra")]


def done_of(sweep: Path, plan: Plan) -> set[Path]:
    """The directories of jobs of a plan that are sealed."""
    named = {sweep / job.directory: job.identity for job in plan.jobs}
    wanted = {job.identity for job in plan.jobs}
    found = set()
    for place in (path.parent for path in status_files(sweep)):
        key = named.get(place) or str(told(place).get("identity"))  # Hydra may name it otherwise
        if key in wanted and sealed(place, key):
            found.add(place)
    return found


def all_of(sweep: Path, plan: Plan) -> bool:
    """Whether there are jobs in a directory, and all are of this plan: it lost its own."""
    keys = {told(path.parent).get("identity") for path in status_files(sweep)} - {None}
    return bool(keys) and keys <= {job.identity for job in plan.jobs}


def clear_the_rest(sweep: Path, plan: Plan, done: set[Path]) -> None:
    """Remove what jobs of the plan left that is not sealed, and nothing else that lies there; what
    a job left in its own directory, or somebody is still at work in, stays until its turn comes."""
    wanted = {job.identity for job in plan.jobs}
    named = {sweep / job.directory: job.identity for job in plan.jobs}
    for place in (path.parent for path in status_files(sweep)):
        key = told(place).get("identity")
        mine = place in named or key in wanted
        if mine and place not in done and named.get(place) != key and not attended(place):
            clear(place, checkpoints=False)  # from which it goes on


def clear(directory: Path, checkpoints: bool = True) -> None:
    """Remove the record of a job, and its directory where nothing else lies there.

    Raises UserError where somebody is at work in it.
    """
    with DirectoryLock(directory):
        remove_record(directory, checkpoints)
    with suppress(OSError):
        directory.rmdir()


def unfinished(folder: Path, plan: Plan, changed: bool) -> list[Path]:
    """Sweeps in a folder with these jobs of which some are not done, and nobody is at work in; with
    ``changed`` also those whose jobs were asked for alike."""
    found = ((place, _plan_or_none(place)) for place in _with_plans(folder))
    return [
        place
        for place, there in found
        if there is not None
        and (there.key == plan.key or (changed and alike(there, plan)))
        and len(done_of(place, there)) < len(there.jobs)
    ]


def _with_plans(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path.parent for path in sorted(folder.glob(f"*/{PLAN}")))


def _plan_or_none(place: Path) -> Plan | None:
    try:
        return read_plan(place)
    except UserError:
        return None


def alike(there: Plan, plan: Plan) -> bool:
    """Whether two plans have jobs that were asked for in the same words."""
    return [asked(j.overrides) for j in there.jobs] == [asked(j.overrides) for j in plan.jobs]


def asked(overrides: Sequence[str]) -> list[str]:
    """Overrides but for those that change no number."""
    keys = [(o, re.split(r"[.=@]", o.lstrip("+~"))[0]) for o in overrides]
    return [override for override, key in keys if key not in OF_THE_RUN]


def differ(there: Plan, plan: Plan) -> list[bool]:
    """Which jobs of two plans, number by number, have not the same identity."""
    return [a.identity != b.identity for a, b in zip(there.jobs, plan.jobs, strict=False)]
