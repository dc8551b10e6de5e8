"""What is known of a job before its first pull: rates, shares and exact errors of its arms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.config import (
    KnowledgeGradientConfig,
    Policy,
    Question,
)
from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel import shares
from ntp_dynamics.studies.knowledge_gradient.theory import eps_good, equal, feasible, rates
from ntp_dynamics.studies.knowledge_gradient.theory.errors import log_error

Shares = Float[np.ndarray, " k"]


@dataclass(frozen=True)
class Reference:
    """What observables compare a state with, and claims are made of."""

    config: KnowledgeGradientConfig
    bandit: Bandit

    @cached_property
    def optimum(self) -> rates.Optimum:
        """The best allocation and its certificate; for thresholds both sides are closed forms."""
        if self.bandit.problem is not Question.feasible:
            return rates.optimum(self.bandit)
        w = feasible.shares(self.bandit)
        found = float(feasible.rate(self.bandit, w))
        dual = w.copy()
        upper = float((dual * feasible.separations(self.bandit)).max())
        return rates.Optimum(found, w, dual, upper)

    @property
    def gamma(self) -> float:
        """Gamma*, of one pull."""
        return self.optimum.rate

    @cached_property
    def shares(self) -> Mapping[Policy, Shares]:
        """To which the shares of a policy tend; not known of a custom one."""
        bandit, best = self.bandit, self.optimum.shares
        every = {Policy.equal: rates.equal(bandit), Policy.oracle: best}
        if bandit.problem is Question.feasible:
            return every | dict.fromkeys((Policy.ikg, Policy.ikg_plain, *_VARIANCE), best)
        half = rates.balanced(bandit, int(shares.HALF))
        return every | {
            Policy.kg: rates.knowledge_gradient(bandit),
            Policy.ikg: rates.balanced(bandit, int(shares.INTEGRAL)),
            Policy.ikg_plain: rates.balanced(bandit, int(shares.PLAIN)),
            Policy.ikg_variance_only: best,
            Policy.ocba: rates.ocba(bandit),
            Policy.ttei: half,
            Policy.ttts: half,
            Policy.tt_ids: best,
            Policy.track: best,
        }

    def efficiency(self, w: Float[np.ndarray, "... k"]) -> Float[np.ndarray, ...]:
        """Gamma(w)/Gamma*."""
        of = feasible if self.bandit.problem is Question.feasible else rates
        return of.rate(self.bandit, w) / self.gamma

    def ratio(self, policy: Policy) -> float:
        """Gamma/Gamma* of the shares a policy tends to; nan where they are not known."""
        known = self.shares.get(policy)
        return math.nan if known is None else float(self.efficiency(known))

    def log_optimum(self, n: float) -> float:
        """log P_det: the error after n pulls in the best shares, in deterministic numbers."""
        if n <= 0:
            return math.nan
        return float(log_error(self.bandit, n * self.optimum.shares)[0])

    def exact_equal(self, n: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
        """Probability of false selection of equal allocation (best arm)."""
        return equal.curve(self.bandit, n)

    @cached_property
    def set_optimum(self) -> eps_good.SetOptimum:
        """The best allocation for the exact set of good arms."""
        return eps_good.set_optimum(self.bandit, self.optimum.shares)


_VARIANCE = (Policy.ikg_variance_only,)
