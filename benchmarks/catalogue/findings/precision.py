"""What floating point does to a true theorem."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import Finding, Reading, Records, between, number
from benchmarks.catalogue.plots import Chart, Series

GAP, SHADOW = "direction_gap_kq", "shadow_attention"
RESIDUAL = 1e-3


def float_floor(records: Records) -> Reading:
    """The same job in the log domain and by automatic differentiation."""
    double, single = records["precision=float64"], records["precision=float32"]
    rows = []
    for name, record, margin_at, notes in (
        ("float64", double, 35, {1000: 8.0e-4, 1500: 2.3e-3, 2000: 3.5e-2}),
        ("float32", single, 15, {1000: 5e-2}),
    ):
        shadow = series.values(record, GAP, SHADOW)
        exact = series.values(record, GAP)
        for step, value in notes.items():
            rows.append(
                number(
                    f"{name} autograd: 1 - cos at t = {step:,}",
                    value,
                    series.at(record, GAP, step, SHADOW),
                    why="one corpus in the notes",
                )
            )
        margins = _at_minimum(shadow, series.values(record, "score_margin", SHADOW))
        rows.append(
            number(
                f"{name} autograd: margin at which 1 - cos turns upwards",
                margin_at,
                margins,
                slack=0.2,
            )
        )
        alarmed = _first(series.values(record, "zero_sum_residual", SHADOW) > RESIDUAL)
        wrong = _first(np.abs(shadow / exact - 1) > 0.1)
        early = int((alarmed <= wrong).sum())
        rows.append(
            between(
                f"{name} autograd: runs whose residual passes 1e-3 before 1 - cos is 10 % off",
                len(shadow),
                len(shadow),
                early,
                expected=f"{len(shadow)} of {len(shadow)}",
            )
        )
    rows.append(
        between(
            "log domain: largest zero-sum residual",
            0,
            1e-10,
            series.values(double, "zero_sum_residual").max(),
            expected="rounding",
        )
    )
    rows.append(
        between(
            "log domain: exponent of 1 - cos, last decade",
            -2.05,
            -1.5,
            series.exponent(double, GAP, 1e3),
            expected="-2 (or above -1.9)",
        )
    )
    t = series.steps(double)
    chart = Chart(
        "1 - cos(W_kq, W*_kq)",
        [
            Series("log domain", t, series.values(double, GAP)),
            Series("autograd, float64", t, series.values(double, GAP, SHADOW)),
            Series("autograd, float32", t, series.values(single, GAP, SHADOW)),
        ],
    )
    residuals = Chart(
        "zero-sum residual of the gradient",
        [
            Series("log domain", t, series.values(double, "zero_sum_residual")),
            Series("autograd, float64", t, series.values(double, "zero_sum_residual", SHADOW)),
            Series("autograd, float32", t, series.values(single, "zero_sum_residual", SHADOW)),
        ],
        guides=[("a verdict is refused above", t, np.full(t.shape, RESIDUAL))],
    )
    text = (
        "Softmax minus one-hot is a difference of nearly equal numbers once the margin is large. "
        "The optimal token's entry dies first, normalisation amplifies what is left, and the "
        "weights walk away from W*_kq: a notebook would conclude that the theorem is false. The "
        "column sums of the gradient, exactly zero in theory, tell it in time. The same job in "
        "the log domain keeps its exponent to the end."
    )
    return Reading(rows, text, [chart, residuals], "The same job, three ways to round.")


def _at_minimum(gap: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """The margin each run has where its 1 - cos is smallest."""
    known = np.where(np.isfinite(gap), gap, np.inf)
    return np.take_along_axis(margin, known.argmin(1)[:, None], axis=1)[:, 0]


def _first(condition: np.ndarray) -> np.ndarray:
    """The first column where a condition holds, a row each; the number of columns if nowhere."""
    return np.where(condition.any(1), condition.argmax(1), condition.shape[1])


FLOAT_FLOOR = Finding("float_floor", "Rounding makes a true theorem look false", float_floor)
