"""What a study shows on its pages beside curves and verdicts, and the files that draw it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ntp_dynamics.dashboard.arrays import arrays
from ntp_dynamics.dashboard.faults import complain
from ntp_dynamics.dashboard.index import known_study
from ntp_dynamics.record.plain import text
from ntp_dynamics.record.record import Record
from ntp_dynamics.study import Study
from ntp_dynamics.view import View


def views(record: Record, run: int) -> Iterator[dict[str, Any]]:
    """The views of a job page in one run, then the arrays that none of them draws.

    A view that cannot be made says why instead.
    """
    drawn: set[str] = set()
    for view in record.study.views:
        if not view.page:
            drawn |= set(view.arrays)
            told = {"key": view.name, "name": view.name, "files": files(record.study, view)}
            yield told | shown(view, record, run)
    clocks = {outline.name: outline.clock for outline in record.study.outline(record.config)}
    for phase in record.phases:
        said = clocks.get(phase, "step")
        others = {each.removeprefix(f"{phase}/") for each in drawn}
        for i, data in enumerate(arrays(record.trajectory, phase, run, others, said)):
            told = {"key": f"arrays/{phase}/{i}", "name": "arrays", "files": []}
            yield told | {"data": data, "problem": ""}


def shown(view: View, record: Record, run: int) -> dict[str, Any]:
    """What a view shows, or why it cannot."""
    try:
        return {"data": view.show(record, run), "problem": ""}
    except Exception as error:  # a page does without, and the server goes on
        complain(view.name, error)
        why = text(f"{view.name} could not be made ({type(error).__name__}: {error})")
        return {"data": None, "problem": why}


def pages(study: Study) -> list[str]:
    """The views that are pages of their own."""
    return [view.name for view in study.views if view.page]


def files(study: Study, view: View) -> list[str]:
    """Addresses of the scripts and style sheets of a view, in order."""
    return [f"/studies/{study.name}/{path.name}" for path in (*view.needs, view.script)]


def paths(study: Study) -> list[Path]:
    """The files of all views of a job page, each once, in order."""
    found = [(*view.needs, view.script) for view in study.views if not view.page]
    return list(dict.fromkeys(path for each in found for path in each))


def file_at(study: str, name: str) -> Path | None:
    """The file of an address; None where no view of that study has it."""
    known = known_study(study)
    every = [] if known is None else [p for v in known.views for p in (*v.needs, v.script)]
    return next((path for path in every if path.name == name), None)
