"""Is attention on the optimal token alone the best there is, at the logits of a frozen W_ov?

In a sentence with optimal token *, label y and all attention on *, moving attention to a token v
changes the loss at the rate

    dL/dphi_v = (1 - p_y) sum_{j != y} r_j [ (M_jv - M_j*) - (M_yv - M_y*) ],    r_j ~ exp M_j*.

With equal margins it is positive for every wrong v.  With unequal ones (embeddings that are not
orthonormal, a gaussian start) v may tell y from its nearest rival better than * does; then the
best attention is a mixture, and W_kq stops growing instead of going to W*_kq.  Derived for this
project.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import optimal_tokens
from ntp_dynamics.studies.next_token.data.realizable import Recognition


def is_best(corpus: Corpus, found: Recognition, logits: Float[np.ndarray, "V V"]) -> bool:
    """Whether every such rate is positive; False for a corpus that is not realizable."""
    return found.realizable and all(
        _rates(logits, optimal[0], label, wrong, corpus.multiplicity).min() > 0
        for i, label in enumerate(corpus.next_tokens)
        for optimal, wrong in [optimal_tokens(corpus, i, found.collocation)]
        if wrong
    )


def _rates(
    logits: Float[np.ndarray, "V V"],
    best: int,
    label: int,
    wrong: list[int],
    multiplicity: Float[np.ndarray, " V"] | float = 1.0,
) -> Float[np.ndarray, " W"]:
    """dL/dphi_v / (1 - p_y) of the tokens ``wrong``; a class counts by its multiplicity."""
    rivals = np.arange(len(logits)) != label
    lead = logits[label] - logits[rivals]  # (rival, token)
    many = np.broadcast_to(multiplicity, len(logits))[rivals]
    share = many * np.exp(lead[:, best].min() - lead[:, best])
    return share / share.sum() @ (lead[:, [best]] - lead[:, wrong])
