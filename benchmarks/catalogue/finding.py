"""What a finding is: expected beside measured, a picture, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ntp_dynamics.lab.figures import Drawing
from ntp_dynamics.record import Record

ROUNDING = 0.05
"""Relative slack for expectations that are known to two digits."""
Records = Mapping[str, Record]


@dataclass(frozen=True)
class Row:
    """One quantity: what was expected before the run, what came out, whether the two agree."""

    quantity: str
    expected: str
    measured: str
    agrees: bool | None
    """None where nothing was expected."""
    why: str = ""
    """Where they differ: the reason, as far as it is known."""

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Reading:
    """What the records of an experiment say."""

    rows: Sequence[Row]
    text: str
    picture: Sequence[Drawing] = field(default=())
    caption: str = ""


@dataclass(frozen=True)
class Finding:
    """An experiment of the catalogue and how its records are read."""

    experiment: str
    title: str
    read: Callable[[Records], Reading]
    more: Sequence[Sequence[str]] = ()
    """Jobs beside those of the sweep that the experiment declares: overrides."""


def number(
    quantity: str, expected: float, measured: Any, *, slack: float = ROUNDING, why: str = ""
) -> Row:
    """A number: expected within the spread of the runs, give or take ``slack`` (relative)."""
    values = np.atleast_1d(np.asarray(measured, dtype=float))
    low, high = np.nanmin(values), np.nanmax(values)
    room = slack * abs(expected)
    agrees = bool(low - room <= expected <= high + room)
    return Row(quantity, spell(expected), spread(values), agrees, why if not agrees else "")


def between(
    quantity: str, low: float, high: float, measured: Any, *, expected: str = "", why: str = ""
) -> Row:
    """Every run lies between two limits."""
    values = np.atleast_1d(np.asarray(measured, dtype=float))
    agrees = bool(np.all((values >= low) & (values <= high)))
    said = expected or f"{spell(low)} to {spell(high)}"
    return Row(quantity, said, spread(values), agrees, why if not agrees else "")


def noted(quantity: str, measured: Any) -> Row:
    """A number of which nothing was expected."""
    values = np.atleast_1d(np.asarray(measured, dtype=float))
    return Row(quantity, "", spread(values), None)


def words(quantity: str, expected: str, measured: str, *, why: str = "") -> Row:
    """A label or a count, equal to the letter."""
    agrees = expected == measured
    return Row(quantity, expected, measured, agrees, why if not agrees else "")


def label_of(records: Records, claim: str) -> str:
    """The labels of a claim over several jobs, the runs of each judged together."""
    found = [v["label"] for record in records.values() for v in record.verdicts if v["id"] == claim]
    return ", ".join(dict.fromkeys(found))


def sentence_of(record: Record, claim: str) -> str:
    """What the verdict on a claim says in words."""
    return next(v["sentence"] for v in record.verdicts if v["id"] == claim)


def spread(values: np.ndarray) -> str:
    """Median and range over runs; one number where there is one run or no range."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return "none"
    low, middle, high = known.min(), np.median(known), known.max()
    if spell(low) == spell(high):
        return spell(middle)
    return f"{spell(middle)} [{spell(low)}, {spell(high)}]"


def spell(value: float) -> str:
    """A number as people read it, to three digits."""
    if not np.isfinite(value):
        return "none"
    if value == 0 or 1e-2 <= abs(value) < 1e5:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, exponent = (
        f"{value:.2g}".split("e") if "e" in f"{value:.2g}" else f"{value:.1e}".split("e")
    )
    return f"{mantissa}e{int(exponent)}"
