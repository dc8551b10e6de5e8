"""The page that compares jobs on a shared clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard import compare, reading
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.site import Site


def stamp(site: Site, ask: Mapping[str, Any]) -> str:
    """Changes with the records compared and with what is asked."""
    records = [reading.stamp(job) for job in jobs(site, ask)[: compare.MOST]]
    return f"{hash(tuple(records))}{sorted(ask['view'].items())!r}"


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison, and everything that could be compared."""
    view = ask["view"]
    names = [name for name in str(view.get("show", "")).split(",") if name]
    clock, by, phase = (str(view.get(key, "")) for key in ("clock", "by", "phase"))
    return {
        "comparison": compare.compare(jobs(site, ask), clock, by, names, phase),
        "view": {str(k): str(v) for k, v in view.items()},
    }


def jobs(site: Site, ask: Mapping[str, Any]) -> list[Job]:
    """The jobs named in the address: one by one, or all of a folder."""
    view = ask["view"]
    folder = site.folder(str(view.get("in", "")))
    if folder is not None and "jobs" not in view:
        return list(folder.jobs)
    named = str(view.get("jobs", "")).split(",")[:1000]
    return [job for key in dict.fromkeys(named) if (job := site.job(key)) is not None]
