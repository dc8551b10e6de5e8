"""``python -m benchmarks.catalogue``: run the experiments, write docs/findings.md."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.catalogue.finding import Finding, Reading
from benchmarks.catalogue.findings import FINDINGS
from benchmarks.catalogue.jobs import Job, jobs_of, read, run_all
from benchmarks.catalogue.page import page

ROOT = Path(__file__).parents[2]


def main() -> None:
    options = arguments()
    chosen = [f for f in FINDINGS if not options.only or f.experiment in options.only]
    jobs = {f.experiment: jobs_of(f.experiment, f.more, options.records) for f in chosen}
    minutes = "" if options.reuse else train([job for each in jobs.values() for job in each])
    readings = [(f, f.read(read(jobs[f.experiment]))) for f in chosen]
    if options.only:
        show(readings)
        return
    write(readings, sum(map(len, jobs.values())), minutes)


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


def train(jobs: list[Job]) -> str:
    """Run all jobs behind one bar; how long it took, in words."""
    started = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("catalogue", total=len(jobs))
        for job in run_all(jobs):
            bar.update(task, advance=1, description=job.experiment)
    return f"{(time.monotonic() - started) / 60:.0f} minutes"


def show(readings: list[tuple[Finding, Reading]]) -> None:
    for finding, reading in readings:
        print(f"\n{finding.experiment}")
        for row in reading.rows:
            mark = "  DIFFERS" if row.agrees is False else ""
            print(f"  {row.quantity}: expected {row.expected}, measured {row.measured}{mark}")


def write(readings: list[tuple[Finding, Reading]], jobs: int, minutes: str) -> None:
    """docs/findings.md, its pictures, and results.json."""
    store = Path(__file__).parent / "results.json"
    minutes = minutes or json.loads(store.read_text())["minutes"]
    text = page(readings, jobs, minutes, ROOT / "docs" / "findings")
    (ROOT / "docs" / "findings.md").write_text(text, encoding="utf-8")
    rows = {f.experiment: [row.to_json() for row in r.rows] for f, r in readings}
    store.write_text(json.dumps({"minutes": minutes, "rows": rows}, indent=1) + "\n")
    print("written: docs/findings.md, benchmarks/catalogue/results.json")


if __name__ == "__main__":
    main()
