"""Random prefix-closed corpora, as in section 3 of Huang, Liang, Yang (2024).

Every first token x starts one trajectory: x, n(x), and so on; each of its prefixes is a sample.  A
step reads the last token as the query and appends n(o) for an optimal token o of what stands there.
Roles under a query are given out as they are needed and never change, so no token is confused and
no order has a cycle; only tokens with the most copies become optimal, so Assumption 3 holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.weights import draw_weights
from ntp_dynamics.studies.next_token.groups import PrefixClosedDataset

Roles = dict[int, dict[int, bool]]
"""Per query, whether a token is optimal (True) or not (False); absent while undecided."""


def generate_prefix_closed(knobs: PrefixClosedDataset, rng: np.random.Generator) -> Corpus:
    """A random prefix-closed corpus; equal knobs and generator states give equal corpora."""
    n = [int(y) for y in rng.permutation(knobs.vocab_size)]
    roles: Roles = defaultdict(dict)
    trajectories = [
        _trajectory(first, n, roles, knobs, rng) for first in rng.permutation(len(n)).tolist()
    ]
    samples = [
        (tuple(walk[:length]), walk[length], owner)
        for owner, walk in enumerate(trajectories)
        for length in range(1, len(walk))
    ]
    if knobs.weights is Weights.counts:
        counts = 1 + rng.multinomial(max(knobs.draws - len(n), 0), np.full(len(n), 1 / len(n)))
        weights = [float(counts[owner]) for _, _, owner in samples]
    else:
        weights = draw_weights(knobs, len(samples), rng)
    return Corpus.from_samples(
        [(tokens, y, weight) for (tokens, y, _), weight in zip(samples, weights, strict=True)],
        vocab_size=knobs.vocab_size,
    )


def _trajectory(
    first: int, n: list[int], roles: Roles, knobs: PrefixClosedDataset, rng: np.random.Generator
) -> list[int]:
    """A sentence and its continuation, one token longer than the longest sample."""
    walk = [first, n[first]]
    while len(walk) <= knobs.max_length:
        optimum = _choose(walk, roles[walk[-1]], rng)
        if optimum is None:
            break
        walk.append(n[optimum])
        if rng.random() < knobs.p_stop:
            break
    return walk


def _choose(walk: list[int], role: dict[int, bool], rng: np.random.Generator) -> int | None:
    """An optimal token of the sentence under its last token, or None; decides the open roles."""
    copies = Counter(walk)
    optimal = [token for token in copies if role.get(token)]
    if len(optimal) > 1:
        return None
    most = max(copies.values())
    candidates = optimal or [token for token in copies if token not in role]
    candidates = [token for token in candidates if copies[token] == most]
    if not candidates:
        return None
    optimum = candidates[int(rng.integers(len(candidates)))]
    if len(copies) > 1:  # a sentence of one token states no relation
        for token in copies:
            role[token] = token == optimum
    return optimum
