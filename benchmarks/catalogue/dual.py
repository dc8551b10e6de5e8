"""The relations of problem (3) as vectors, and the weights that a run gives them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.watched import Watched
from ntp_dynamics.studies.next_token.data.orders import optimal_tokens
from ntp_dynamics.studies.next_token.data.realizable import recognise


def dual_rows(
    record: Watched, run: int
) -> tuple[Float[np.ndarray, "i VQ"], Float[np.ndarray, " i"]]:
    """z_i = (e_optimal - e_v) e_q^T for each sentence and wrong token v, flat; and at the last
    checkpoint q_i proportional to weight_n (copies of v / copies of the optimal token)
    e^-<z_i, S>, adding up to 1.
    """
    corpus = record.corpora[run]
    collocation = recognise(corpus).collocation
    queries = record.queries[run]
    scores = record.stage("attention")["scores"].values[run, -1]
    z, log_q = [], []
    for i, sentence in enumerate(corpus.sentences):
        column = queries.index(sentence[-1]) if sentence[-1] in queries else -1
        best, rest = optimal_tokens(corpus, i, collocation)
        if column < 0 or not rest:
            continue
        (optimal,) = best
        for v in rest:
            row = np.zeros((corpus.vocab_size, len(queries)))
            row[optimal, column], row[v, column] = 1, -1
            z.append(row.ravel())
            copies = sentence.count(v) / sentence.count(optimal)
            margin = scores[optimal, column] - scores[v, column]
            log_q.append(np.log(corpus.weights[i] * copies) - margin)
    q = np.exp(np.array(log_q) - max(log_q))
    return np.array(z), q / q.sum()
