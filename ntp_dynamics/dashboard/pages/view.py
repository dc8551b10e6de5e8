"""The page of a view that is one of its own: what the study shows of one run of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard import reading, views
from ntp_dynamics.dashboard.pages.job import run
from ntp_dynamics.dashboard.site import Site
from ntp_dynamics.dashboard.view import runs_of


def stamp(site: Site, ask: Mapping[str, Any]) -> str | None:
    """Changes with the files of the record, the view and the run asked for."""
    job = site.job(str(ask.get("key")))
    return None if job is None else f"{ask.get('name')}.{reading.stamp(job)}.{run(ask)}"


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The view of a run; without a record, or such a view, why."""
    job = site.job(str(ask["key"]))
    assert job is not None, "the stamp was None"
    opened, name = site.open(job), str(ask.get("name"))
    found = {"job": job.place, "name": name, "run": 0, "runs": 0, "files": [], "data": None}
    record = opened.record
    if record is None:
        return {**found, "problem": opened.problem}
    view = next((v for v in record.study.views if v.page and v.name == name), None)
    if view is None:
        return {**found, "problem": "its study has no such page"}
    runs = runs_of(record)
    which = min(run(ask), runs - 1)
    told = {"run": which, "runs": runs, "files": views.files(record.study, view)}
    return {**found, **told, **views.shown(view, record, which)}
