"""Rounds of federated optimisation (Fang et al.; Chen et al., NeurIPS 2023), run after run.

Each of M clients without replacement starts at v = w_{t - lag} and takes H steps
v <- v - eta_t ghat; the server adds the mean of what they moved: w <- w + (1/M) sum (v - start).
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.federated.kernel.compiled import compiled
from ntp_dynamics.studies.federated.kernel.step import (
    bench,
    draw,
    estimate,
    inner,
    replace,
)
from ntp_dynamics.studies.federated.kernel.streams import (
    Purpose,
    below,
    choose,
    folded,
    word,
)

PARTICIPANTS, LAG, APART = int(Purpose.participants), int(Purpose.lag), 16
"""Keys of clients and steps begin where purposes end."""


@compiled
def rounds(past, radius, drift, keys, draws, clients, rule, eta, begin, end, user, user_slope):
    """Take every run from round ``begin`` to round ``end``, in place.

    ``past`` (R, L, C, d): w_t of every copy at place t mod L, L = staleness + 1.  ``radius`` (R,):
    the largest |v| on the way.  ``drift`` (R,): mean |v_i - mean v|^2 of the last round, copy 0.
    ``keys``, ``draws`` (R,): key and draw of data of each run.  ``eta`` (T,): step sizes.
    """
    runs, length, copies, d = past.shape
    size, samples = clients.x.shape[1], clients.x.shape[2]
    at, everyone = bench(samples, d, rule), np.arange(size)
    chosen = np.zeros(rule.participants, np.int64)
    v, move, middle = np.zeros((copies, d)), np.zeros((copies, d)), np.zeros((1, d))
    for r in range(runs):
        k = draws[r]
        for t in range(begin, end):
            key, squares = folded(keys[r], t), 0.0
            choose(chosen, everyone, size, folded(key, PARTICIPANTS))
            move[:] = 0.0
            middle[:] = 0.0
            for client in chosen:
                own = folded(key, APART + client)
                lag = min(rule.staleness, t)
                if lag > 0 and not rule.fixed_lag:
                    lag = below(word(folded(own, LAG), 0), lag + 1)
                start = (t - lag) % length
                for j in range(copies):
                    for q in range(d):
                        v[j, q] = past[r, start, j, q]
                for h in range(rule.local_steps):
                    draw(clients, k, client, rule, folded(own, APART + h), at)
                    for j in range(copies):
                        hit = -1
                        if j > 0 and clients.other_client[k, j - 1] == client:
                            for b in range(rule.batch):
                                if at.batch[b] == clients.other_sample[k, j - 1]:
                                    hit = b
                            if hit >= 0:
                                replace(clients, k, j - 1, rule, at)
                        estimate(v, j, hit, rule, at, user, user_slope)
                        for q in range(d):
                            v[j, q] -= eta[t] * at.g[0, q]
                    radius[r] = max(radius[r], math.sqrt(inner(v, 0, v, 0)))
                for j in range(copies):
                    for q in range(d):
                        move[j, q] += v[j, q] - past[r, start, j, q]
                for q in range(d):
                    middle[0, q] += v[0, q] / rule.participants
                squares += inner(v, 0, v, 0)
            now, then = t % length, (t + 1) % length
            for j in range(copies):
                for q in range(d):
                    past[r, then, j, q] = past[r, now, j, q] + move[j, q] / rule.participants
            drift[r] = max(squares / rule.participants - inner(middle, 0, middle, 0), 0.0)


@compiled
def probes(ratio, cosine, w, keys, clients, rule, exact, begin, end, user, user_slope):
    """Estimators ``begin`` .. ``end`` - 1 of client 0 at w (1, d), each with a batch of its own:
    adds up |ghat|^2/|g_B|^2 and cos(ghat, g_B) of every run, (R,).  ``exact``: the rule of g_B."""
    d = w.shape[1]
    at, g = bench(clients.x.shape[2], d, rule), np.zeros((1, d))
    for r in range(len(keys)):
        for t in range(begin, end):
            draw(clients, 0, 0, rule, folded(folded(keys[r], t), APART + rule.num_directions), at)
            estimate(w, 0, -1, exact, at, user, user_slope)
            g[:] = at.g
            estimate(w, 0, -1, rule, at, user, user_slope)
            size, true = inner(at.g, 0, at.g, 0), inner(g, 0, g, 0)
            ratio[r] += size / true
            cosine[r] += inner(at.g, 0, g, 0) / math.sqrt(size * true)
