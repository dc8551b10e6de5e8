"""R9, R12, T2: damaged records, ten thousand jobs and all launchers, which are commands too."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.torture import damage, launchers, ten_thousand
from benchmarks.torture.experiment import Counts, Experiment, Size, Workshop

PLAN_SECONDS, TABLE_SECONDS, TABLE_MEGABYTES = 60.0, 1.0, 500.0


def _damaged(workshop: Workshop) -> Counts:
    share = {Size.full: 1.0, Size.quick: 0.1, Size.smoke: 0.01}[workshop.form]
    found = damage.run(share, every=round(1 / share))
    counts = Counts(faults=list(found.bad))
    counts.tried.update(found.tried)
    for (_, door, outcome), n in found.outcomes.items():
        counts.came_out[f"{outcome} by {door}"] += n
    counts.measured["slowest answer (s)"] = round(found.slowest, 2)
    counts.measured["memory that grew (MB)"] = round(found.grown / 1e6)
    return counts


def _many_jobs(workshop: Workshop) -> Counts:
    jobs = workshop.size(10_000, 400)
    counts = Counts()
    counts.tried["jobs planned, written and read"] += jobs
    for name, (wall, used, memory) in ten_thousand.measured(workshop.fresh("many"), jobs):
        counts.measured[f"{name} (s)"] = round(wall, 2)
        counts.measured[f"{name}, processor (s)"] = round(used, 2)
        counts.measured[f"{name} (MB)"] = round(memory)
    for name, most in (
        ("plan (s)", PLAN_SECONDS),
        ("table, cached again (s)", TABLE_SECONDS),
        ("table, no cache (MB)", TABLE_MEGABYTES),
    ):
        if counts.measured[name] > most:
            counts.faults.append(f"{name}: {counts.measured[name]:,}, more than {most:,}")
    return counts


def _launchers(workshop: Workshop) -> Counts:
    jobs, steps = (64, 400_000) if workshop.form is Size.full else (8, 4_000)
    sweep = launchers.Sweep(workshop.fresh("launchers"), jobs, steps)
    counts = Counts()
    for name, (_, package) in launchers.LAUNCHERS.items():
        if find_spec(package) is None:
            counts.came_out[f"{name}: not tried, {package} is not installed"] += 1
    found = launchers.equal_bytes(sweep)
    for name, differ in found["differ"].items():
        counts.tried[f"record files under {name}"] += found["files"]
        counts.measured[f"{name} (s)"] = found["seconds"][name]
        if differ:
            counts.faults.append(f"{name}: {differ} files are not those of packed")
    if find_spec("ray") is not None and workshop.form is Size.full:
        killed = launchers.killed(sweep, launchers.LAUNCHERS["packed_ray"][0])
        counts.tried["workers and driver killed on Ray"] += killed["workers killed"] + 1
        counts.measured["going on, on Ray (s)"] = killed["seconds to go on"]
        if (killed["jobs done"], killed["differ"], killed["beside them"]) != (jobs, 0, 0):
            counts.faults.append(f"killed on Ray: {killed}")
    return counts


DAMAGED = Experiment(
    "damaged",
    "R9",
    "records damaged in 1,000 ways, 70 foreign directories and 40 baits, opened by three doors",
    "no wrong number, no job hidden by another, no answer takes 2 s or 500 MB, no bait fires",
    _damaged,
)
MANY_JOBS = Experiment(
    "many_jobs",
    "R12",
    "a sweep of ten thousand jobs: its plan, and its table",
    "planned within 60 s; its table within a second once it was read, and within 500 MB",
    _many_jobs,
)
LAUNCHERS = Experiment(
    "launchers",
    "T2",
    "one sweep under every launcher; two workers and the driver killed on Ray",
    "equal bytes from all; no job lost or twice",
    _launchers,
)
