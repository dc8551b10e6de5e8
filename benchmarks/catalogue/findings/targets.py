"""Proposition 2 against the certified max-margin column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import fisher_exact

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import Finding, Reading, Records, Row, between, number
from benchmarks.catalogue.plots import Chart, Series
from ntp_dynamics.config import RealizableDataset
from ntp_dynamics.data.generate import generate
from ntp_dynamics.data.realizable import Order, recognise
from ntp_dynamics.record import Record
from ntp_dynamics.theory.proposition2 import column, holds

CORPORA = 60


class Shape(NamedTuple):
    """k optimal, m non-optimal tokens and sentences a query; how many of 20 corpora our notes had
    with at least one query against the proposition."""

    optimal: int
    non_optimal: int
    sentences: int
    notes: int


SHAPES = (
    Shape(2, 3, 3, 15),
    Shape(2, 3, 6, 4),
    Shape(3, 3, 4, 11),
    Shape(3, 6, 4, 19),
    Shape(3, 6, 12, 1),
)


def proposition_2(records: Records) -> Reading:
    """The counterexample under descent, and how common such corpora are."""
    (record,) = records.values()
    found = recognise(record.corpora[0])
    ((query, order),) = (found.orders or {}).items()
    scores = record.stage("attention")["scores"].values[0]
    steps = record.stage("attention")["checkpoint"].values
    late = steps >= 1
    formula = _as_matrix(query, order, scores.shape[1:], record)
    to_formula = np.array([[_gap(s, formula) for s in scores[late]]])
    rows = [
        between(
            "1 - cos to the true column, t = 20,000",
            0,
            1e-6,
            series.last(record, "direction_gap_kq"),
            expected="below 1e-6",
        ),
        number("1 - cos to the formula of Proposition 2, t = 20,000", 1.4e-2, to_formula[0, -1]),
    ]
    rows += [_failures(shape) for shape in SHAPES]
    t = series.steps(record)
    chart = Chart(
        "descent on the counterexample",
        [
            Series(
                "1 - cos to the max-margin column", t, series.values(record, "direction_gap_kq")
            ),
            Series("1 - cos to Proposition 2's", steps[late].astype(float), to_formula),
        ],
    )
    text = (
        "The closed form of Proposition 2 is not the max-margin solution of this corpus of seven "
        "samples, and descent goes to the latter. On random corpora (|V| = 30, 6 queries) the "
        "proposition fails in some query of most corpora with few sentences and of few corpora "
        "with many: a complete relation graph always passes, a sparse one often does not."
    )
    return Reading(rows, text, [chart], "The counterexample: queries never compared by the paper.")


def _failures(shape: Shape) -> Row:
    """Random corpora with a query against the proposition; agrees: equal shares, 1 % level."""
    knobs = RealizableDataset(
        vocab_size=30,
        queries=6,
        optimal=shape.optimal,
        non_optimal=shape.non_optimal,
        sentences_per_query=shape.sentences,
    )
    failing = 0
    for seed in range(CORPORA):
        orders = recognise(generate(knobs, np.random.default_rng(seed))).orders or {}
        failing += any(not holds(order) for order in orders.values())
    table = [[failing, CORPORA - failing], [shape.notes, 20 - shape.notes]]
    p = float(np.asarray(fisher_exact(table))[1])
    return Row(
        f"k = {shape.optimal}, m = {shape.non_optimal}, {shape.sentences} sentences a query: "
        "corpora against the proposition",
        f"{shape.notes} of 20",
        f"{failing} of {CORPORA}",
        bool(p > 0.01),
    )


def _as_matrix(query: int, order: Order, size: tuple[int, ...], record: Record) -> np.ndarray:
    """The paper's column as scores (V, Q)."""
    queries = record.trajectory.dataset["query_id"].values[0].tolist()
    matrix = np.zeros(size)
    for token, value in column(order).items():
        matrix[token, queries.index(query)] = float(value)
    return matrix


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    """1 - cos as half the squared distance of unit matrices."""
    return float(0.5 * np.square(a / np.linalg.norm(a) - b / np.linalg.norm(b)).sum())


PROPOSITION_2 = Finding("proposition2", "Proposition 2 is not true of every corpus", proposition_2)
