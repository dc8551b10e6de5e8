"""`load_sweep`: a row a job, and the same table again without parsing what has not changed.

The table of a large sweep that is done is kept in the user's cache folder.  It is used only where
the plan, every status and every manifest have the bytes that it was made of, and every trajectory
its size and time; it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.changed import CHANGED, told_changes
from ntp_dynamics.record.overrides import typed_overrides
from ntp_dynamics.record.plan import LARGEST as LARGEST_PLAN
from ntp_dynamics.record.plan import PLAN
from ntp_dynamics.record.record import adjusted_labels, beside, run_counts
from ntp_dynamics.record.store import MANIFEST, STATUS
from ntp_dynamics.record.sweep import WEIGHTY, Jobs, jobs_of, stamps
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    import pandas

FROM = 500
"""Jobs from which on a table is kept."""
LARGEST = 1 << 20
"""Bytes of a status or manifest that is looked at."""
VERSION = 1
NAN = float("nan")


@dataclass(frozen=True)
class Table:
    """Columns but for the place, nan where a job has no value; which of them are overrides; and the
    place of each job below the sweep."""

    columns: dict[str, list[Any]]
    asked: list[str]
    names: list[str]


def load_sweep(directory: str | Path, *, verify: bool = False) -> pandas.DataFrame:
    """One row a job: overrides, state, seconds, final observables, path, and for each claim its
    label, how many of the judged runs keep it and, where the job has it, what runs show that it
    does not cover (``.observed``) and the label of its shadow (``.shadow``); what has changed since
    a job that was kept although something has.  Jobs stand in the order of the plan, and those that
    have not begun are *planned*.

    Overrides are typed: a column of numbers is one, null is None, a mixed column holds objects; nan
    where a job does not set the key.  A row is of a status whose hash is the recorded one, beside a
    trajectory whose size is; ``verify`` reads every byte of every job.  Contradictions are
    corrected for the number of jobs (Holm, 5 %).  Raises UserError where there is no record below.
    """
    sweep = Path(directory)
    table = None if verify else _kept(sweep)
    if table is None:
        jobs = jobs_of(sweep, every_byte=verify)
        if not jobs.statuses:
            raise UserError(str(directory), "it holds no record", "give the directory of a sweep")
        table = _table(sweep, jobs)
        _keep(sweep, jobs, table)
    return _frame(sweep, table)


def _table(sweep: Path, jobs: Jobs) -> Table:
    statuses = list(jobs.statuses.values())
    settings = [typed_overrides(status["overrides"]) for status in statuses]
    rows = [
        {
            **asked,
            "status": status["state"],
            "reason": status["reason"],
            "seconds": status.get("seconds"),
            **status["final"],
            **labels,
            **run_counts(status),
            **beside(status),
        }
        for asked, status, labels in zip(settings, statuses, adjusted_labels(statuses), strict=True)
    ]
    if any(CHANGED in status for status in statuses):
        for row, status in zip(rows, statuses, strict=True):
            row[CHANGED] = told_changes(status.get(CHANGED))
    keys = dict.fromkeys(key for row in rows for key in row)
    columns = {key: [row.get(key, NAN) for row in rows] for key in keys}
    asked = list(dict.fromkeys(key for row in settings for key in row))
    return Table(columns, asked, [os.path.relpath(place, sweep) for place in jobs.statuses])


def _frame(sweep: Path, table: Table) -> pandas.DataFrame:
    import pandas

    places = [str(sweep / name) for name in table.names]
    frame = pandas.DataFrame({**table.columns, "path": places})
    for key in table.asked:
        if None in (values := table.columns[key]):  # which pandas would make nan
            frame[key] = pandas.Series(values, dtype=object)
    return frame


def _cache(sweep: Path) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256(os.fsencode(sweep.absolute())).hexdigest()[:16]
    return Path(home) / "ntp-dynamics" / f"table-{name}.json"


def _keep(sweep: Path, jobs: Jobs, table: Table) -> None:
    """Keep a table for the next who asks; one that cannot be written is done without."""
    done = all(status["state"] == "done" for status in jobs.statuses.values())
    if len(table.names) < FROM or not done or (of := fingerprint(sweep, table.names)) is None:
        return
    body = json.dumps({"version": VERSION, "of": of, **vars(table)})
    file = _cache(sweep)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda path: path.write_text(body, encoding="utf-8"))
    except OSError:
        return


def _kept(sweep: Path) -> Table | None:
    """The table that is kept, where it still is that of what lies there."""
    try:
        kept = json.loads(_cache(sweep).read_text(encoding="utf-8"))
        table = Table(kept["columns"], kept["asked"], kept["names"])
        if kept["version"] != VERSION or kept["of"] != fingerprint(sweep, table.names):
            return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return table


def fingerprint(sweep: Path, names: Sequence[str]) -> str | None:
    """Changes with a byte of the plan, of a status or of a manifest, with size or time of anything
    else that a status speaks of, and with the directories there are; None where one of them cannot
    be read, or jobs lie deeper."""
    seen, root = hashlib.sha256(repr(sorted(names)).encode()), os.fspath(sweep)
    try:
        with os.scandir(sweep) as entries:
            there = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        if there != set(names):
            return None
        seen.update(_bytes(f"{root}/{PLAN}", LARGEST_PLAN))
        for name in names:
            job = f"{root}/{name}"
            for file in (STATUS, MANIFEST):
                body = _bytes(f"{job}/{file}", LARGEST)
                seen.update(b"%d." % len(body))
                seen.update(body)
            seen.update(repr([*stamps(job, WEIGHTY)]).encode())
    except OSError:
        return None
    return seen.hexdigest()


def _bytes(path: str, largest: int) -> bytes:
    """Raises OSError, also for what is too large."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    try:
        body = os.read(file, largest + 1)
    finally:
        os.close(file)
    if len(body) > largest:
        raise OSError(f"{path} is too large")
    return body
