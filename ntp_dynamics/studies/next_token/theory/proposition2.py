"""Proposition 2 of Huang, Liang, Yang (2024), and when it is true.

The paper: with k optimal and m non-optimal tokens under a query, the column of W*_kq is

    m / (k + m) on optimal,   -k / (k + m) on non-optimal,   0 on all other tokens.

This project's own finding: it is not so in general (the proof drops the sign of the multipliers).
Smallest counterexample: sentences (a c d q) -> n(a) and (b q) -> n(b), column 2/3, 1/2, -1/3, -1/3,
-1/2 on a, b, c, d, q.
"""

from __future__ import annotations

from fractions import Fraction

from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.theory.certificate import certify


def column(order: Order) -> dict[int, Fraction]:
    """The paper's column: m/(k+m) on the k optimal, -k/(k+m) on the m non-optimal tokens.

    Raises ValueError for an order with confused tokens, of which the proposition does not speak.
    """
    if order.confused:
        raise ValueError(f"confused tokens {sorted(order.confused)}: Proposition 2 does not apply")
    optimal, non_optimal = sorted(order.optimal), sorted(order.non_optimal)
    size = len(optimal) + len(non_optimal)
    high = {token: Fraction(len(non_optimal), size) for token in optimal}
    return high | {token: Fraction(-len(optimal), size) for token in non_optimal}


def holds(order: Order) -> bool:
    """Whether the proposition is true of this order, decided exactly.

    It is so if and only if the relations carry a flow of m/(k+m) out of every optimal and k/(k+m)
    into every non-optimal token; in the form of Hall: m |S| <= k |tokens below S| for every set S
    of optimal tokens.  Condition derived for this project (not in the paper).  Every relation is
    tight at the paper's column, so that the flow is the one its optimality certificate asks for.

    Raises ValueError for an order with confused tokens.
    """
    return certify(column(order), order.relations).optimal
