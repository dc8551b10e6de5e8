"""From when on a loss can follow its margin.

Along W*_ov the margin g grows by eta0 / ||W*_ov|| a step, and the loss of a token is log(1 + x),
x = (|V|-1) e^-g.  Its log falls by

    x / ((1 + x) log(1 + x))

of what g grows.  At g = 0 that is little more than 1 / log |V|: with more than 50 tokens a law of a
quarter of the margin's pace cannot hold from the first step on, whatever constant stands before it
later.  Derived for this project.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.constants import Constants

QUARTER = 49.43525300105819
"""The x at which it is 1/4."""


def quarter_pace(c: Constants) -> Float[np.ndarray, " S"]:
    """First step, 2 at the least, from which log L0 falls by a quarter of what the margin grows."""
    margin = max(math.log(max(c.vocab_size - 1, 1) / QUARTER), 0.0)
    return np.maximum(np.ceil(margin * c.ov_norm / c.eta0), 2.0)
