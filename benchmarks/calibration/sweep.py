"""The synthetic part: every family in every cell, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.calibration import practice
from benchmarks.calibration.families import FAMILIES, POWER_CLAIM, Cell, Family, draw
from benchmarks.calibration.workers import parallel
from ntp_dynamics.verdict.replicates import judge_rates

CHUNK = 125  # replicates at a time: what fits the cache


@dataclass(frozen=True)
class Count:
    """Verdicts of one family in one cell.  ``named``: those contradicted that name a run, the
    others are contradicted jointly.  The last two say how often common practice confirms the claim
    (None where it is not a power law)."""

    family: str
    cell: Cell
    replicates: int
    consistent: int
    contradicted: int
    named: int
    by_slope: int | None
    by_best_fit: int | None

    def to_json(self) -> list[Any]:
        """The cell, then the counts."""
        row = asdict(self)
        del row["family"]
        return [*row.pop("cell").values(), *row.values()]


def count(family: Family, cell: Cell, replicates: int, seed: Sequence[int]) -> Count:
    """Judge the replicates of a cell."""
    total, power = np.zeros(5, dtype=int), family.claim is POWER_CLAIM
    for i, size in enumerate(chunks(replicates)):
        t, log_y = draw(family, cell, size, np.random.default_rng([*seed, i]))
        rates = judge_rates(t, log_y, family.claim, family.log_floor)
        found = [rates.status == "consistent", rates.status == "contradicted"]
        found.append((rates.runs == "contradicted").any(axis=1))
        if power:
            found.append(practice.confirmed_by_slope(t, log_y))
            found.append(practice.confirmed_by_best_fit(t, log_y))
        total[: len(found)] += [int(np.sum(x)) for x in found]
    consistent, contradicted, named, *confirmed = (int(n) for n in total)
    by_slope, by_best_fit = confirmed if power else (None, None)
    verdicts = (consistent, contradicted, named)
    return Count(family.name, cell, replicates, *verdicts, by_slope, by_best_fit)


def chunks(replicates: int) -> list[int]:
    """Sizes that add up to the number of replicates."""
    return [min(CHUNK, replicates - start) for start in range(0, replicates, CHUNK)]


def sweep(
    cells: Sequence[Cell],
    replicates: int,
    progress: Callable[[str, list[Count]], None] = lambda name, counts: None,
) -> list[Count]:
    """Every family in every cell; the seed of a count is its place in the design."""
    tasks = [(i, j, cell, replicates) for i in range(len(FAMILIES)) for j, cell in enumerate(cells)]
    counts: list[Count] = []
    for found in parallel(_count, tasks):
        counts.append(found)
        if len(counts) % len(cells) == 0:
            progress(found.family, counts)
    return counts


def _count(task: tuple[int, int, Cell, int]) -> Count:
    i, j, cell, replicates = task
    return count(FAMILIES[i], cell, replicates, (i, j))
