"""R5: signals that ask to stop, in the middle of training."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.torture.experiment import Counts, Experiment, Workshop
from benchmarks.torture.jobs import PLAIN, again, start, whole_job
from benchmarks.torture.kills import count_phases
from benchmarks.torture.records import Bytes, record_bytes
from benchmarks.torture.shim import Count
from ntp_dynamics.record.checkpoint import Checkpoints
from ntp_dynamics.record.status import told

LONG = (
    *("experiment=smoke", "runs=2", "engine=torch", *PLAIN, "runtime.checkpoint_seconds=null"),
    *("train.feed_forward.steps=200", "train.attention.steps=1000"),
)
"""A job of a second or more, a checkpoint of which is written only when it is stopped."""
SIGNALS = ("SIGTERM", "SIGUSR2", "SIGHUP", "SIGINT")
SOON = 2.0
"""Seconds from the signal to the end, on a machine that has nothing else to do."""


def run(workshop: Workshop) -> Counts:
    """Thirty of each, and thirty times two of SIGINT."""
    whole, expected = whole_job(workshop, *LONG)
    seconds = json.loads((whole / "status.json").read_text())["seconds"]
    each = workshop.size(30, 2)
    cases = [(name, 1, n) for name in SIGNALS[:3] for n in range(each)]
    cases += [("SIGINT", 2, n) for n in range(each)]
    return workshop.spread(partial(_try, expected=expected, seconds=seconds), cases)


def _try(workshop: Workshop, case: tuple[str, int, int], expected: Bytes, seconds: float) -> Counts:
    name, times, _ = case
    counts, place, rng = Counts(), workshop.fresh("place"), random.Random(f"{case}")
    trained, number = Count(), getattr(signal, name)
    child = start(workshop, place, LONG, first=lambda: count_phases(trained))
    while child.alive and not trained.value:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.8 * seconds))
    sent = time.monotonic()
    for _ in range(times):
        child.send(number)
        time.sleep(rng.uniform(0, 0.05) if times > 1 else 0)
    done = child.wait()
    took = time.monotonic() - sent
    counts.tried[f"{name}{' twice' if times > 1 else ''}"] += 1
    counts.measured["seconds from the signal to the end (the most)"] = round(took, 2)
    counts.faults += list(_wrong(place / "job", done.code, name, times, trained, done.err, counts))
    resumed = again(workshop, place, LONG)
    if resumed.code or record_bytes(place / "job") != expected:
        counts.faults.append(f"{case}: gone on with: exit {resumed.code}: {resumed.err[-250:]}")
    return counts


def _wrong(
    job: Path, code: int, name: str, times: int, trained: Count, err: str, counts: Counts
) -> Iterator[str]:
    """What is wrong with how it stopped."""
    status = told(job)
    if status["state"] == "done" and code == 0:
        counts.came_out["done before the signal"] += 1
        return
    counts.came_out[f"{status['state']}, exit {code}"] += 1
    if "Traceback" in err:
        yield f"{name}: a traceback: {err[-200:]}"
    if times > 1:
        if status["state"] not in ("interrupted", "dead"):
            yield f"{name} twice: the status says {status['state']}"
        return
    if code != 130 or status["state"] != "interrupted" or name not in str(status["reason"]):
        yield f"{name}: exit {code}, {status['state']}: {status['reason']}"
    newest, passed = Checkpoints(job).newest()
    if newest is None or passed:
        yield f"{name}: no checkpoint is left"
        return
    horizon = {"feed_forward": 200, "attention": 1000}
    kept = sum(1e6 * step / horizon[phase] for phase, step in newest.said["reached"])
    if abs(trained.value - kept) > len(horizon):
        yield f"{name}: {(trained.value - kept) / 1e6:.4f} phases were trained and not kept"


STOPS = Experiment(
    "stops",
    "R5",
    "SIGTERM, SIGUSR2 and SIGHUP while a job trains, and SIGINT twice",
    "the status says `interrupted` and by what, a checkpoint holds every step that was trained, no "
    "traceback; gone on with it leaves the bytes of the uninterrupted one",
    run,
)
