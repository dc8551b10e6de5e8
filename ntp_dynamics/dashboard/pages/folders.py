"""The first page: folders with jobs, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard.index import Folder
from ntp_dynamics.dashboard.pages import sweep
from ntp_dynamics.dashboard.site import Site


def stamp(site: Site, ask: Mapping[str, Any]) -> str:
    """That of the index, and what of it is asked for where there is one folder only."""
    return site.index.stamp + only_view(site, ask)


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """A row a folder; the only one shows itself."""
    folders = list(site.index.folders.values())
    if len(folders) == 1:
        return {"page": "sweep", "key": folders[0].id} | sweep.shown(folders[0], ask["view"])
    return {"folders": [_row(folder) for folder in folders], "root": site.root.name}


def only_view(site: Site, ask: Mapping[str, Any]) -> str:
    """The view asked for, where the first page is that of the only folder."""
    return repr(sorted(ask["view"].items())) if len(site.index.folders) == 1 else ""


def _row(folder: Folder) -> dict[str, Any]:
    return {
        "key": folder.id,
        "name": folder.name,
        "jobs": len(folder.jobs),
        "states": Counter(job.state for job in folder.jobs),
        "labels": Counter(label for job in folder.jobs for label in job.labels.values()),
        "swept": folder.swept[:6],
        "only": folder.jobs[0].id if len(folder.jobs) == 1 else "",
        "names": [[job.id, job.name, job.state] for job in folder.jobs[:8]],
    }
