"""Random sample weights."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.groups import GeneratedDataset


def draw_weights(
    knobs: GeneratedDataset, size: int, rng: np.random.Generator
) -> Float[np.ndarray, " N"]:
    """Positive weights of ``size`` samples; all ones unless the knobs ask for a random law."""
    if knobs.weights is Weights.dirichlet:
        draw = rng.dirichlet(np.full(size, knobs.concentration))
        return np.maximum(draw, np.finfo(float).tiny)  # a weight stays positive
    if knobs.weights is Weights.powers:
        return 10.0 ** (-knobs.decades * rng.random(size))
    return np.ones(size)
