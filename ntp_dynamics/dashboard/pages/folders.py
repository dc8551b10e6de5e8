"""The first page: folders with jobs, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard.index import Folder
from ntp_dynamics.dashboard.pages import job, sweep
from ntp_dynamics.dashboard.site import Site


def stamp(site: Site, ask: Mapping[str, Any]) -> str | None:
    """That of the index, or of the only thing there is."""
    page, asked = _only(site, ask)
    return site.index.stamp if page is None else page.stamp(site, asked)


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """A row a folder; the only folder shows itself, and so does the only job."""
    page, asked = _only(site, ask)
    if page is not None:
        return {"page": asked["page"], "key": asked["key"]} | page.show(site, asked)
    return {"folders": [_row(folder) for folder in site.index.folders.values()]}


def _only(site: Site, ask: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The page that takes the place of the first one, and what it is asked."""
    folders, jobs = list(site.index.folders), list(site.index.jobs)
    if len(jobs) == 1:
        return job, {"page": "job", "key": jobs[0], "view": ask["view"]}
    if len(folders) == 1:
        return sweep, {"page": "sweep", "key": folders[0], "view": ask["view"]}
    return None, {}


def _row(folder: Folder) -> dict[str, Any]:
    return {
        "key": folder.id,
        "name": folder.name,
        "jobs": len(folder.jobs),
        "states": folder.states,
        "labels": Counter(mark for job in folder.jobs for c in job.labels if (mark := job.mark(c))),
        "swept": folder.swept[:6],
        "only": folder.jobs[0].id if len(folder.jobs) == 1 else "",
        "names": [[job.id, job.name, job.state] for job in folder.jobs[:8]],
    }
