"""Accelerated projected gradient on the dual of a max-margin problem with many relations.

    min over lambda >= 0 of   1/2 ||W(lambda)||^2 - sum lambda,    gradient = margins of W - 1,

one product S = L^T W R a step, never the m x m kernel.  Momentum as in Nesterov (1983), forgotten
where it points uphill (O'Donoghue and Candes, 2015).  Derived for this project.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.separation import Relations, solution_of

STEPS = 20_000
EVERY = 100
"""Steps between two looks at the gap."""
GAP = 1e-11


def dual_gradient(relations: Relations) -> Float[np.ndarray, " M"]:
    """The multipliers when their duality gap fell below GAP, or after STEPS."""
    size = len(relations.above)
    step = 1 / _largest_eigenvalue(relations, size)
    point = ahead = np.zeros(size)
    momentum = 1.0
    for count in range(STEPS):
        gradient = relations.margins(relations.matrix(ahead)) - 1
        moved = np.maximum(ahead - step * gradient, 0.0)
        if gradient @ (moved - point) > 0:
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / following * (moved - point)
        point, momentum = moved, following
        if count % EVERY == EVERY - 1 and solution_of(relations, point).gap <= GAP:
            break
    return point


def _largest_eigenvalue(relations: Relations, size: int) -> float:
    """Of lambda -> margins, by power iteration, with 2 % to spare."""
    vector = np.random.default_rng(0).standard_normal(size)
    value = 1.0
    for _ in range(100):
        vector = relations.margins(relations.matrix(vector))
        value = float(np.linalg.norm(vector))
        vector /= value
    return 1.02 * value
