"""What rules that act on single scores see of a corpus: levels, comparable tokens, copies.

With h the most relations in a row under any query, the scores of least largest entry among those
with gaps of at least 1 have levels from -h/2 to h/2: h gaps of 1 need a spread of h, and the depth
of each token in its order, moved to the middle, does with that.  So their margin is 2 / h.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import NamedTuple

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import Recognition


class Levels(NamedTuple):
    """Of one corpus; nan where it is not realizable, or was not asked for."""

    longest_chain: float = math.nan
    """Relations in a row."""
    comparable: float = math.nan
    """Pairs of a query and a token with a relation under it."""
    most_wrong: float = math.nan
    """Copies of all wrong tokens over those of the optimal one, in the worst sentence."""
    weight_ratio: float = math.nan
    """The heaviest sentence of two tokens or more over the lightest."""


def levels_of(corpus: Corpus, recognition: Recognition) -> Levels:
    """The levels of a corpus."""
    if recognition.orders is None:
        return Levels()
    orders = recognition.orders.values()
    each = zip(corpus.sentences, corpus.weights, strict=True)
    weights = [weight for sentence, weight in each if len(sentence) > 1]
    return Levels(
        max((longest_chain(order) for order in orders), default=0),
        sum(len(order.above | order.below) for order in orders),
        max(_wrong_shares(corpus, recognition), default=0.0),
        max(weights, default=1.0) / min(weights, default=1.0),
    )


def longest_chain(order: Order) -> int:
    """The most relations in a row."""
    above: dict[int, list[int]] = {}
    for a, b in order.relations:
        above.setdefault(b, []).append(a)
    depth: dict[int, int] = {}
    for token in TopologicalSorter(above).static_order():
        depth[token] = max((depth[a] + 1 for a in above.get(token, ())), default=0)
    return max(depth.values(), default=0)


def _wrong_shares(corpus: Corpus, recognition: Recognition) -> Iterable[float]:
    for sentence, label in zip(corpus.sentences, corpus.next_tokens, strict=True):
        copies = Counter(recognition.collocation[token] == label for token in sentence)
        yield copies[False] / copies[True]
