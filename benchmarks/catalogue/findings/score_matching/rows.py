"""Rows that several findings share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    Expectation,
    Nothing,
)
from benchmarks.catalogue.finding import Row
from benchmarks.catalogue.watched import Watched


def last(record: Watched, name: str, stage: str = "descent") -> Float[np.ndarray, "R ..."]:
    return record.stage(stage)[name].values[:, -1]


def loss(record: Watched, stage: str = "descent") -> Float[np.ndarray, " R"]:
    return np.exp(last(record, "log_loss", stage))


def row(
    words: str, expected: Expectation, key: str, measure: Callable[[Watched], object], why: str = ""
) -> Row:
    """About one job."""
    return Row(words, expected, lambda records: measure(records[key]), why)


def count(
    key: str, expected: Expectation, words: str, stage: str = "descent", why: str = ""
) -> Row:
    return row(
        f"{words}: students that converge", expected, key, lambda r: last(r, "count", stage), why
    )


def share_of_single(key: str, expected: Expectation, words: str) -> Row:
    said = f"{words}: share of runs with exactly one converged"
    return row(said, expected, key, lambda r: last(r, "single").mean())


PLAIN = Nothing()
