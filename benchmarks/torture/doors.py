"""The three doors to a record, tried on one directory after another, in a process of its own.

`python -m benchmarks.torture.doors SWEEP` looks at a folder with the jobs 0, which is sound, and 1.
It reads a question a line, `{"of": from which sound record 1 was made, "learn": whether it is still
sound}`, and answers with a line a door: what came of it, the seconds of its slowest answer (the
dashboard gives several: its table, the record, every page), and how much memory this process and
the one that parses have taken since they were warm.

*refused*: one line says why.  *equal*: what was opened is what was recorded.  *wrong*: it is not.
*hidden*: the sound job beside it is not shown.  *raised*: anything but a line.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.app import make_app
from ntp_dynamics.dashboard.pages import route
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record import apart
from ntp_dynamics.record.record import Record
from ntp_dynamics.system.errors import UserError, UserErrors

ROOM = 1 << 30
"""Bytes of address space that the process may take once it is warm."""
NUMBERS = ("seconds", "final", "labels", "p_contradicted", "overrides")


class Doors:
    """The doors, and what they show of records that are sound."""

    def __init__(self, sweep: Path):
        self.sweep = sweep
        self.seconds = 0.0
        """Of the slowest answer to the last question."""
        self.records: dict[str, Record] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, dict[str, Any]] = {}
        app = make_app(sweep)
        self.client, self.site = app.server.test_client(), app.server.config["SITE"]

    def learn(self, of: str) -> None:
        """What the doors show of a sound job, before it is damaged."""
        self.records[of] = ntp.load_run(self.sweep / "1")
        rows, jobs = self._table(), self._jobs()
        self.rows |= {of: rows[1], "0": rows[0]}
        self.pages |= {of: _shown(jobs["1"]), "0": _shown(jobs["0"])}
        self._ask(jobs)

    def load_run(self, of: str) -> str:
        with self._timed():
            record = ntp.load_run(self.sweep / "1")
        return "equal" if _same(record, self.records[of]) else "wrong"

    def load_sweep(self, of: str) -> str:
        rows = self._table()
        if not _subset(rows.get(0, {}), self.rows["0"]) or "status" not in rows.get(0, {}):
            return "hidden"
        found = rows.get(1, {})
        if found.get("status") == "unreadable":
            return "refused" if found.get("reason") else "raised"
        return "equal" if _subset(found, self.rows[of]) else "wrong"

    def dashboard(self, of: str) -> str:
        jobs = self._jobs()
        if "0" not in jobs or _shown(jobs["0"]) != self.pages["0"]:
            return "hidden"
        self._ask(jobs)
        if "1" not in jobs:
            return "refused"
        job, shown = jobs["1"], _shown(jobs["1"])
        with self._timed():
            reading = read(job)
        if reading.record is not None and not _same(reading.record, self.records[of]):
            return "wrong"
        empty = not (shown["final"] or shown["labels"])
        if not empty and shown != {**self.pages[of], "state": shown["state"]}:
            return "wrong"
        return "refused" if reading.record is None and reading.problem else "equal"

    def _jobs(self) -> dict[str, Job]:
        with self._timed():
            self.site.refresh()
        self.site._next = math.inf  # nothing is scanned behind our back
        return {job.name: job for job in self.site.index.jobs.values()}

    def _ask(self, jobs: Mapping[str, Job]) -> None:
        """Every page, as a browser asks for it.  Raises RuntimeError for one that is not made."""
        keys = [job.id for job in jobs.values()]
        folders = [f"/sweep/{key}" for key in self.site.index.folders]
        for path, search in [
            ("/", ""), *((place, "") for place in folders), *((f"/job/{key}", "") for key in keys),
            ("/compare", f"?jobs={','.join(keys)}"),
        ]:  # fmt: skip
            question = {
                "output": "answer.data",
                "outputs": {"id": "answer", "property": "data"},
                "inputs": [
                    {"id": "ask", "property": "data", "value": route(path, search)},
                    {"id": "tick", "property": "n_intervals", "value": 0},
                ],
                "state": [{"id": "seen", "property": "data", "value": None}],
                "changedPropIds": ["ask.data"],
            }
            with self._timed():
                told = self.client.post(
                    "/_dash-update-component", json=question, base_url="http://localhost"
                )
            if told.status_code != 200 or "could not be made" in told.text:
                raise RuntimeError(f"{path}: {told.status_code} {told.text[:200]}")

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds = max(self.seconds, time.monotonic() - began)

    def _table(self) -> dict[int, dict[str, Any]]:
        with self._timed():
            rows = ntp.load_sweep(self.sweep).to_dict("records")
        return {int(Path(row["path"]).name): row for row in rows}


def _shown(job: Job) -> dict[str, Any]:
    return {"state": job.state, **{name: getattr(job, name) for name in NUMBERS}}


def _same(found: Record, truth: Record) -> bool:
    """Whether every number and word of two records is the same."""
    return (
        found.config == truth.config
        and found.inputs == truth.inputs
        and found.verdicts == truth.verdicts
        and found.trajectory.identical(truth.trajectory)
    )


def _subset(found: Mapping[str, Any], truth: Mapping[str, Any]) -> bool:
    """Whether a row shows nothing but what the sound one shows; state and reason may differ."""
    for name, value in found.items():
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if name in ("status", "reason", "path") or missing:
            continue
        if name not in truth or truth[name] != value:
            return False
    return True


def _peak() -> int:
    """The most memory that this process and the one that parses have had, in bytes."""
    parsing = "self" if apart._process is None else str(apart._process.process.pid)
    total = 0
    for process in {"self", parsing}:
        with suppress(OSError):
            lines = Path(f"/proc/{process}/status").read_text().splitlines()
            total += next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) * 1024
    return total


def _answers(doors: Doors, of: str) -> Iterator[dict[str, Any]]:
    job = doors.sweep / "1"
    os.chdir(job if job.is_dir() else doors.sweep)  # what lies there is not imported
    tried = (doors.load_run, doors.load_sweep, doors.dashboard)
    for door in tried:
        doors.seconds, why = 0.0, ""
        try:
            outcome = door(of)
        except (UserError, UserErrors) as error:
            why = str(error)
            outcome = "refused" if len(why.splitlines()) == 1 else "raised"
        except BaseException as error:
            outcome, why = "raised", f"{type(error).__name__}: {error}"[:300]
        yield {"door": door.__name__, "outcome": outcome, "why": why, "seconds": doors.seconds}


def main(sweep: str) -> None:
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    doors, warm = Doors(Path(sweep)), 0
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["learn"]:
            doors.learn(asked["of"])
            print(json.dumps({"door": "learn"}), file=answer, flush=True)
            continue
        if not warm:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            warm = _peak()
        for told in _answers(doors, asked["of"]):
            print(json.dumps({**told, "grown": _peak() - warm}), file=answer, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
