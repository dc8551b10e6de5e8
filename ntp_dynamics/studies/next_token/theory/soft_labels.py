"""Soft labels: the feed-forward stage on all continuations of a token, in closed form.

    L(W) = sum_x pi_x [ lse(W[:, x]) - sum_z p(z|x) W[z, x] ]

(Thrampoulidis 2024, arXiv 2402.18551, with orthonormal token vectors, where every corpus is
compatible and separable.)  With S_x the continuations of x, s_x = |S_x| and V tokens,

    W_fin[z, x] = log p(z|x) - mean_{S_x} log p(.|x) on S_x, else 0,   L_inf = sum_x pi_x H(p(.|x)),
    W_svm[:, x] = 1_{S_x} - s_x / V,                ||W_svm||^2 = sum_x s_x (V - s_x) / V,
    Lam = sum_x pi_x (V - s_x) exp(mean_{S_x} log p(.|x)),
    C^2 = sum_x (s_x (V - s_x) / (V pi_x))^2 sum_z (d_z - mean d)^2,   d_z = 1 - 1/(s_x p(z|x)),
    W_0[:, x] = b_x W_svm[:, x],   b_x = log(V pi_x / s_x) + mean_{S_x} log p(.|x),
    R^2 = ||W_fin||^2 + sum_x n_x (b_x - b)^2,   n_x = s_x (V - s_x) / V,   b the mean by n_x.

All but the first line is derived for this project.  Every rate of the way to the offset is 1: a
column is a component and single tokens that, from zero, stay equal.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Counted
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.theory.linear_target import (
    Block,
    LinearTarget,
    steepest,
)
from ntp_dynamics.system.errors import UserError


def continuations(corpus: Corpus) -> Float[np.ndarray, "V V"]:
    """Weight of sample [x] -> z in row z and column x."""
    alone = corpus.rows.lengths == 1
    size = corpus.vocab_size
    place = corpus.label[alone].astype(np.int64) * size + corpus.rows.first[alone]
    return np.bincount(place, corpus.weight[alone], size * size).reshape(size, size)


def taught(
    corpus: Corpus, counted: Counted
) -> tuple[Float[np.ndarray, "V V"], Float[np.ndarray, " V"]]:
    """p(z|x) in row z and column x, and pi_x; both 0 at tokens that no sample has alone."""
    count = continuations(corpus)
    mass = count.sum(0)
    known = mass > 0
    share = np.divide(count, mass, out=np.zeros_like(count), where=known)
    return share, known.astype(float) if counted is Counted.uniform else mass / mass.sum()


def require_continuations(corpus: Corpus, where: str) -> None:
    """Raises UserError where no sample is of one token: there is nothing to learn then."""
    if not (corpus.rows.lengths == 1).any():
        what = "no sample has a sentence of one token: there are no continuations to learn"
        raise UserError(where, what, "add sentences of one token, or train another stage")


def soft_target(corpus: Corpus, counted: Counted) -> LinearTarget:
    """The targets of a corpus, any corpus."""
    share, mass = taught(corpus, counted)
    size = corpus.vocab_size
    inside = share > 0
    s = inside.sum(0)
    several = np.maximum(s, 1)
    log_p = np.log(share, out=np.zeros_like(share), where=inside)
    mean = log_p.sum(0) / several
    finite = np.where(inside, log_p - mean, 0.0)
    first = inside.argmax(0) * size + np.arange(size)
    entries = np.arange(size * size).reshape(size, size)
    spread = s * (size - s) / size
    shift, apart = _offset(spread, mean + np.log(np.where(mass > 0, size * mass / several, 1.0)))
    lag, lagging = _lag(share, mass, spread)
    curvature, excited = _curvature(share, mass, finite)
    return LinearTarget(
        component=np.where(inside, first, entries),
        finite=finite,
        direction=np.where(s > 0, inside - s / size, 0.0),
        infimum=float(-(mass * (share * log_p).sum(0)).sum()),
        leak=float((mass * (size - s) * np.exp(mean))[s > 0].sum()),
        curvature=curvature,
        excited=excited,
        masses=mass,
        leaking=float((spread[s > 0] / mass[s > 0]).max()),
        slowest=1.0,
        fastest=1.0,
        lag=lag,
        lagging=lagging,
        offset=apart + float(np.square(finite).sum()),
        shift=shift,
    )


def _offset(spread: Float[np.ndarray, " V"], shift: Float[np.ndarray, " V"]) -> tuple[float, float]:
    """b, and sum_x n_x (b_x - b)^2; nan where no column has a direction."""
    if not spread.any():
        return math.nan, math.nan
    mean = float(np.average(shift, weights=spread))
    return mean, float((spread * np.square(shift - mean)).sum())


def _curvature(
    share: Float[np.ndarray, "V V"], mass: Float[np.ndarray, " V"], finite: Float[np.ndarray, "V V"]
) -> tuple[float, bool]:
    """lam of pi_x (diag p - p p') over all columns, and whether its eigenvectors move."""

    def block(x: int) -> Block:
        inside = share[:, x] > 0
        p = share[inside, x]
        return mass[x] * (np.diag(p) - np.outer(p, p)), finite[inside, x]

    several = np.flatnonzero((share > 0).sum(0) > 1)
    bound = mass[several] * np.minimum(share[:, several].max(0), 0.5)
    order = np.argsort(-bound).tolist()
    return steepest((bound[i], partial(block, int(several[i]))) for i in order)


def _lag(
    share: Float[np.ndarray, "V V"],
    mass: Float[np.ndarray, " V"],
    spread: Float[np.ndarray, " V"],
) -> tuple[float, float]:
    """C, and eta t at which no W_fin[z, x] is more than one away; ``spread`` = s (V - s) / V."""
    total, far = 0.0, 0.0
    for x in np.flatnonzero((share > 0).sum(0) > 1):
        p = share[share[:, x] > 0, x]
        d = spread[x] / mass[x] * (1 - 1 / (len(p) * p))
        total += float(np.square(d - d.mean()).sum())
        far = max(far, float(np.abs(d).max()))
    return math.sqrt(total), far
