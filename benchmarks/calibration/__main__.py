"""``python -m benchmarks.calibration``: run the calibration and write docs/calibration.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.calibration import checks, tradeoff
from benchmarks.calibration.defects import defects
from benchmarks.calibration.design import cells
from benchmarks.calibration.ensembles import ensembles
from benchmarks.calibration.equalities import equalities
from benchmarks.calibration.families import FAMILIES
from benchmarks.calibration.mixtures import mixtures
from benchmarks.calibration.report import Results, report
from benchmarks.calibration.samples import samples
from benchmarks.calibration.sweep import Count, sweep
from benchmarks.calibration.systems import findings
from benchmarks.calibration.transients import transients

FULL = 500
ROOT = Path(__file__).parents[2]


def run(replicates: int) -> Results:
    """The whole calibration; the smaller parts scale with the replicates of a cell."""
    say("systems and defects")
    found, injected = findings(), defects()
    say("bounds, invariances, speed")
    bounds = checks.bounds(max(replicates // 5, 5))
    invariances = checks.invariances()
    seconds = checks.seconds_for_ten_thousand()
    say("trade-off")
    curve = tradeoff.curve(FAMILIES, max(replicates // 5, 20))
    say("late starts, expectations, laws of samples, equalities in the limit")
    scale = replicates / FULL
    late, expected, sampled = transients(scale), ensembles(scale), samples(scale)
    equal = equalities(scale)
    mixed = mixtures(scale, say)
    counts = sweep(cells(), replicates, progress)
    return Results(
        replicates, counts, found, injected, bounds, invariances, curve, mixed, late, expected,
        sampled, equal, seconds,
    )  # fmt: skip


def progress(name: str, counts: list[Count]) -> None:
    say(f"{len(counts):,} cells, {name}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration")
    parser.add_argument(
        "--replicates",
        type=int,
        default=FULL,
        help=f"replicates a cell (default {FULL}); other numbers print the report, write nothing",
    )
    replicates = parser.parse_args().replicates
    results = run(replicates)
    page = report(results)
    if replicates != FULL:
        print(page)
        return
    (ROOT / "docs" / "calibration.md").write_text(page)
    record = json.dumps(results.to_json(), separators=(",", ":")).replace("],", "],\n")
    (Path(__file__).parent / "results.json").write_text(record + "\n")
    say("written: docs/calibration.md, benchmarks/calibration/results.json")


if __name__ == "__main__":
    main()
