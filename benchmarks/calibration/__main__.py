"""``python -m benchmarks.calibration``: run the calibration and write docs/calibration.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.calibration import checks, tradeoff
from benchmarks.calibration.declared import declared
from benchmarks.calibration.defects import defects
from benchmarks.calibration.design import cells
from benchmarks.calibration.ensembles import ensembles
from benchmarks.calibration.equalities import equalities
from benchmarks.calibration.families import FAMILIES
from benchmarks.calibration.few import of_declared, of_short
from benchmarks.calibration.mixtures import mixtures
from benchmarks.calibration.report import FEW, NO_TRANSIENT, Results, report, section
from benchmarks.calibration.samples import samples
from benchmarks.calibration.short import short
from benchmarks.calibration.sweep import Count, sweep
from benchmarks.calibration.systems import findings
from benchmarks.calibration.transients import transients

FULL = 500
PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
RECORD = Path(__file__).parent / "results.json"
SYSTEMS = "Systems whose rate is a theorem"
ALONE: dict[str, tuple[str, Callable[[], list[Any]], Callable[[list[Any]], list[str]]]] = {
    "declared": (NO_TRANSIENT, declared, of_declared),
    "short": (FEW, short, of_short),
}
"""Parts that can be run by themselves: the title of their section, what is done and told."""


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
    say("claims without a transient, short horizons")
    free, few = declared(scale), short(scale)
    counts = sweep(cells(), replicates, progress)
    return Results(
        replicates, counts, found, injected, bounds, invariances, curve, mixed, late, expected,
        sampled, equal, free, few, seconds,
    )  # fmt: skip


def replace(part: str) -> None:
    """Run one part again; page and record keep the others."""
    title, measure, tell = ALONE[part]
    found = measure()
    record = json.loads(RECORD.read_text())
    seconds = record.pop("seconds")
    write(record | {part: [x.to_json() for x in found], "seconds": seconds})
    PAGE.write_text(with_section(PAGE.read_text(), title, section(title, tell(found))))
    say(f"written: {title}")


def with_section(page: str, title: str, text: str) -> str:
    """The page with this section in place of its old one; a new one goes before the systems."""
    parts = page.rstrip("\n").split("\n\n## ")
    names = [part.partition("\n")[0] for part in parts]
    at = names.index(title if title in names else SYSTEMS)
    parts[at : at + (title in names)] = [text.removeprefix("## ")]
    return "\n\n## ".join(parts) + "\n"


def write(results: dict[str, Any]) -> None:
    text = json.dumps(results, separators=(",", ":")).replace("],", "],\n")
    RECORD.write_text(text + "\n")


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
    parser.add_argument(
        "--only", choices=ALONE, help="run this part alone and put it in place of the one on record"
    )
    chosen = parser.parse_args()
    if chosen.only:
        replace(chosen.only)
        return
    replicates = chosen.replicates
    results = run(replicates)
    page = report(results)
    if replicates != FULL:
        print(page)
        return
    PAGE.write_text(page)
    write(results.to_json())
    say("written: docs/calibration.md, benchmarks/calibration/results.json")


if __name__ == "__main__":
    main()
