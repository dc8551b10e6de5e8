"""The index: one row for every job below a directory, read from the status files only."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ntp_dynamics import studies
from ntp_dynamics.dashboard.rows import Job, Stamp, name_of, planned_row, read_row
from ntp_dynamics.record.plan import PLAN, read_plan, short_name
from ntp_dynamics.record.record import adjusted_labels
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.record.sweep import STATES
from ntp_dynamics.study import Study
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.label import Label

ALIVE = ("running", "dead")
"""States that change without a word in the status file: a process dies, or another takes over."""


@dataclass(frozen=True)
class Folder:
    """The jobs of one directory: a sweep, or jobs that were started one by one."""

    id: str
    name: str
    jobs: Sequence[Job]

    @cached_property
    def states(self) -> dict[str, int]:
        """How many jobs are in which state, those that are done first."""
        found = Counter(job.state for job in self.jobs)
        known = [state for state in ("done", *STATES) if state in found]
        return {state: found[state] for state in dict.fromkeys((*known, *found))}

    @cached_property
    def overrides(self) -> list[str]:
        """Override keys, in the order of first use."""
        return list(dict.fromkeys(key for job in self.jobs for key in job.overrides))

    @cached_property
    def swept(self) -> list[str]:
        """Override keys whose values differ between the jobs."""
        return [
            key for key in self.overrides if len({job.overrides.get(key) for job in self.jobs}) > 1
        ]

    @cached_property
    def claims(self) -> list[str]:
        """Claims that some job has a verdict on, in the order in which the jobs list them."""
        return self._in_order("claims", [claim for job in self.jobs for claim in job.labels])

    @cached_property
    def beside(self) -> list[str]:
        """Columns of what stands beside verdicts and is none, in the order of the claims."""
        there = dict.fromkeys(key for job in self.jobs for key in job.beside)
        known = {claim: i for i, claim in enumerate(self.claims)}
        return sorted(there, key=lambda key: known.get(key.rpartition(".")[0], len(known)))

    @cached_property
    def observables(self) -> list[str]:
        """Final observables that some job has, those that tables open with first."""
        return self._in_order("ranked", [name for job in self.jobs for name in job.final])

    @cached_property
    def ranked(self) -> list[str]:
        """Final observables that a table opens with."""
        told = {name for job in self.jobs for name in job.listed.ranked}
        return [name for name in self.observables if name in told]

    @cached_property
    def logs(self) -> set[str]:
        """Final observables that are natural logs."""
        return {name for listed in {job.listed for job in self.jobs} for name in listed.logs}

    @cached_property
    def studies(self) -> list[Study]:
        """What its jobs are about, as far as that is known here."""
        found = (known_study(name) for name in dict.fromkeys(job.study for job in self.jobs))
        return [study for study in found if study is not None]

    @cached_property
    def telling(self) -> str:
        """The claim whose verdicts differ most between the jobs; of equals the main theorem's."""
        heads = tuple(study.headline for study in self.studies if study.headline)
        kinds = {c: len({job.labels.get(c) for job in self.jobs} - {None}) for c in self.claims}
        rank = {c: (kinds[c], c.startswith(heads)) for c in self.claims}
        return max(self.claims, key=rank.__getitem__, default="")

    def _in_order(self, name: str, found: Iterable[str]) -> list[str]:
        """What was found, in the order that jobs list it in; what none lists comes last."""
        there = dict.fromkeys(found)
        lists = dict.fromkeys(getattr(job.listed, name) for job in self.jobs)
        first = dict.fromkeys(x for listed in lists for x in listed if x in there)
        return list(first | there)


def known_study(name: str) -> Study | None:
    """A study by its name; None where there is none here."""
    try:
        return studies.find(name)
    except Exception:  # one of the user's own may fail to be imported in any way
        return None


@dataclass(frozen=True)
class Index:
    """All jobs below a root: ``rows`` as read, ``folders`` and ``jobs`` with corrected labels."""

    root: Path
    rows: Mapping[str, Job]

    @cached_property
    def folders(self) -> dict[str, Folder]:
        return _folders(self.rows.values())

    @cached_property
    def jobs(self) -> dict[str, Job]:
        return {job.id: job for folder in self.folders.values() for job in folder.jobs}

    @cached_property
    def stamp(self) -> str:
        """Changes whenever a row does."""
        rows = repr([(job.id, job.stamp, job.state) for job in self.rows.values()])
        return hashlib.sha256(rows.encode()).hexdigest()[:16]


def scan(root: Path, known: Index | None = None) -> Index:
    """Read what is new below the root; rows of unchanged status files are taken from ``known``.

    Links are not followed.  A directory that vanishes meanwhile is left out.
    """
    old = {} if known is None else known.rows
    found: list[tuple[Path, Job]] = []
    places, plans = _places(root)
    for directory, stamp in places:
        row = old.get(name_of(root, directory))
        if row is None or row.stamp != stamp or row.state in ALIVE:
            new = read_row(root, directory, stamp)
            row = row if row is not None and row == new else new
        found.append((directory, row))
    found += _planned(root, plans, found, old)
    jobs = {job.id: job for _, job in sorted(found, key=lambda pair: _order(root, pair[0]))}
    if known is not None and list(jobs) == list(old) and all(jobs[k] is old[k] for k in jobs):
        return known
    return Index(root, jobs)


def _planned(
    root: Path,
    plans: Iterable[tuple[Path, Stamp]],
    begun: Sequence[tuple[Path, Job]],
    old: Mapping[str, Job],
) -> Iterator[tuple[Path, Job]]:
    """The jobs of plans that have not begun."""
    there = {directory for directory, _ in begun}
    for sweep, stamp in plans:
        try:
            plan = read_plan(sweep)
        except UserError:  # of which `ntp-show` says why
            continue
        jobs = () if plan is None else plan.jobs
        missing = [job for job in jobs if sweep / job.directory not in there]
        named = {sweep / job.directory for job in jobs}
        others = {job.identity for place, job in begun if place not in named} if missing else set()
        for job in missing:
            if job.identity not in others:  # which Hydra put elsewhere
                directory = sweep / job.directory
                row = old.get(name_of(root, directory))
                if row is None or row.stamp != stamp:
                    row = planned_row(root, sweep, job, stamp)
                yield directory, row


def folder_key(name: str) -> str:
    """The name of a folder in addresses."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _places(root: Path) -> tuple[list[tuple[Path, Stamp]], list[tuple[Path, Stamp]]]:
    """Every directory with a status file, and every one with a plan, with the stamps of those."""
    places, plans, pending = [], [], [root]
    while pending:
        directory = pending.pop()
        inner, found = [], None
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(Path(entry.path))
                    elif entry.name in (STATUS, PLAN) and entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        stamp = (stat.st_mtime_ns, stat.st_size)
                        if entry.name == STATUS:
                            found = stamp
                        else:
                            plans.append((directory, stamp))
        except OSError:
            continue
        if found is not None:
            places.append((directory, found))
        else:
            pending += inner
    return places, plans


def _order(root: Path, directory: Path) -> list[tuple[int, str]]:
    parts = directory.relative_to(root).parts
    names = zip(parts, map(short_name, parts), strict=True)
    return [(int(n), x) if n.isdecimal() and len(n) < 10 else (-1, x) for x, n in names]


def _folders(rows: Iterable[Job]) -> dict[str, Folder]:
    """Jobs by directory, contradictions corrected for the number of verdicts of each (Holm)."""
    groups: dict[str, list[Job]] = {}
    for job in rows:
        groups.setdefault(job.folder, []).append(job)
    folders = {}
    for name, members in groups.items():
        jobs = members
        if any(Label.contradicted in job.labels.values() for job in members):
            labels = adjusted_labels([vars(job) for job in members])
            jobs = [replace(j, labels=row) for j, row in zip(members, labels, strict=True)]
        key = folder_key(name)
        folders[key] = Folder(key, name, jobs)
    return folders
