"""The page of a sweep: its table, its phase diagram, lines through all keys, curves of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntp_dynamics.dashboard import compare, table
from ntp_dynamics.dashboard.index import Folder
from ntp_dynamics.dashboard.phase import axes, parallel, phase
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.site import Site
from ntp_dynamics.dashboard.verdicts import tally


def stamp(site: Site, ask: Mapping[str, Any]) -> str | None:
    """Changes with the index and with what is asked."""
    folder = site.folder(str(ask.get("key")))
    return None if folder is None else f"{site.index.stamp}{sorted(ask['view'].items())!r}"


def show(site: Site, ask: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of a folder shows."""
    folder = site.folder(str(ask["key"]))
    assert folder is not None, "the stamp was None"
    return shown(folder, ask["view"])


def chosen(folder: Folder, view: Mapping[str, Any]) -> list[Job]:
    """The jobs of a folder that the view's filter keeps, in the order it asks for."""
    terms = table.parse_filter(str(view.get("filter", "")), table.keys_of(folder))
    jobs = [job for job in folder.jobs if table.matches(job, terms)] if terms else folder.jobs
    key = str(view.get("sort", ""))
    return table.order(jobs, key, view.get("down") == "1") if key else list(jobs)


def shown(folder: Folder, view: Mapping[str, Any], per_page: int = table.PAGE) -> dict[str, Any]:
    """The page of a folder with filter, order, columns, axes and colour as the view says."""
    jobs = chosen(folder, view)
    every = table.columns(folder)
    asked = [c for c in str(view.get("columns", "")).split(",") if c]
    columns = [c for c in every if c["key"] in asked or (not asked and c["usual"])]
    first = max(0, min(_whole(view.get("page")), (len(jobs) - 1) // per_page)) * per_page
    colour = str(view.get("colour", ""))
    colour = colour if colour in (*folder.claims, *folder.observables) else folder.telling
    x, y = axes(folder, view.get("x"), view.get("y"))
    return {
        "name": folder.name,
        "all": len(folder.jobs),
        "states": folder.states,
        "matched": len(jobs),
        "first": first,
        "per_page": per_page,
        "columns": columns,
        "every": every,
        "rows": [_row(job, columns) for job in jobs[first : first + per_page]],
        "facets": table.facets(folder),
        "swept": folder.swept,
        "claims": folder.claims,
        "observables": folder.observables,
        "headings": table.headings(folder),
        "clocks": {compare.OWN: "its own clock", **compare.clocks_of(folder.studies)},
        "tally": tally(folder.claims, jobs),
        "phase": phase(folder, jobs, x, y, colour) if x else None,
        "parallel": parallel(folder, jobs, colour) if view.get("lines") == "1" else None,
        "groups": compare.compare(jobs, str(view.get("clock", "")), str(view["by"]))
        if view.get("by") in folder.swept
        else None,
        "view": {str(k): str(v) for k, v in view.items()} | {"x": x, "y": y, "colour": colour},
    }


def _row(job: Job, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state,
        "reason": job.reason,
        "cells": [_cell(job, column) for column in columns],
        "observed": {claim: job.beside.get(f"{claim}.observed", "") for claim in job.seen},
    }


def _cell(job: Job, column: Mapping[str, str]) -> str | float | None:
    key = column["key"]
    return job.mark(key) if column["kind"] == "claim" else table.value(job, key)


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
