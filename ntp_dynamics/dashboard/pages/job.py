"""The page of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard import reading
from ntp_dynamics.dashboard.index import folder_key
from ntp_dynamics.dashboard.site import Site
from ntp_dynamics.dashboard.view import job_view


def stamp(site: Site, ask: Mapping[str, Any]) -> str | None:
    """Changes with the files of the record, the row of the job and the run asked for."""
    job = site.job(str(ask.get("key")))
    return None if job is None else f"{reading.stamp(job)}.{job.state}.{run(ask)}"


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The view of a job, and its neighbours in the sweep."""
    job = site.job(str(ask["key"]))
    assert job is not None, "the stamp was None"
    folder = site.index.folders[folder_key(job.folder)]
    at = next(i for i, other in enumerate(folder.jobs) if other.id == job.id)
    near = [folder.jobs[i].id if 0 <= i < len(folder.jobs) else "" for i in (at - 1, at + 1)]
    return {
        "view": job_view(job, site.open(job), run(ask)),
        "folder": [folder.id, folder.name, len(folder.jobs)],
        "near": near,
    }


def run(ask: Mapping[str, Any]) -> int:
    """The run whose views are shown."""
    word = str(ask["view"].get("run", ""))
    return int(word) if word.isdecimal() and len(word) < 7 else 0
