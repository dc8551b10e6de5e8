"""The max-margin solver beside cvxpy, and at scale.  CPU seconds of one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.performance.corpora import Shape, corpus
from ntp_dynamics.studies.next_token.data.embedding import gaussian
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.theory.column import solve_column
from ntp_dynamics.studies.next_token.theory.gram_dual import attention_dual
from ntp_dynamics.studies.next_token.theory.max_margin import attention_target


def orders_of(shape: Shape, relations: int | None = None) -> dict[int, Order]:
    """Query orders of a corpus; of few queries where only so many relations are wanted."""
    orders = recognise(corpus(shape, pairs=True)[0]).orders or {}
    kept: dict[int, Order] = {}
    for query, order in orders.items():
        if relations is None or sum(len(o.relations) for o in kept.values()) < relations:
            kept[query] = order
    return kept


def seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def medians(
    ways: dict[str, Callable[[Any], Any]], problems: list[Any], rounds: int
) -> dict[str, float]:
    """Milliseconds a problem, interleaved: every way solves every problem in every round."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name] += [seconds(lambda p=problem, w=way: w(p)) * 1e3 for problem in problems]
    return {name: statistics.median(taken) for name, taken in times.items()}


def a_query(shape: Shape, rounds: int) -> dict[str, float] | None:
    """Milliseconds a query: this solver with its certificate, cvxpy with all relations in one
    matrix, and with one constraint object each, as the field writes it; None without cvxpy."""
    if find_spec("cvxpy") is None:
        return None
    from benchmarks.performance import by_cvxpy

    orders = [order for order in orders_of(shape).values() if order.relations][:3]
    for order in orders:  # the same solution
        exact = np.zeros(shape.v)
        for token, value in solve_column(order.relations).values.items():
            exact[token] = value
        assert np.abs(exact - by_cvxpy.column(order, shape.v, together=True)).max() < 1e-4
    ways: dict[str, Callable[[Order], Any]] = {
        "this solver": lambda order: solve_column(order.relations),
        "cvxpy, one matrix": lambda order: by_cvxpy.column(order, shape.v, together=True),
        "cvxpy, one object a relation": lambda order: by_cvxpy.column(order, shape.v, False),
    }
    relations = statistics.mean(len(order.relations) for order in orders)
    return {"relations": relations} | medians(ways, orders, rounds)


def whole(shape: Shape, rounds: int, corpora: int = 3) -> dict[str, Any] | None:
    """All of W*_kq of a recognised corpus: milliseconds of this solver with its certificates and
    of cvxpy, and the largest error of an entry; None without cvxpy."""
    if find_spec("cvxpy") is None:
        return None
    from benchmarks.performance import by_cvxpy

    found = [recognise(corpus(shape, seed, pairs=True)[0]) for seed in range(corpora)]
    ways: dict[str, Callable[[Recognition], np.ndarray]] = {
        "this solver": lambda r: attention_target(r).matrix(range(shape.v), shape.v),
        "an object a relation, SCS": lambda r: by_cvxpy.matrix_by_relation(
            r.orders or {}, shape.v, "SCS"
        ),
        "an object a relation": lambda r: by_cvxpy.matrix_by_relation(
            r.orders or {}, shape.v, None
        ),
        "an object a query": lambda r: by_cvxpy.matrix_by_query(r.orders or {}, shape.v),
        "one object, entries of W": lambda r: by_cvxpy.matrix_by_entries(r.orders or {}, shape.v),
    }
    assert all(attention_target(r).exact for r in found)
    exact = [ways["this solver"](r) for r in found]
    errors = {
        name: max(float(np.abs(way(r) - w).max()) for r, w in zip(found, exact, strict=True))
        for name, way in ways.items()
    }
    relations = [sum(len(o.relations) for o in (r.orders or {}).values()) for r in found]
    return {
        "relations": statistics.mean(relations),
        "ms": medians(ways, found, rounds),
        "error": errors,
    }


def at_scale(shape: Shape, coupled: int) -> dict[str, float]:
    """Recogniser and exact target of a large corpus; a Gram dual of so many coupled relations."""
    samples, _ = corpus(shape, pairs=True)
    found: list[Recognition] = []
    recognised = seconds(lambda: found.append(recognise(samples)))
    exact: list[bool] = []
    solved = seconds(lambda: exact.append(attention_target(found[0]).exact))
    small = Shape(min(shape.v, 100), min(shape.l, 16), 2 * coupled // min(shape.l, 16))
    orders = orders_of(small, coupled)
    relations = sum(len(order.relations) for order in orders.values())
    matrix = gaussian(small.v, small.v, np.random.default_rng(0)).matrix
    gaps: list[float] = []
    dual = seconds(lambda: gaps.append(attention_dual(orders, matrix.T @ matrix).gap))
    return {
        "recogniser, s": recognised,
        "target, s": solved,
        "exact": float(exact[0]),
        "coupled relations": float(relations),
        "Gram dual, s": dual,
        "Gram gap": gaps[0],
    }
