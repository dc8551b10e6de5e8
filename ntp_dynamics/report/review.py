"""``ntp-show``: the verdicts of a record, or of a sweep, again; read-only."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ntp_dynamics.observe.judgement import judge_claims, verdicts_file
from ntp_dynamics.observe.modules import load_additions
from ntp_dynamics.record.changed import CHANGED, told_changes
from ntp_dynamics.record.opening import damage_in_one_line
from ntp_dynamics.record.outcome import labels
from ntp_dynamics.record.plan import PLAN, short_name
from ntp_dynamics.record.record import Record, adjusted_labels, load_run
from ntp_dynamics.record.status import BESIDE
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.record.sweep import Jobs, jobs_of, told_states
from ntp_dynamics.report.show import line, nearby, observations, unfinished, verdict_map, verdicts
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import attended
from ntp_dynamics.verdict.verdict import EARLIER, FORMAT


def review(directory: Path, console: Console, *, judge: bool, as_json: bool) -> None:
    """Print the verdict table of a record, or the map of a sweep.

    ``judge`` holds the recorded numbers against the claims by today's rules and writes nothing.
    Raises UserError where there is no record, or one to be judged again cannot be read.
    """
    if (directory / STATUS).exists():
        record = load_run(directory)
        shown = _record(record, directory, judge)
        with damage_in_one_line(directory):
            if as_json:
                print(json.dumps(shown))
            else:
                _show_record(shown, record, console)
        return
    found = jobs_of(directory)
    jobs = list(_jobs(found, judge))
    if not jobs:
        raise UserError(
            str(directory), "it holds no record", "give the directory of a job or sweep"
        )
    corrected = adjusted_labels([job["status"] for job in jobs])
    for job, row in zip(jobs, corrected, strict=True):
        job["status"]["labels"] = row
    if as_json:
        print(json.dumps({**_sweep(directory, jobs), "states": found.states}))
    else:
        _show_sweep(directory, found, jobs, console)


def _record(record: Record, directory: Path, judge: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "path": str(directory),
        "state": record.state,
        "standing": record.standing,
    }
    said[CHANGED] = record.status.get(CHANGED)
    if not judge:
        return {**said, "format": record.rules, "claims": record.verdicts}
    return {**said, **verdicts_file(judge_again(record))}


def judge_again(record: Record) -> list[dict[str, Any]]:
    """Today's verdicts on the numbers of a record.  Raises UserError where nothing was recorded."""
    if not record.phases:
        raise UserError(str(record.path), "nothing was recorded", "run the job again")
    study, config = record.study, record.config
    added = load_additions(study, study.outline(config), config.hooks.modules)
    claims = [*study.claims_of(config), *added.claims]
    given = record.trajectory, record.constants, claims, study.residual
    judged = judge_claims(*given, record.since)
    return [j.to_json() for j in judged]


def _show_record(shown: Mapping[str, Any], record: Record, console: Console) -> None:
    claims = shown["claims"]
    if changed := told_changes(shown[CHANGED]):
        line(console, f"note     kept although it has changed: {changed}")
    if not claims:
        how = " (--judge judges what is there)" if record.study.trains else ""
        line(console, f"{shown['path']}: {shown['standing']}, no verdicts{how}")
        for note in record.status.get("notes", []):
            line(console, f"note     {note}")
        if record.study.trains:
            _how_to_go_on(Path(shown["path"]), {shown["state"]: 1}, console)
        return
    verdicts(claims, console)
    if shown["format"] < FORMAT:
        line(console, f"note     {EARLIER}")
    if shown["standing"] != "sealed":
        line(console, f"note     {shown['standing']}")
    _how_to_go_on(Path(shown["path"]), {shown["state"]: 1}, console)
    line(console, f"record   {nearby(Path(shown['path']))}")


def _how_to_go_on(place: Path, states: Mapping[str, int], console: Console) -> None:
    """A line where not all is done and nobody is at work."""
    rest = {state for state, jobs in states.items() if jobs} - {"done"}
    if rest and "running" not in rest and not attended(place):
        line(console, f"go on    ntp-resume {shlex.quote(str(nearby(place)))}")


def _jobs(found: Jobs, judge: bool) -> Iterator[dict[str, Any]]:
    for path, status in found.statuses.items():
        if judge and status["state"] == "done":
            try:
                nothing = {name: {} for name in BESIDE}
                status = {**status, **nothing, **labels(judge_again(load_run(path)))}
            except UserError as error:  # one that cannot be judged again hides no other
                blank = {name: {} for name in ("labels", "runs", "p_contradicted", *BESIDE)}
                status = {**status, "state": "unreadable", "reason": str(error), **blank}
        yield {"path": path, "status": status}


def _sweep(directory: Path, jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    columns = ("overrides", "state", "reason", "labels", "runs", *BESIDE, CHANGED)
    return {
        "path": str(directory),
        "jobs": [
            {"path": str(job["path"]), **{name: job["status"].get(name) for name in columns}}
            for job in jobs
        ],
    }


def _show_sweep(
    directory: Path, found: Jobs, jobs: Sequence[Mapping[str, Any]], console: Console
) -> None:
    statuses = [job["status"] for job in jobs]
    line(console, told_states(found.states))
    unfinished(found.statuses, console)
    if (directory / PLAN).exists() and directory / PLAN not in found.statuses:  # there: damaged
        _how_to_go_on(directory, found.states, console)
    verdict_map(statuses, console)
    observations({job["path"]: job["status"] for job in jobs}, console)
    earlier = sum(bool(status["labels"]) and not status["runs"] for status in statuses)
    if earlier:
        line(console, f"note     {earlier} jobs {EARLIER}")
    for job in jobs:
        number = short_name(job["path"].name)
        if changed := told_changes(job["status"].get(CHANGED)):
            line(console, f"  {number}: kept although it has changed: {changed}")
        for claim, runs in job["status"]["runs"].items():
            if runs["failing"]:
                named = ", ".join(map(str, runs["failing"][:5]))
                what = f"{claim} fails in {len(runs['failing'])} of {runs['judged']} runs: {named}"
                line(console, f"  {number}: {what}")
    line(console, f"records  {nearby(directory)}")
