"""What of a job is mirrored: fewer and fewer steps, and of each what its runs have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
from jaxtyping import Float

Measured = Mapping[str, np.ndarray]
"""Of a step: values (R, ...) by name."""


@dataclass(frozen=True)
class Detail:
    """How much of a job is mirrored."""

    dense: int
    """Every step up to here, and from there on one step in as many."""
    images: bool
    """Those of every checkpoint, else of the last alone."""

    def next_after(self, step: int) -> int:
        """The first step at which a quantity is due again."""
        return step + 1 + step // self.dense


ALONE = Detail(dense=50, images=True)
"""Of a job on its own: about 115 steps a decade."""
IN_A_SWEEP = Detail(dense=2, images=False)
"""Of one among many: about six steps a decade.  A row costs the most of a millisecond."""


@dataclass
class Thinning:
    """Which quantities are due at a step, and at the end those that last were not."""

    detail: Detail
    images: Collection[str]
    _due: dict[str, int] = field(default_factory=dict)
    _skipped: dict[str, tuple[int, Measured]] = field(default_factory=dict)

    def due(self, stage: str, step: int, measured: Measured) -> Measured:
        """What is mirrored of a step."""
        due, skipped = {}, {}
        for name, value in measured.items():
            wait = step < self._due.get(f"{stage}/{name}", 0)
            wait = wait or not (self.detail.images or name not in self.images)
            (skipped if wait else due)[name] = value
        self._due |= {f"{stage}/{name}": self.detail.next_after(step) for name in due}
        self._skipped[stage] = step, skipped
        return due

    def rest(self) -> Iterator[tuple[str, int, Measured]]:
        """What was not due at the last step of a stage; told once."""
        while self._skipped:
            stage, (step, skipped) = self._skipped.popitem()
            yield stage, step, skipped


def side_by_side(rows: Mapping[str, Mapping[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The rows of every stage, by step, in one table: each stage has a clock of its own."""
    for several in zip_longest(*(of_stage.values() for of_stage in rows.values())):
        yield {key: value for row in several if row is not None for key, value in row.items()}


def statistics(measured: Measured) -> Iterator[tuple[str, float]]:
    """Median, mean, min and max over runs of every scalar (R,), nan left out; those that are
    finite."""
    for name, values in measured.items():
        if values.ndim == 1 and len(numbers := np.sort(values[~np.isnan(values)])):
            for key, value in _of_sorted(numbers):
                if np.isfinite(value):
                    yield f"{name}.{key}", float(value)


def _of_sorted(x: Float[np.ndarray, " n"]) -> Iterator[tuple[str, float]]:
    n = len(x)
    with np.errstate(invalid="ignore"):  # of infinities of both signs
        yield "median", (x[(n - 1) // 2] + x[n // 2]) / 2
        yield "mean", x.sum() / n
    yield "min", x[0]
    yield "max", x[-1]
