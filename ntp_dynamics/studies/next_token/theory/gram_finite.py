"""The finite part of a softmax-linear problem for any vectors: a loss on a subspace, by Newton.

    L(y) = sum_n pi_n [ lse_v (f_nv y + log m_v) - sum_v p_nv (f_nv y + log m_v) ],

over the tokens v of sample n that are not cut out (`recession_gram`), f_nv the features of v less
those of the token that n asks for most.  They span all y, so that L is strictly convex; no y
leaves every sample as it is or better, or it would be strict: so L has one minimiser.  Derived for
this project.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.theory.min_norm import Unsolved
from ntp_dynamics.studies.next_token.theory.recession import Samples

ITERATIONS = 500
"""Newton steps: from far away a softmax takes one a unit."""
SMALLEST = 1e-14
"""The step that is nothing."""


@dataclass(frozen=True, eq=False)
class CutLoss:
    """The loss of K coordinates of F' with strict tokens cut out."""

    features: Float[np.ndarray, "I K"]
    start: Int[np.ndarray, " N"]
    sample: Int[np.ndarray, " I"]
    log_copies: Float[np.ndarray, " I"]
    target: Float[np.ndarray, " I"]
    pi: Float[np.ndarray, " N"]

    def log_share(self, y: Float[np.ndarray, " K"]) -> Float[np.ndarray, " I"]:
        logit = self.features @ y + self.log_copies
        return logit - np.logaddexp.reduceat(logit, self.start)[self.sample]

    def loss(self, y: Float[np.ndarray, " K"]) -> float:
        asked = self.target > 0
        cost = self.pi[self.sample] * self.target * -self.log_share(y)
        return float(max(cost[asked].sum(), 0.0))

    def slope(self, y: Float[np.ndarray, " K"]) -> Float[np.ndarray, " K"]:
        """The token asked for most has no features: nothing cancels that is small."""
        pull = np.exp(self.log_share(y)) - self.target
        return (self.pi[self.sample] * pull) @ self.features

    def hessian(self, y: Float[np.ndarray, " K"]) -> Float[np.ndarray, "K K"]:
        share = np.exp(self.log_share(y))
        mean = np.add.reduceat(share[:, None] * self.features, self.start)
        apart = self.features - mean[self.sample]
        weight = self.pi[self.sample] * share
        return apart.T @ (weight[:, None] * apart)

    def minimise(self) -> Float[np.ndarray, " K"]:
        """Newton's method from zero; a step is halved while it goes past the minimum along it by
        half or more."""
        y = np.zeros(self.features.shape[1])
        slope = self.slope(y)
        for _ in range(ITERATIONS):
            step = newton(self.hessian(y), slope)
            if np.abs(step).max(initial=0.0) <= SMALLEST * max(1.0, np.abs(y).max(initial=0.0)):
                break
            here = slope @ step
            for _ in range(60):
                slope = self.slope(y - step)
                if slope @ step >= -here / 2:
                    break
                step, here = step / 2, here / 2
            y = y - step
        return y


def newton(
    hessian: Float[np.ndarray, "K K"], slope: Float[np.ndarray, " K"]
) -> Float[np.ndarray, " K"]:
    try:
        return np.linalg.solve(hessian, slope)
    except np.linalg.LinAlgError:
        raise Unsolved("the loss is flat in floats where W_fin was looked for") from None


def cut_loss(
    samples: Samples,
    row: Int[np.ndarray, " E"],
    strict: Bool[np.ndarray, " M"],
    features: Float[np.ndarray, "M K"],
) -> CutLoss:
    """Tokens that stay; their features relative to what the sample asks for most."""
    kept = (row < 0) | ~strict[row]
    mine = np.where(row[kept, None] < 0, 0.0, -features[row[kept]])
    sample = samples.sample[kept]
    start = np.flatnonzero(np.diff(sample, prepend=-1))
    copies = np.log(samples.copies[kept])
    return CutLoss(mine, start, sample, copies, samples.target[kept], samples.pi)
