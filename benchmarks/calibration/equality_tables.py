"""The tables about equalities in the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.calibration.equalities import (
    COURSES,
    HORIZONS,
    RUNS,
    TOLERANCES,
    Equality,
)
from benchmarks.calibration.statistics import at_most
from benchmarks.calibration.tables import table

SDS = (0.0, 0.01, 0.05, 0.2)
TRUE = [course.name for course in COURSES if course.holds]
FALSE = [course.name for course in COURSES if not course.holds]


def true_limits(found: Sequence[Equality]) -> list[str]:
    """Those that come to what is stated: contradicted, by the size of the experiments, and said to
    hold, by noise; both tolerances and all horizons together."""
    rows = []
    for name in TRUE:
        mine = _pick(found, course=name)
        sizes = [_pick(mine, runs=runs) for runs in RUNS]
        noises = [[e for e in mine if e.noise.sd == sd] for sd in SDS]
        rows.append([
            name,
            *(at_most(contradicted(some), experiments(some)) for some in sizes),
            " / ".join(_share(some, lambda e: e.kept) for some in noises),
        ])  # fmt: skip
    head = [f"contradicted, S = {runs}" for runs in RUNS]
    return table(["y over the stated value is 1 +", *head, "holds, %, by noise"], rows)


def false_limits(found: Sequence[Equality]) -> list[str]:
    """The others: contradicted, by tolerance, horizon and noise; and said to hold."""
    rows = []
    for name in FALSE:
        for tolerance in TOLERANCES:
            mine = _pick(found, course=name, tolerance=tolerance)
            cells = []
            for horizon in HORIZONS:
                some = _pick(mine, horizon=horizon)
                noises = [[e for e in some if e.noise.sd == sd] for sd in SDS]
                cells.append(" / ".join(_share(x, lambda e: e.contradicted) for x in noises))
            kept = at_most(sum(e.kept for e in mine), experiments(mine))
            rows.append([name, f"{100 * tolerance:g} %", *cells, kept])
    head = [f"T = {horizon:,}" for horizon in HORIZONS]
    return table(["y is not as stated", "tolerance", *head, "said to hold"], rows)


def of_true(found: Iterable[Equality]) -> list[Equality]:
    """Those of courses that come to what is stated."""
    return [e for e in found if e.course in TRUE]


def contradicted(found: Iterable[Equality]) -> int:
    """How many experiments are."""
    return sum(e.contradicted for e in found)


def experiments(found: Iterable[Equality]) -> int:
    """How many there are."""
    return sum(e.experiments for e in found)


def _pick(found: Iterable[Equality], **values: object) -> list[Equality]:
    return [e for e in found if all(getattr(e, k) == v for k, v in values.items())]


def _share(found: Sequence[Equality], count: Callable[[Equality], int]) -> str:
    """In per cent."""
    return f"{100 * sum(count(e) for e in found) / experiments(found):.0f}"
