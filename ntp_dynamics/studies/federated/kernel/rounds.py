"""Rounds of federated optimisation (Fang et al.; Chen et al., NeurIPS 2023), run after run.

Each of M clients without replacement starts at v = w_{t - lag} and takes H steps
v <- v - eta_t ghat; the server adds the mean of what they moved: w <- w + (1/M) sum (v - start).
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.federated.kernel.compiled import compiled
from ntp_dynamics.studies.federated.kernel.estimate import estimate
from ntp_dynamics.studies.federated.kernel.step import ONE, ZERO, bench, draw
from ntp_dynamics.studies.federated.kernel.streams import Purpose
from ntp_dynamics.system.counter import below, choose, folded, word

PARTICIPANTS, LAG, APART = np.int64(Purpose.participants), np.int64(Purpose.lag), np.int64(16)
"""Keys of clients and steps begin where purposes end."""


@compiled
def rounds(past, radius, drift, keys, draws, clients, rule, eta, begin, end, user, user_slope):
    """Take every run from round ``begin`` to round ``end``, in place.

    ``past`` (R, L, C, d): w_t of every copy at place t mod L, L > staleness.  ``radius`` (R,): the
    largest |v| on the way.  ``drift`` (R,): mean |v_i - mean v|^2 of the last round.  Both are of
    copy 0.  ``keys``, ``draws`` (R,): key and draw of data of each run.  ``eta`` (T,): step sizes.
    ``user``, ``user_slope``: a user's difference and slope.
    """
    runs, length, copies, d = past.shape
    size, samples = clients.x.shape[1], clients.x.shape[2]
    xs, ys, others = clients.x, clients.y, clients[2:]
    drawn, made = bench(samples, d, copies, rule)
    pool, batch, x, y, u, squared, along, xi, normal = drawn
    v, margin, weight, g = made
    chosen, everyone = np.zeros(rule.participants, np.int64), np.arange(size)
    move, middle = np.zeros((copies, d)), np.zeros(d)
    for r in range(runs):
        k = draws[r]
        for t in range(begin, end):
            key, spread = folded(keys[r], t), 0.0
            choose(chosen, everyone, size, folded(key, PARTICIPANTS))
            move[:] = 0.0
            middle[:] = 0.0
            for client in chosen:
                own = folded(key, APART + client)
                lag = min(rule.staleness, t)
                if lag > 0 and not rule.fixed_lag:
                    lag = below(word(folded(own, LAG), ZERO), lag + 1)
                start = (t - lag) % length
                for c in range(copies):
                    for q in range(d):
                        v[q, c] = past[r, start, c, q]
                for h in range(rule.local_steps):
                    at = folded(own, APART + h)
                    draw(
                        xs,
                        ys,
                        k,
                        client,
                        rule,
                        at,
                        pool,
                        batch,
                        x,
                        y,
                        u,
                        squared,
                        along,
                        xi,
                        normal,
                    )
                    estimate(
                        others, k, client, copies, rule, batch, x, y, u, squared, along, xi, v,
                        margin, weight, g, user, user_slope,
                    )  # fmt: skip
                    far = 0.0
                    for q in range(d):
                        for c in range(copies):
                            v[q, c] -= eta[t] * g[q, c]
                        far += v[q, 0] ** 2
                    radius[r] = max(radius[r], math.sqrt(far))
                for c in range(copies):
                    for q in range(d):
                        move[c, q] += v[q, c] - past[r, start, c, q]
                for q in range(d):
                    middle[q] += v[q, 0] / rule.participants
                    spread += v[q, 0] ** 2 / rule.participants
            now, then = t % length, (t + 1) % length
            for c in range(copies):
                for q in range(d):
                    past[r, then, c, q] = past[r, now, c, q] + move[c, q] / rule.participants
            for q in range(d):
                spread -= middle[q] ** 2
            drift[r] = max(spread, 0.0)


@compiled
def probes(ratio, cosine, w, keys, clients, rule, exact, begin, end, user, user_slope):
    """Estimators ``begin`` .. ``end`` - 1 of client 0 at w (d,), each with a batch of its own: adds
    up |ghat|^2/|g_B|^2 and cos(ghat, g_B) of every run, (R,).  ``exact``: the rule of g_B."""
    xs, ys, others, true = clients.x, clients.y, clients[2:], np.zeros(len(w))
    drawn, made = bench(xs.shape[2], len(w), ONE, rule)
    pool, batch, x, y, u, squared, along, xi, normal = drawn
    v, margin, weight, g = made
    for q in range(len(w)):
        v[q, 0] = w[q]
    for r in range(len(keys)):
        for t in range(begin, end):
            key = folded(folded(keys[r], t), APART + rule.num_directions)
            draw(xs, ys, ZERO, ZERO, rule, key, pool, batch, x, y, u, squared, along, xi, normal)
            for i in range(2):
                used = exact if i == 0 else rule
                estimate(
                    others, ZERO, ZERO, ONE, used, batch, x, y, u, squared, along, xi, v, margin,
                    weight, g, user, user_slope,
                )  # fmt: skip
                if i == 0:
                    for q in range(len(w)):
                        true[q] = g[q, 0]
            found, wanted, both = 0.0, 0.0, 0.0
            for q in range(len(w)):
                found += g[q, 0] ** 2
                wanted += true[q] ** 2
                both += g[q, 0] * true[q]
            ratio[r] += found / wanted
            cosine[r] += both / math.sqrt(found * wanted)
