"""How many rows agree, differ, were evaluated without a run, or are only shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from benchmarks.catalogue.finding import Answer
from benchmarks.catalogue.watched import EVALUATED


@dataclass(frozen=True)
class Tally:
    """Counts of rows.  Those read from records and those evaluated are counted apart."""

    agree: int
    differ: int
    evaluated_agree: int
    evaluated_differ: int
    shown: int

    def __str__(self) -> str:
        evaluated = self.evaluated_agree + self.evaluated_differ
        return (
            f"{self.agree + self.differ} expectations held against records: {self.agree} agree, "
            f"{self.differ} differ; {evaluated} evaluated without a run: {self.evaluated_agree} "
            f"agree, {self.evaluated_differ} differ; {self.shown} rows without an expectation"
        )

    def to_json(self) -> dict[str, int]:
        return asdict(self)


def tally(answers: Iterable[Answer]) -> Tally:
    """Count."""
    found = list(answers)
    read = [a.agrees for a in found if a.source != EVALUATED]
    evaluated = [a.agrees for a in found if a.source == EVALUATED]
    return Tally(
        agree=read.count(True),
        differ=read.count(False),
        evaluated_agree=evaluated.count(True),
        evaluated_differ=evaluated.count(False),
        shown=(read + evaluated).count(None),
    )
