"""Going on with a sweep although something has changed since: what is kept says so."""

from __future__ import annotations

from pathlib import Path

from ntp_dynamics import __version__
from ntp_dynamics.launch.resume import alike, asked, differ
from ntp_dynamics.record.changed import mark_changed
from ntp_dynamics.record.finished import sealed
from ntp_dynamics.record.identity import OF_THE_RUN
from ntp_dynamics.record.plan import Plan
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock


def carry_over(sweep: Path, there: Plan, plan: Plan) -> int:
    """Make the jobs of a sweep those of a new plan where they were asked for in the same words:
    directories get their new names, and what is sealed is marked with what has changed.  Returns
    how many are kept so.

    Raises UserError where somebody is at work in one.
    """
    kept = 0
    for number, (old, new) in enumerate(zip(there.jobs, plan.jobs, strict=False)):
        place = sweep / old.directory
        if old.identity == new.identity or asked(old.overrides) != asked(new.overrides):
            continue
        if not place.is_dir():
            continue
        with DirectoryLock(place):
            if sealed(place, old.identity):
                mark_changed(place, new.identity, changes(there, plan, number))
                kept += 1
        if place != sweep / new.directory:
            place.rename(sweep / new.directory)
    return kept


def changes(there: Plan, plan: Plan, number: int) -> list[str]:
    """What differs between a job of two plans: its version, the rules of verdicts, settings, or
    else the contents of a file that it names."""
    before = {**there.settings(number), "version": there.version, "format": there.rules}
    after = {**plan.settings(number), "version": plan.version, "format": plan.rules}
    keys = [key for key in sorted({*before, *after}) if key.split(".")[0] not in OF_THE_RUN]
    found = [(key, before.get(key), after.get(key)) for key in keys]
    told = [f"{key}: {old} -> {new}" for key, old, new in found if old != new]
    return told or ["a file that it names has other contents"]


def check_same(sweep: Path, there: Plan, plan: Plan) -> None:
    """Raises UserError where a sweep was planned for other jobs, or by another version."""
    if there.key == plan.key:
        return
    remedy = "choose another directory, or pass runtime.allow_changed=true (ntp-resume: "
    remedy += "--allow-changed)"
    what = f"it was planned by version {there.version}, this is {__version__}"
    if there.version == __version__:
        changed = sum(differ(there, plan)) + abs(len(there.jobs) - len(plan.jobs))
        what = f"it already holds a sweep of other jobs: {changed} of {len(there.jobs)} differ"
        if changed and alike(there, plan):
            number = differ(there, plan).index(True)
            first = ", ".join(changes(there, plan, number))
            what = f"{changed} of {len(there.jobs)} jobs have changed since (job {number}: {first})"
        else:
            remedy = "choose another directory or pass overwrite=true"
    raise UserError(str(sweep), what, remedy)
