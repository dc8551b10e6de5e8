"""Random corpora of votes: tokens vote for one of two labels, and sentences ask for a label.

n maps the tokens to {+, -}, half to each.  Every query q gets an order of levels, as in
`data.generate`, the tokens of a level voting against those of the next: k in level 0, m below, q in
one of them.  A sentence shows one token o of some level, q itself or one that votes against q, a
body drawn from the levels below that vote against o, and q last; its label is n(o).  So each
sentence has one right voter, and every relation goes down in level: realizable by construction, no
token confused with two levels.

The binary classification of Vasudeva, Deora, Thrampoulidis (arXiv 2402.05738): one optimal token a
sentence, all others alike.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus, numbers
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.data.weights import draw_weights
from ntp_dynamics.studies.next_token.groups import VotesDataset

LABELS = ("+", "-")
Levels = list[list[int]]


def generate_votes(knobs: VotesDataset, rng: np.random.Generator) -> Corpus:
    """A random corpus; equal knobs and generator states give equal corpora."""
    v = knobs.vocab_size
    votes = np.zeros(v, dtype=np.int32)
    votes[rng.permutation(v)[: v // 2]] = 1
    sentences = [[token] for token in range(v)]
    label = votes.tolist()
    for query in rng.permutation(v)[: knobs.queries].tolist():
        levels, own = _draw_levels(knobs, query, votes, rng)
        for j in range(knobs.sentences_per_query):
            best, body = _draw_sentence(knobs, query, levels, own, j, rng)
            sentences.append([*body, query])
            label.append(int(votes[best]))
    distinct = list(dict.fromkeys(zip(map(tuple, sentences), label, strict=True)))
    weight = draw_weights(knobs, len(distinct), rng)
    rows = Rows.of([list(sentence) for sentence, _ in distinct])
    labels = np.array([y for _, y in distinct], dtype=np.int32)
    return Corpus.of_distinct(rows, labels, weight, numbers(v), labels=LABELS)


def level_sizes(knobs: VotesDataset, star: bool) -> list[int]:
    """Tokens of each level; of a ``star`` the query is alone on top.  What does not come out even
    goes to the lowest levels."""
    below = knobs.levels - 1
    each, more = divmod(knobs.non_optimal, below)
    return [1 if star else knobs.optimal, *(each + (i >= below - more) for i in range(below))]


def most_of_a_vote(knobs: VotesDataset) -> int:
    """The most tokens of one vote that an order has."""
    sizes = [level_sizes(knobs, star) for star in (False, True)]
    return max(sum(size[parity::2]) for size in sizes for parity in (0, 1))


def _draw_levels(
    knobs: VotesDataset, query: int, votes: Int[np.ndarray, " V"], rng: np.random.Generator
) -> tuple[Levels, int]:
    """The tokens of each level, the query first in its own; which one that is."""
    star = knobs.levels == 2 and rng.random() < knobs.p_star
    own = 0 if star else 1 + int(rng.integers(knobs.levels - 1))
    order = rng.permutation(len(votes))
    order = order[order != query]
    of_vote = [order[votes[order] == vote].tolist() for vote in (0, 1)]
    levels: Levels = []
    for level, size in enumerate(level_sizes(knobs, star)):
        free = of_vote[(votes[query] + level - own) % 2]
        first = [query] if level == own else []
        levels.append([*first, *(free.pop() for _ in range(size - len(first)))])
    return levels, own


def _draw_sentence(
    knobs: VotesDataset, query: int, levels: Levels, own: int, j: int, rng: np.random.Generator
) -> tuple[int, list[int]]:
    """The right voter of sentence ``j`` of a query, and what stands before the query."""
    tops = [t for t in range(len(levels) - 1) if t == own or (t < own and (own - t) % 2)]
    top = tops[int(rng.integers(len(tops)))]
    best = query if top == own else levels[top][j % len(levels[top])]
    pool = [x for level in levels[top + 1 :: 2] for x in level if x != query]
    itself = int(best == query)  # then a sentence must say something else
    most = min(len(pool), knobs.max_length - 2 + itself)
    body = rng.permutation(pool)[: itself + int(rng.integers(most + 1 - itself))].tolist()
    return best, rng.permutation([*body, *[best] * (1 - itself)]).astype(int).tolist()
