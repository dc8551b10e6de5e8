"""What a round draws, for those who compute it by other means."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.studies.federated.kernel.compiled import compiled
from ntp_dynamics.studies.federated.kernel.rounds import APART, LAG, PARTICIPANTS
from ntp_dynamics.studies.federated.kernel.step import ONE, ZERO, bench, draw
from ntp_dynamics.system.counter import below, choose, folded, word


@compiled
def participants(key, t, size, rule):
    """Who takes part in round t, and how late: (M,), (M,)."""
    chosen, lags = np.zeros(rule.participants, np.int64), np.zeros(rule.participants, np.int64)
    key = folded(key, t)
    choose(chosen, np.arange(size), size, folded(key, PARTICIPANTS))
    for i in range(len(chosen)):
        lags[i] = min(rule.staleness, t)
        if lags[i] > 0 and not rule.fixed_lag:
            own = folded(key, APART + chosen[i])
            lags[i] = below(word(folded(own, LAG), ZERO), lags[i] + 1)
    return chosen, lags


@compiled
def local_step(key, t, client, h, clients, rule):
    """Batch (b1,), directions (b2, d) and noise (d,) of a local step of a client."""
    parts, _ = bench(clients.x.shape[2], clients.x.shape[3], ONE, rule)
    pool, batch, x, y, u, squared, along, xi, normal = parts
    key = folded(folded(folded(key, t), APART + client), APART + h)
    xs, ys = clients.x, clients.y
    draw(xs, ys, ZERO, client, rule, key, pool, batch, x, y, u, squared, along, xi, normal)
    return batch, u, xi
