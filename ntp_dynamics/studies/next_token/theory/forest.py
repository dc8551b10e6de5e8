"""Flows on forests of relations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, MutableMapping
from fractions import Fraction

Pair = tuple[int, int]


def flows_on(forest: Iterable[Pair], rest: MutableMapping[int, Fraction]) -> dict[Pair, Fraction]:
    """The flow a -> b of every relation (a, b), where each token puts out ``rest`` (negative: takes
    in), which is used up: what is left of a leaf passes its only relation."""
    touching: dict[int, set[Pair]] = defaultdict(set)
    for pair in forest:
        for token in pair:
            touching[token].add(pair)
    leaves = [token for token, pairs in touching.items() if len(pairs) == 1]
    found: dict[Pair, Fraction] = {}
    for leaf in leaves:  # grows while it is walked
        if not touching[leaf]:
            continue  # the last token
        ((a, b),) = touching[leaf]
        flow = found[a, b] = rest[leaf] if leaf == a else -rest[leaf]
        rest[a] -= flow
        rest[b] += flow
        other = b if leaf == a else a
        touching[other].remove((a, b))
        if len(touching[other]) == 1:
            leaves.append(other)
    return found
