"""A corpus for the page: sentences, collocation, the order of each query, the assumption report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ntp_dynamics.record.plain import text
from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import Order, query_orders
from ntp_dynamics.studies.next_token.theory.assumptions import check
from ntp_dynamics.studies.next_token.views.attention import roles

SENTENCES = 500
"""Sentences a page lists."""
GRAPHS = 40
"""Queries whose order is drawn."""
EDGES = 400
"""Relations of one query that are drawn."""
REPORT = 20_000
"""Characters of the report that a page shows."""


def corpus(record: Record, run: int) -> dict[str, Any]:
    """The corpus of one run."""
    return corpus_view(record.corpora[run])


def corpus_view(corpus: Corpus) -> dict[str, Any]:
    """Everything that the page of a corpus shows."""
    report = check(corpus)
    found = report.recognition
    name, following = (list(map(text, x)) for x in (corpus.vocab, corpus.label_names))
    orders = query_orders(corpus, found.collocation)
    bad = found.certificate
    shown = range(min(corpus.size, SENTENCES))
    return {
        "realizable": found.realizable,
        "assumption1": found.assumption1,
        "assumption3": not found.assumption3_violations,
        "injective": found.injective,
        "confused": len(found.confused),
        "report": report.text()[:REPORT],
        "vocab": len(name),
        "size": corpus.size,
        "collocation": [
            [name[x], following[y] if y >= 0 else "?"] for x, y in enumerate(found.collocation)
        ][:SENTENCES],
        "sentences": [
            {
                "sample": i,
                "tokens": [
                    {"name": name[x], "role": who[x], "query": k == len(corpus.sentences[i]) - 1}
                    for k, x in enumerate(corpus.sentences[i][:40])
                ],
                "next": following[corpus.next_tokens[i]],
                "share": float(corpus.pi[i]),
                "against3": i in found.assumption3_violations,
                "witness": bad is not None and i in bad.samples,
            }
            for i in shown
            for who in [roles(corpus, found, orders, i)]
        ],
        "left_out": corpus.size - len(shown),
        "orders": [_graph(corpus, q, order) for q, order in list(orders.items())[:GRAPHS]],
        "orders_left_out": max(0, len(orders) - GRAPHS),
    }


def _graph(corpus: Corpus, query: int, order: Order) -> dict[str, Any]:
    """Tokens in layers from the top, and the relations that no path of others implies."""
    relations = list(order.relations)
    depth, ring = layers(relations)
    cyclic = ring is not None
    edges = relations if cyclic else reduced(relations, depth)
    tokens = sorted(depth, key=lambda x: (depth[x], x))
    return {
        "query": text(corpus.vocab[query]),
        "cyclic": cyclic,
        "ring": -1 if ring is None else ring,
        "tokens": [
            {
                "name": text(corpus.vocab[x]),
                "layer": depth[x],
                "role": "confused"
                if x in order.confused
                else "optimal"
                if x in order.above
                else "non-optimal",
            }
            for x in tokens
        ],
        "edges": [
            [tokens.index(a), tokens.index(b), text(corpus.spell(order.relations[a, b]))]
            for a, b in edges[:EDGES]
        ],
        "left_out": max(0, len(edges) - EDGES),
        "alone": len(order.non_comparable(corpus.vocab_size)),
    }


def layers(relations: Iterable[tuple[int, int]]) -> tuple[dict[int, int], int | None]:
    """The layer of each token, below everything above it, and the layer that holds cycles.

    Tokens of cycles, and those between two cycles, share that one layer; None without cycles.
    """
    below: dict[int, set[int]] = {}
    above: dict[int, set[int]] = {}
    for a, b in relations:
        for x in (a, b):
            below.setdefault(x, set())
            above.setdefault(x, set())
        below[a].add(b)
        above[b].add(a)
    depth = _heights(above, below, set(above))
    rest = set(above) - set(depth)
    if not rest:
        return depth, None
    up = _heights(below, above, rest)  # what hangs below the cycles, counted from the bottom
    ring = 1 + max(depth.values(), default=-1)
    last = ring + 1 + max(up.values(), default=-1)
    return depth | {x: last - up[x] if x in up else ring for x in rest}, ring


def _heights(
    above: Mapping[int, set[int]], below: Mapping[int, set[int]], among: set[int]
) -> dict[int, int]:
    """How many steps lie above each token, for those that no cycle is above."""
    waiting = {x: len(above[x] & among) for x in among}
    ready = sorted(x for x, n in waiting.items() if not n)
    height: dict[int, int] = {}
    for x in ready:
        height[x] = 1 + max((height[a] for a in above[x] & among), default=-1)
        for b in below[x] & among:
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return height


def reduced(
    relations: Iterable[tuple[int, int]], depth: Mapping[int, int]
) -> list[tuple[int, int]]:
    """The transitive reduction of an acyclic relation with these layers."""
    relations = list(relations)
    below: dict[int, set[int]] = {}
    for a, b in relations:
        below.setdefault(a, set()).add(b)
    reach: dict[int, set[int]] = {}
    for x in sorted(depth, key=lambda x: -depth[x]):  # whatever is below x comes first
        down = below.get(x, set())
        reach[x] = down.union(*(reach[b] for b in down))
    return [(a, b) for a, b in relations if not any(b in reach[other] for other in below[a])]
