"""Everything that the page of a job shows, as one piece of plain JSON: sent once, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ntp_dynamics.dashboard.curves import panels_json
from ntp_dynamics.dashboard.reading import Reading
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.verdicts import cards, headline
from ntp_dynamics.dashboard.views import pages, views
from ntp_dynamics.observe.hooks import ARRAY_CLOCK
from ntp_dynamics.record.plain import numbers, places, text
from ntp_dynamics.record.record import Record
from ntp_dynamics.record.written import Written
from ntp_dynamics.study import Outline
from ntp_dynamics.verdict.label import marks
from ntp_dynamics.verdict.verdict import EARLIER, FORMAT


def job_view(job: Job, reading: Reading, run: int = 0) -> dict[str, Any]:
    """The view of a job; of one that cannot be read, why."""
    record = reading.record
    view = {
        "id": job.id,
        "name": job.place,
        "state": job.state,
        "reason": job.reason,
        "seconds": job.seconds,
        "overrides": [[key, value] for key, value in job.overrides.items()],
        "problem": reading.problem,
        "note": reading.no_laws,
        "log": list(reading.log),
        "run": run,
        "runs": 0,
        "pages": [],
        "marks": marks(),
    }
    if record is None:
        return view
    runs = runs_of(record)
    run = min(max(run, 0), runs - 1)
    shown = list(views(record, run))
    found = cards(record.verdicts, job.labels)
    return {
        **view,
        "run": run,
        "runs": runs,
        "facts": facts(record, runs),
        "headline": headline(found, record.verdicts),
        "notes": [*notes(record), *(v["problem"] for v in shown if v["problem"])],
        "cards": found,
        "timeline": timeline(record),
        "panels": _panels(record, reading.laws),
        "pages": pages(record.study),
        "views": [v for v in shown if v["data"] is not None],
    }


def _panels(record: Record, laws: Sequence[Written]) -> list[dict[str, Any]]:
    """The panels; checkpoints are told on the clock of their phase."""
    clocks = {o.name: o.clock.replace("_", " ") for o in record.study.outline(record.config)}
    shown = panels_json(record.trajectory, record.phases, laws)
    for one in shown:
        if one["when"] == ARRAY_CLOCK:
            one["when"] = text(clocks.get(one["stage"], ARRAY_CLOCK))
    return shown


def notes(record: Record) -> list[str]:
    """What the job noted about its data, and by which rules it was judged if not today's."""
    said = record.status.get("notes")
    noted = [text(note) for note in said[:8]] if isinstance(said, list) else []
    return [EARLIER, *noted] if record.verdicts and record.rules < FORMAT else noted


def runs_of(record: Record) -> int:
    """How many runs a record has."""
    sizes = [record.stage(phase).sizes.get("run", 1) for phase in record.phases]
    return min([record.config.runs, *sizes])


def facts(record: Record, runs: int) -> list[str]:
    """The job in a line: its size, what its study says of it, its seed."""
    said = record.study.facts(record.config, record.inputs)
    return [f"{runs:,} run{'s' * (runs != 1)}", *map(text, said), f"seed {record.config.seed}"]


def timeline(record: Record) -> list[dict[str, Any]]:
    """The recorded places of each phase on its clock, one after the other, with another clock of
    the study beside where it has one."""
    outlines = {o.name: o for o in record.study.outline(record.config)}
    line = []
    for phase in record.phases:
        data = record.stage(phase)
        outline = outlines.get(phase, Outline(phase, 0))
        if outline.clock not in data.coords or not data[outline.clock].size:
            continue
        dims = "run", outline.clock
        beside = [n for n in record.study.clocks if n in data and data[n].dims == dims]
        other = numbers(np.median(data[beside[0]].values, axis=0)) if beside else None
        line.append(
            {
                "stage": phase,
                "label": text(outline.label or phase),
                "clock": text(outline.clock.replace("_", " ")),
                "steps": places(data[outline.clock].values.astype(float)),
                "beside": text(record.study.clocks[beside[0]]) if beside else "",
                "path": other,
            }
        )
    return line
