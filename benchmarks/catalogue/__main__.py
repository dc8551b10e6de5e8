"""``python -m benchmarks.catalogue``: run the experiments, write docs/findings.md."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.catalogue.finding import Reading
from benchmarks.catalogue.findings import FINDINGS
from benchmarks.catalogue.jobs import Job, jobs_of, read, run_all
from benchmarks.catalogue.page import page
from benchmarks.catalogue.tally import tally

ROOT = Path(__file__).parents[2]


def main() -> None:
    options = arguments()
    chosen = [f for f in FINDINGS if not options.only or f.experiment in options.only]
    jobs = {f.experiment: jobs_of(f.experiment, f.more, options.records) for f in chosen}
    minutes = "" if options.reuse else train([job for each in jobs.values() for job in each])
    readings = [f.read(read(jobs[f.experiment])) for f in chosen]
    if options.only:
        show(readings)
    else:
        write(readings, sum(map(len, jobs.values())), minutes)
    print(tally(answer for reading in readings for answer in reading.answers))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.catalogue",
        description="Run every experiment in full and write docs/findings.md.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="print these, write nothing")
    parser.add_argument("--reuse", action="store_true", help="read the records of the last run")
    parser.add_argument(
        "--records", type=Path, default=ROOT / "outputs" / "catalogue", help="where records go"
    )
    return parser.parse_args()


def train(jobs: Sequence[Job]) -> str:
    """Run all jobs behind one bar, a line for each experiment that is done; how long it took."""
    started = time.monotonic()
    left = Counter(job.experiment for job in jobs)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("catalogue", total=len(jobs))
        for job in run_all(jobs):
            left[job.experiment] -= 1
            if not left[job.experiment]:
                bar.console.print(f"{time.monotonic() - started:5.0f} s  {job.experiment}")
            bar.update(task, advance=1, description=job.experiment)
    return f"{(time.monotonic() - started) / 60:.0f} minutes"


def show(readings: Sequence[Reading]) -> None:
    for reading in readings:
        print(f"\n{reading.finding.experiment}")
        for a in reading.answers:
            mark = f"  DIFFERS: {a.why}" if a.agrees is False else ""
            said = f"expected {a.expected}, " if a.expected else ""
            print(f"  {a.quantity}: {said}measured {a.measured} ({a.source}){mark}")


def write(readings: Sequence[Reading], jobs: int, minutes: str) -> None:
    """docs/findings.md, its pictures, and results.json."""
    store = Path(__file__).parent / "results.json"
    minutes = minutes or json.loads(store.read_text())["minutes"]
    text = page(readings, jobs, minutes, ROOT / "docs" / "findings")
    (ROOT / "docs" / "findings.md").write_text(text, encoding="utf-8")
    answers = {r.finding.experiment: [a.to_json() for a in r.answers] for r in readings}
    counts = tally(answer for reading in readings for answer in reading.answers).to_json()
    found = {"minutes": minutes, "counts": counts, "rows": answers}
    store.write_text(json.dumps(found, indent=1) + "\n")
    print("written: docs/findings.md, benchmarks/catalogue/results.json")


if __name__ == "__main__":
    main()
