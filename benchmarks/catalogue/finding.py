"""What a finding is: rows of expected beside measured, a picture, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogue.expectation import Expectation, Measured
from benchmarks.catalogue.spelling import spread
from benchmarks.catalogue.watched import Records, forget, source
from ntp_dynamics.draw.sheets import Drawing


@dataclass(frozen=True)
class Answer:
    """A row after reading: what the page and results.json show of it."""

    quantity: str
    expected: str
    measured: str
    source: str
    """What of the records was read: trajectory, verdicts, or nothing ("evaluated")."""
    agrees: bool | None
    """None where nothing was expected."""
    why: str = ""
    """Where they differ: the reason, as far as it is known."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """One quantity: what is expected, with its tolerance, and how the records are read.

    The source is not declared but observed: what ``measure`` touches.
    """

    quantity: str
    expected: Expectation
    measure: Callable[[Records], Any]
    """Numbers (one a run, or one statistic of them), or words: a tuple of labels."""
    why: str | Callable[[Records], str] = ""
    """The reason, shown only if the row differs."""

    def read(self, records: Records) -> Answer:
        """Measure, and hold against the expectation: every value, not their range."""
        forget(records)
        measured = self.measure(records)
        read = source(records)
        if not isinstance(measured, tuple):
            measured = np.atleast_1d(np.asarray(measured, dtype=float))
        agrees = self.expected.holds(measured)
        why = "" if agrees is not False else self._reason(records)
        return Answer(self.quantity, self.expected.said, self._shown(measured), read, agrees, why)

    def _shown(self, measured: Measured) -> str:
        if isinstance(measured, tuple):
            return ", ".join(dict.fromkeys(measured)) or "none"
        return spread(measured, getattr(self.expected, "decimals", None))

    def _reason(self, records: Records) -> str:
        return self.why if isinstance(self.why, str) else self.why(records)


@dataclass(frozen=True)
class Correction:
    """A sentence that this page used to hold, and what is true instead."""

    old: str
    new: str


@dataclass(frozen=True)
class Finding:
    """An experiment of the catalogue: what is read of its records and what follows."""

    experiment: str
    title: str
    rows: Sequence[Row]
    text: str
    picture: Callable[[Records], Sequence[Drawing]] | None = None
    caption: str = ""
    corrections: Sequence[Correction] = ()
    more: Sequence[Sequence[str]] = ()
    """Jobs beside those of the sweep that the experiment declares: overrides."""

    def picture_in(self, folder: Path) -> Path:
        """Where its picture stands, without a suffix."""
        name = self.experiment if "/" in self.experiment else f"findings/{self.experiment}"
        return folder / name

    def read(self, records: Records) -> Reading:
        """Every row answered; the pictures as they are to be drawn."""
        answers = [row.read(records) for row in self.rows]
        return Reading(self, answers, self.picture(records) if self.picture else ())


@dataclass(frozen=True)
class Reading:
    """A finding with its answers."""

    finding: Finding
    answers: Sequence[Answer]
    picture: Sequence[Drawing]


@dataclass(frozen=True)
class Page:
    """The findings about one study."""

    study: str
    file: str
    """Below docs/."""
    opening: str
    """Text with {jobs} and {minutes}."""
    findings: Sequence[Finding]
