"""What floating point does to a true theorem."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import Finding, Reading, Records, Row, between, number, words
from benchmarks.catalogue.plots import Chart, Series
from ntp_dynamics.lab.gate import RESIDUAL_LIMIT
from ntp_dynamics.record import Record

GAP, SHADOW = "direction_gap_kq", "shadow_attention"


def float_floor(records: Records) -> Reading:
    """The same job in the log domain and by automatic differentiation."""
    double, single = records["precision=float64"], records["precision=float32"]
    largest = series.values(double, "zero_sum_residual").max()
    late = series.exponent(double, GAP, 1e3)
    rows = [
        *_autograd_rows("float64", double, 35, {1000: 8.0e-4, 1500: 2.3e-3, 2000: 3.5e-2}),
        *_autograd_rows("float32", single, 15, {1000: 5e-2}),
        between("log domain: largest zero-sum residual", 0, 1e-10, largest, expected="rounding"),
        between(
            "log domain: exponent of 1 - cos, last decade",
            -2.05,
            -1.5,
            late,
            expected="-2 (or above -1.9)",
        ),
    ]
    t = series.steps(double)
    guide = ("a verdict is refused above", t, np.full(t.shape, RESIDUAL_LIMIT))
    charts = [
        Chart("1 - cos(W_kq, W*_kq)", _three(double, single, GAP)),
        Chart(
            "zero-sum residual of the gradient",
            _three(double, single, "zero_sum_residual"),
            guides=[guide],
        ),
    ]
    text = (
        "Softmax minus one-hot is a difference of nearly equal numbers once the margin is large. "
        "The optimal token's entry dies first, normalisation amplifies what is left, and the "
        "weights walk away from W*_kq: a notebook would conclude that the theorem is false. The "
        "column sums of the gradient, exactly zero in theory, tell it in time. The same job in "
        "the log domain keeps its exponent to the end."
    )
    return Reading(rows, text, charts, "The same job, three ways to round.")


def _autograd_rows(
    name: str, record: Record, turns_at: float, notes: dict[int, float]
) -> list[Row]:
    """How far automatic differentiation is right, and whether its residual says so in time."""
    shadow, exact = series.values(record, GAP, SHADOW), series.values(record, GAP)
    margins = _at_minimum(shadow, series.values(record, "score_margin", SHADOW))
    alarmed = _first(series.values(record, "zero_sum_residual", SHADOW) > RESIDUAL_LIMIT)
    wrong = _first(np.abs(shadow / exact - 1) > 0.1)
    runs = len(shadow)
    return [
        *(
            number(
                f"{name} autograd: 1 - cos at t = {step:,}",
                value,
                series.at(record, GAP, step, SHADOW),
                why="one corpus in the notes",
            )
            for step, value in notes.items()
        ),
        number(
            f"{name} autograd: margin at which 1 - cos turns upwards", turns_at, margins, slack=0.2
        ),
        words(
            f"{name} autograd: runs whose residual passes 1e-3 before 1 - cos is 10 % off",
            f"{runs} of {runs}",
            f"{(alarmed <= wrong).sum()} of {runs}",
        ),
    ]


def _three(double: Record, single: Record, name: str) -> list[Series]:
    t = series.steps(double)
    return [
        Series("log domain", t, series.values(double, name)),
        Series("autograd, float64", t, series.values(double, name, SHADOW)),
        Series("autograd, float32", t, series.values(single, name, SHADOW)),
    ]


def _at_minimum(gap: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """The margin each run has where its 1 - cos is smallest."""
    known = np.where(np.isfinite(gap), gap, np.inf)
    return np.take_along_axis(margin, known.argmin(1)[:, None], axis=1)[:, 0]


def _first(condition: np.ndarray) -> np.ndarray:
    """The first column where a condition holds, a row each; the number of columns if nowhere."""
    return np.where(condition.any(1), condition.argmax(1), condition.shape[1])


FLOAT_FLOOR = Finding("float_floor", "Rounding makes a true theorem look false", float_floor)
