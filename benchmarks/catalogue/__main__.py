"""``python -m benchmarks.catalogue``: run the experiments, write the pages of findings."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.catalogue.finding import Finding, Page, Reading
from benchmarks.catalogue.findings import PAGES
from benchmarks.catalogue.jobs import Job, jobs_of, read, run_all
from benchmarks.catalogue.page import page as written
from benchmarks.catalogue.tally import tally

ROOT = Path(__file__).parents[2]


def main() -> None:
    options = arguments()
    for page in PAGES:
        chosen = [f for f in page.findings if not options.only or f.experiment in options.only]
        if chosen and (not options.study or page.study in options.study):
            catalogue(page, chosen, options)


def catalogue(page: Page, chosen: Sequence[Finding], options: argparse.Namespace) -> None:
    """Run the experiments of a page and write it, or show some of them."""
    jobs = {f.experiment: jobs_of(f.experiment, f.more, options.records) for f in chosen}
    minutes = "" if options.reuse else train([job for each in jobs.values() for job in each])
    readings = [f.read(read(jobs[f.experiment])) for f in chosen]
    if options.only:
        show(readings)
    else:
        write(page, readings, sum(map(len, jobs.values())), minutes)
    print(tally(answer for reading in readings for answer in reading.answers))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.catalogue",
        description="Run every experiment in full and write the pages of findings.",
    )
    parser.add_argument("--study", nargs="+", metavar="NAME", help="only the pages of these")
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


def write(page: Page, readings: Sequence[Reading], jobs: int, minutes: str) -> None:
    """A page of docs/, its pictures, and its part of results.json."""
    store = Path(__file__).parent / "results.json"
    kept = json.loads(store.read_text())["pages"] if store.exists() else {}
    minutes = minutes or kept[page.study]["minutes"]
    target = ROOT / "docs" / page.file
    text = written(page.opening, readings, jobs, minutes, target.parent)
    target.write_text(text, encoding="utf-8")
    rows = {r.finding.experiment: [a.to_json() for a in r.answers] for r in readings}
    counts = tally(answer for reading in readings for answer in reading.answers).to_json()
    kept[page.study] = {"minutes": minutes, "counts": counts, "rows": rows}
    store.write_text(json.dumps({"pages": kept}, indent=1) + "\n")
    print(f"written: docs/{page.file}, benchmarks/catalogue/results.json")


if __name__ == "__main__":
    main()
