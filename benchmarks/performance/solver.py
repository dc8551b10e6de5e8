"""The max-margin solver beside cvxpy, and at scale.  CPU seconds of one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.performance.corpora import Shape, corpus
from ntp_dynamics.data.embedding import gaussian
from ntp_dynamics.data.realizable import Order, Recognition, recognise
from ntp_dynamics.theory.gram_dual import attention_dual
from ntp_dynamics.theory.max_margin import attention_target, solve


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


def beside_cvxpy(shape: Shape, rounds: int) -> dict[str, float] | None:
    """Milliseconds a query: this solver with its certificate, cvxpy with all relations in one
    matrix, and with one constraint object each, as the field writes it; None without cvxpy."""
    try:
        import cvxpy
    except ImportError:
        return None
    orders = [order for order in orders_of(shape).values() if order.relations][:3]

    def by_cvxpy(order: Order, vectorised: bool) -> np.ndarray:
        w = cvxpy.Variable(shape.v)
        above, below = map(list, zip(*sorted(order.relations), strict=True))
        constraints: list[Any]
        if vectorised:
            constraints = [w[above] - w[below] >= 1]
        else:
            constraints = [w[a] - w[b] >= 1 for a, b in zip(above, below, strict=True)]
        cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(w)), constraints).solve(solver="CLARABEL")
        assert w.value is not None
        return w.value

    for order in orders:  # the same solution
        exact = np.zeros(shape.v)
        for token, value in solve(order.relations).values.items():
            exact[token] = value
        assert np.abs(exact - by_cvxpy(order, True)).max() < 1e-4
    ways: dict[str, Callable[[Order], Any]] = {
        "this solver": lambda order: solve(order.relations),
        "cvxpy, one matrix": lambda order: by_cvxpy(order, True),
        "cvxpy, one object a relation": lambda order: by_cvxpy(order, False),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name] += [seconds(lambda o=order, w=way: w(o)) * 1e3 for order in orders]
    relations = statistics.mean(len(order.relations) for order in orders)
    return {"relations": relations} | {n: statistics.median(t) for n, t in times.items()}


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
