"""Attention of one run as plain data: who is looked at, in which role, over the checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from einops import einsum, rearrange
from jaxtyping import Float

from ntp_dynamics.record.plain import numbers, text
from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import Order, query_orders
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.panels import telling_sentences

if TYPE_CHECKING:
    import xarray

SENTENCES = 240
"""Sentences whose maps a page holds; each has at least two distinct tokens."""
TOKENS = 24
"""Distinct tokens shown of a sentence, by first occurrence."""
CELLS = 1600
"""Entries of the score matrix that a page shows."""
ROLES = ("optimal", "confused", "non-comparable", "non-optimal")


def attention(record: Record, run: int) -> dict[str, Any] | None:
    """Maps, flow and scores of one run; None where no attention was recorded."""
    tree, corpus = record.trajectory, record.corpora[run]
    stage = next((s for s in (Stage.attention, Stage.joint) if s in tree), None)
    if stage is None or "attention" not in (data := tree.children[stage].dataset):
        return None
    found = recognise(corpus)
    orders = query_orders(corpus, found.collocation)
    mass = data["attention"].values[run]  # C N K
    several = [i for i, s in enumerate(corpus.sentences) if len(set(s)) > 1]
    telling = [i for i in telling_sentences(corpus, len(several)) if i in set(several)]
    chosen = list(dict.fromkeys((*telling, *several)))[:SENTENCES]
    return {
        "stage": str(stage),
        "checkpoints": data["checkpoint"].values.astype(int).tolist(),
        "sentences": [_sentence(corpus, found, orders, i, mass[:, i]) for i in chosen],
        "left_out": len(several) - len(chosen),
        "flow": _flow(corpus, found, orders, several, mass),
        "scores": _scores(tree, stage, corpus, run),
    }


def role(token: int, optimal: bool, order: Order | None) -> str:
    """The role of a token of a sentence: optimal there, or what the query's order says of it."""
    if order is not None and token in order.confused:
        return "confused"
    if optimal:
        return "optimal"
    related = order is not None and token in order.above | order.below
    return "non-optimal" if related else "non-comparable"


def roles(
    corpus: Corpus, found: Recognition, orders: Mapping[int, Order], i: int
) -> dict[int, str]:
    """The role of each distinct token of a sample, by first occurrence."""
    sentence, label = corpus.sentences[i], corpus.next_tokens[i]
    order = orders.get(sentence[-1])
    return {x: role(x, found.collocation[x] == label, order) for x in dict.fromkeys(sentence)}


def _sentence(
    corpus: Corpus,
    found: Recognition,
    orders: Mapping[int, Order],
    i: int,
    mass: Float[np.ndarray, "C K"],
) -> dict[str, Any]:
    sentence = corpus.sentences[i]
    tokens = roles(corpus, found, orders, i)
    shown = list(tokens)[:TOKENS]
    return {
        "sample": i,
        "query": text(corpus.vocab[sentence[-1]]),
        "next": text(corpus.label_names[corpus.next_tokens[i]]),
        "text": text(corpus.spell(i)),
        "share": float(corpus.pi[i]),
        "tokens": [
            {
                "name": text(corpus.vocab[x]),
                "role": tokens[x],
                "query": x == sentence[-1],
                "optimal": found.collocation[x] == corpus.next_tokens[i],
                "copies": sentence.count(x),
            }
            for x in shown
        ],
        "left_out": len(tokens) - len(shown),
        "mass": [numbers(row, 4) for row in mass[:, : len(shown)]],
    }


def _flow(
    corpus: Corpus,
    found: Recognition,
    orders: Mapping[int, Order],
    several: list[int],
    mass: Float[np.ndarray, "C N K"],
) -> dict[str, list[float | None]]:
    """Attention mass by role, averaged over the sentences by relative frequency."""
    total = {name: np.zeros(len(mass)) for name in ROLES}
    for i in several:
        for k, name in enumerate(roles(corpus, found, orders, i).values()):
            total[name] += corpus.pi[i] * np.nan_to_num(mass[:, i, k])
    whole = sum(total.values(), np.zeros(len(mass)))
    whole = np.where(whole > 0, whole, np.nan)
    return {name: numbers(value / whole, 5) for name, value in total.items() if value.any()}


def _target(
    targets: xarray.Dataset, columns: np.ndarray, run: int, v: int, q: int
) -> Float[np.ndarray, "v q"]:
    """The first rows and columns of W*_kq, which a large job records by its entries."""
    values = targets["w_kq"].values[run]
    if "entry" not in targets.sizes:
        return values[:v, :q]
    keys, queries = (targets[name].values[run] for name in ("w_kq_key", "w_kq_query"))
    place = {query: j for j, query in enumerate(columns[:q].tolist())}
    found = np.zeros((v, q)) if np.isfinite(values).any() else np.full((v, q), np.nan)
    for key, query, value in zip(keys.tolist(), queries.tolist(), values.tolist(), strict=True):
        if 0 <= key < v and query in place:
            found[key, place[query]] = value
    return found


def _scores(tree: xarray.DataTree, stage: Stage, corpus: Corpus, run: int) -> dict[str, Any] | None:
    """S / ||S|| at the checkpoints and W*_kq / ||W*_kq||, in token space: keys by queries."""
    data = tree.children[stage].dataset
    if "scores" not in data:
        return None
    columns = tree.dataset["query_id"].values[run]
    n = int((columns >= 0).sum())
    v = min(corpus.vocab_size, 40)
    q = max(1, min(n, CELLS // max(v, 1)))
    scores = data["scores"].values[run][:, :v, :q]
    target = _target(tree.children["targets"].dataset, columns, run, v, q)
    norm = np.sqrt(einsum(scores, scores, "c v q, c v q -> c"))
    unit = scores / np.where(norm > 0, norm, np.nan)[:, None, None]
    known = np.isfinite(target).all() and np.linalg.norm(target) > 0
    best = target / np.linalg.norm(target) if known else None
    return {
        "keys": [text(name) for name in corpus.vocab[:v]],
        "queries": [text(corpus.vocab[x]) for x in columns[:q]],
        "values": [numbers(rearrange(s, "v q -> (v q)"), 5) for s in unit],
        "target": None if best is None else numbers(rearrange(best, "v q -> (v q)"), 5),
        "left_out": [corpus.vocab_size - v, n - q],
    }
