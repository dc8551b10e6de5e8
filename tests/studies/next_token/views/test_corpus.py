"""Orders are drawn in layers, cycles stand out, and what is implied is not drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.views.corpus import corpus_view, layers, reduced

EDGES = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda e: e[0] != e[1]))


def reachable(relations: set[tuple[int, int]]) -> set[tuple[int, int]]:
    closed = set(relations)
    while more := {(a, d) for a, b in closed for c, d in closed if b == c} - closed:
        closed |= more
    return closed


@settings(max_examples=150, deadline=None)
@given(EDGES)
def test_layers_go_down_along_relations_unless_a_cycle_holds_both_ends(
    relations: set[tuple[int, int]],
) -> None:
    depth, ring = layers(relations)
    cyclic = any(a == b for a, b in reachable(relations))
    assert (ring is not None) == cyclic
    assert set(depth) == {x for pair in relations for x in pair}
    for a, b in relations:
        assert depth[a] < depth[b] or depth[a] == depth[b] == ring


@settings(max_examples=150, deadline=None)
@given(EDGES)
def test_the_reduction_implies_every_relation_and_has_none_to_spare(
    relations: set[tuple[int, int]],
) -> None:
    below = {(min(a, b), max(a, b)) for a, b in relations}
    kept = set(reduced(below, layers(below)[0]))
    assert kept <= below
    assert reachable(kept) == reachable(below)
    for edge in kept:
        assert edge not in reachable(kept - {edge})


def test_the_cycle_and_its_witnesses_are_shown(records: Path) -> None:
    view = corpus_view(Corpus.read(records / "cycle.jsonl"))
    (order,) = view["orders"]
    ring = {t["name"] for t in order["tokens"] if t["layer"] == order["ring"]}
    assert ring == {"S", "V", "O"}
    assert [s["sample"] for s in view["sentences"] if s["witness"]] == [4, 5, 6]
    assert "has a cycle" in view["report"]


def test_a_golden_corpus_shows_the_roles_of_its_recogniser(
    golden: dict[str, dict[str, Any]], corpus_of: Callable[[dict[str, Any]], Corpus]
) -> None:
    case = golden["paper_like"]
    view = corpus_view(corpus_of(case))
    assert view["realizable"]
    shown = {
        (order["query"], token["name"])
        for order in view["orders"]
        for token in order["tokens"]
        if token["role"] == "confused"
    }
    assert shown == {(str(q), str(x)) for q, x in case["confused"]}
    assert len(view["sentences"]) == len(case["samples"])
