"""Going on with what was cut short: what is sealed is kept, everything else is done anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ntp_dynamics import __version__
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.config.stored import redact_overrides
from ntp_dynamics.record.finished import sealed
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import PLAN, Plan, Planned, read_plan
from ntp_dynamics.record.record import status_files
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import remove_record
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock
from ntp_dynamics.system.secrets import redact


def plan_of(jobs: Sequence[Sequence[str]], composer: Composer, command: Sequence[str]) -> Plan:
    """The plan of jobs that were found right."""
    configs = [composer.config(overrides) for overrides in jobs]
    planned = [
        Planned(redact_overrides(config, overrides), identity(config))
        for config, overrides in zip(configs, jobs, strict=True)
    ]
    return Plan(planned, [redact(word) for word in command])


def done_of(sweep: Path, plan: Plan) -> set[Path]:
    """The directories of jobs of a plan that are sealed."""
    wanted = {job.identity for job in plan.jobs}
    places = (path.parent for path in status_files(sweep))
    return {d for d in places if (key := told(d).get("identity")) in wanted and sealed(d, str(key))}


def clear_the_rest(sweep: Path, plan: Plan, done: set[Path]) -> None:
    """Remove what jobs of the plan left that is not sealed, and nothing else that lies there.

    Raises UserError where somebody is still at work in it.
    """
    wanted = {job.identity for job in plan.jobs}
    numbered = {sweep / str(number) for number in range(len(plan.jobs))}
    for place in (path.parent for path in status_files(sweep)):
        if place not in done and (place in numbered or told(place).get("identity") in wanted):
            clear(place, checkpoints=False)  # from which it goes on


def clear(directory: Path, checkpoints: bool = True) -> None:
    """Remove the record of a job.  Raises UserError where somebody is at work in it."""
    with DirectoryLock(directory):
        remove_record(directory, checkpoints)


def unfinished(folder: Path, plan: Plan) -> list[Path]:
    """Sweeps in a folder with these jobs of which some are not done, and nobody is at work in."""
    return [
        place
        for place in _with_plans(folder)
        if _plan_or_none(place, plan) is not None and len(done_of(place, plan)) < len(plan.jobs)
    ]


def _with_plans(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path.parent for path in sorted(folder.glob(f"*/{PLAN}")))


def _plan_or_none(place: Path, plan: Plan) -> Plan | None:
    try:
        found = read_plan(place)
    except (UserError, KeyError, TypeError):
        return None
    return found if found is not None and found.key == plan.key else None


def check_same(sweep: Path, plan: Plan) -> None:
    """Raises UserError where a sweep was planned for other jobs, or by another version."""
    there = read_plan(sweep)
    if there is None or there.key == plan.key:
        return
    what = f"it was planned by version {there.version}, this is {__version__}"
    if there.version == __version__:
        changed = sum(a.identity != b.identity for a, b in zip(there.jobs, plan.jobs, strict=False))
        changed += abs(len(there.jobs) - len(plan.jobs))
        what = f"it already holds a sweep of other jobs: {changed} of {len(there.jobs)} differ"
    raise UserError(str(sweep), what, "choose another directory or pass overwrite=true")
