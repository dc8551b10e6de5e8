"""Rates of the posterior error, -(1/n) log, and the shares that have them.

With b the best arm, D_i = (mu_i - mu_b + eps)^2 and shares w,

    C_i(w) = D_i / (2 (s_i^2/w_i + s_b^2/w_b)),      Gamma(w) = min_i C_i(w),
    Gamma* = max_w Gamma(w).

C_i is concave and homogeneous of degree 1, so that every w and every lambda on the simplex give
Gamma(w) <= Gamma* <= max_a sum_i lambda_i dC_i/dw_a: the certificate.  (Glynn and Juneja 2004,
Russo 2016, both from memory; derived again here.)  k arms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel import shares

Shares = Float[np.ndarray, " k"]


def costs(bandit: Bandit, w: Float[np.ndarray, "... k"]) -> Float[np.ndarray, "... k"]:
    """C_i(w); inf for the best arm."""
    b = bandit.best
    with np.errstate(divide="ignore"):
        spread = bandit.v / w + (bandit.v[b] / w[..., b])[..., None]
        found = bandit.squared_gaps / (2 * spread)
    found[..., b] = np.inf
    return found


def rate(bandit: Bandit, w: Float[np.ndarray, "... k"]) -> Float[np.ndarray, ...]:
    """Gamma(w)."""
    return costs(bandit, w).min(axis=-1)


@dataclass(frozen=True)
class Optimum:
    """Gamma*, where it is reached, and the proof that nothing is above ``upper``."""

    rate: float
    shares: Shares
    dual: Shares
    upper: float

    @property
    def gap(self) -> float:
        """How far it may be from the truth, relative."""
        return (self.upper - self.rate) / self.rate


def slopes(bandit: Bandit, w: Shares) -> tuple[Shares, Shares]:
    """dC_i/dw_i and dC_i/dw_b of every arm i; 0 for the best one."""
    b, v = bandit.best, bandit.v
    spread = v / w + v[b] / w[b]
    own = 0.5 * bandit.squared_gaps * v / (w * spread) ** 2
    of_best = 0.5 * bandit.squared_gaps * v[b] / (w[b] * spread) ** 2
    own[b] = of_best[b] = 0.0
    return own, of_best


def dual_bound(bandit: Bandit, w: Shares, dual: Shares) -> float:
    """max_a sum_i lambda_i dC_i/dw_a, which is at least Gamma* for every w and lambda."""
    own, of_best = slopes(bandit, w)
    return float(max((dual * own).max(), (dual * of_best).sum()))


def optimum(bandit: Bandit) -> Optimum:
    """The best allocation."""
    w = shares.balanced(bandit.squared_gaps, bandit.v, bandit.best, shares.OPTIMAL)
    own, _ = slopes(bandit, w)
    dual = np.where(own > 0, 1 / np.where(own > 0, own, 1.0), 0.0)
    dual /= dual.sum()
    return Optimum(float(rate(bandit, w)), w, dual, dual_bound(bandit, w, dual))


def balanced(bandit: Bandit, kind: int) -> Shares:
    """Shares under which all comparisons are equally hard, by one more condition (`shares`)."""
    return shares.balanced(bandit.squared_gaps, bandit.v, bandit.best, kind)


def knowledge_gradient(bandit: Bandit) -> Shares:
    """w_i in proportion to s_i/(mu_b - mu_i), w_b to s_b over the gap to the runner-up."""
    gaps = bandit.mu[bandit.best] - bandit.mu
    gaps[bandit.best] = np.delete(gaps, bandit.best).min()
    w = np.sqrt(bandit.v) / gaps
    return w / w.sum()


def ocba(bandit: Bandit) -> Shares:
    """w_i in proportion to s_i^2/D_i, w_b = s_b sqrt(sum w_i^2/s_i^2): s_b^2/w_b is neglected."""
    b = bandit.best
    others = np.arange(bandit.arms) != b
    w = bandit.v / np.where(others, bandit.squared_gaps, 1.0)
    w[b] = np.sqrt(bandit.v[b] * (w[others] ** 2 / bandit.v[others]).sum())
    return w / w.sum()


def equal(bandit: Bandit) -> Shares:
    """1/k."""
    return np.full(bandit.arms, 1 / bandit.arms)
