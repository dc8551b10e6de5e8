"""Problem (3) as the field poses it to cvxpy: one query's column, or all of W_kq at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy
import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.data.orders import Order


def column(order: Order, vocab_size: int, together: bool) -> Float[np.ndarray, " V"]:
    """The column of a query by Clarabel: its relations ``together`` in one constraint object, or
    each in its own."""
    w = cvxpy.Variable(vocab_size)
    above, below = map(list, zip(*sorted(order.relations), strict=True))
    if together:
        constraints = [w[above] - w[below] >= 1]
    else:
        constraints = [w[a] - w[b] >= 1 for a, b in zip(above, below, strict=True)]
    return _solved(w, constraints, "CLARABEL")


def matrix_by_relation(
    orders: Mapping[int, Order], vocab_size: int, solver: str | None
) -> Float[np.ndarray, "V V"]:
    """W*_kq, written as in the paper: (x_a - x_b)^T W x_q >= 1, an object a relation."""
    w, x = cvxpy.Variable((vocab_size, vocab_size)), np.eye(vocab_size)
    constraints = [
        (x[a] - x[b]) @ w @ x[query] >= 1
        for query, order in orders.items()
        for a, b in order.relations
    ]
    return _solved(w, constraints, solver)


def matrix_by_query(orders: Mapping[int, Order], vocab_size: int) -> Float[np.ndarray, "V V"]:
    """W*_kq with an object a query: its differences of tokens, stacked, times W x_q."""
    w, x = cvxpy.Variable((vocab_size, vocab_size)), np.eye(vocab_size)
    constraints = []
    for query, order in orders.items():
        above, below = map(list, zip(*order.relations, strict=True))
        constraints.append((x[above] - x[below]) @ w @ x[query] >= 1)
    return _solved(w, constraints, None)


def matrix_by_entries(orders: Mapping[int, Order], vocab_size: int) -> Float[np.ndarray, "V V"]:
    """W*_kq with one object: differences of entries of W, without embeddings."""
    w = cvxpy.Variable((vocab_size, vocab_size))
    relations = [(q, a, b) for q, order in orders.items() for a, b in order.relations]
    query, above, below = map(list, zip(*relations, strict=True))
    return _solved(w, [w[above, query] - w[below, query] >= 1], None)


def _solved(w: cvxpy.Variable, constraints: list[Any], solver: str | None) -> np.ndarray:
    """The shortest ``w``; without a ``solver`` by cvxpy's choice for a quadratic program."""
    cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(w)), constraints).solve(solver=solver)
    assert w.value is not None
    return w.value
