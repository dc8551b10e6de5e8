"""What became of the jobs of a sweep: those of its plan in order, then what else lies there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntp_dynamics.record.entries import STATUS, read_manifest
from ntp_dynamics.record.laws import LAWS
from ntp_dynamics.record.plan import PLAN, Plan, read_plan
from ntp_dynamics.record.record import read_status, status_files
from ntp_dynamics.record.status import shaped
from ntp_dynamics.record.store import MANIFEST, TRAJECTORY, VERDICTS, changed, verify
from ntp_dynamics.system.errors import UserError

Status = dict[str, Any]
WEIGHTY = (TRAJECTORY, VERDICTS, LAWS)
"""What the numbers of a status were taken from."""
STATES = ("running", "planned", "interrupted", "dead", "failed", "unreadable")
"""Of jobs that are not done, in the order in which they are told."""


@dataclass(frozen=True)
class Jobs:
    """The checked status of each job below a directory, by its place; the first ``planned`` of them
    are those of the plan, all where there is none."""

    statuses: Mapping[Path, Status]
    planned: int

    @property
    def states(self) -> Counter[str]:
        """How many jobs of the sweep are in which state."""
        return Counter(s["state"] for s in list(self.statuses.values())[: self.planned])


def told_states(states: Mapping[str, int]) -> str:
    """As in "3 of 8 jobs done, 1 running, 4 planned"."""
    total = sum(states.values())
    known = [state for state in STATES if states.get(state)]
    others = [state for state in states if state not in ("done", *STATES)]
    rest = [f"{states[state]:,} {state}" for state in (*known, *others)]
    return ", ".join([f"{states.get('done', 0):,} of {total:,} jobs done", *rest])


def jobs_of(sweep: Path, every_byte: bool = False) -> Jobs:
    """The jobs below a directory; with ``every_byte`` each file of those that are done is read and
    compared with its manifest.  A damaged plan is an unreadable row."""
    found = {path.parent: read_status(path) for path in status_files(sweep)}
    found = {place: checked(place, status, every_byte) for place, status in found.items()}
    try:
        plan = read_plan(sweep)
    except UserError as error:
        found[sweep / PLAN] = shaped({"state": "unreadable", "reason": error.what})
        return Jobs(found, len(found))
    if plan is None:
        return Jobs(found, len(found))
    first = dict(_of_plan(sweep, plan, found))
    return Jobs({**first, **found}, len(plan.jobs))


def _of_plan(
    sweep: Path, plan: Plan, found: Mapping[Path, Status]
) -> Iterator[tuple[Path, Status]]:
    """Where each job of a plan lies, and its status."""
    named = {sweep / job.directory for job in plan.jobs}
    elsewhere = {  # where Hydra named the directory otherwise than was foreseen
        str(status.get("identity")): place for place, status in found.items() if place not in named
    }
    for job in plan.jobs:
        place = sweep / job.directory
        if place not in found:
            place = elsewhere.pop(job.identity, place)
        blank = shaped({"state": "planned", "overrides": list(job.overrides)})
        yield place, found.get(place, blank)


def checked(place: Path, status: Status, every_byte: bool = False) -> Status:
    """The status of a job that is done, if the files that it speaks of are those of the manifest:
    read where they were touched after it, else told by their sizes."""
    if status["state"] != "done":
        return status
    try:
        if every_byte:
            verify(place)
        else:
            _weigh(place)
    except UserError as error:
        name = Path(error.where).name
        reason = f"{name}: {error.what}"
        return shaped({"state": "unreadable", "overrides": status["overrides"], "reason": reason})
    return status


def _weigh(place: Path) -> None:
    """Raises UserError where a file that a status speaks of is not the recorded one."""
    entries = read_manifest(place) or {}
    sealed = os.stat(place / MANIFEST).st_mtime_ns
    for name in entries.keys() - {STATUS}:  # which was read
        try:
            found = os.stat(place / name, follow_symlinks=False)
        except OSError:
            raise changed(place / name) from None
        if found.st_size != entries[name]["size"]:
            raise changed(place / name)
        if found.st_mtime_ns > sealed:
            verify(place)


def job_statuses(sweep: Path) -> Mapping[Path, Status]:
    """As `jobs_of`."""
    return jobs_of(sweep).statuses


def stamps(directory: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Size and time of change of files; those that are not there have none."""
    for name in names:
        try:
            found = os.stat(f"{directory}/{name}", follow_symlinks=False)
        except OSError:
            continue
        yield found.st_size, found.st_mtime_ns
