"""How it moves: the whole state is w, so saving and resuming is one array and a step number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, softmax

from logistic_regression.problem import Problem, Rule
from ntp_dynamics.study import Logged, Saved, nothing_logged


class Descent:
    """All runs at once, from w = 0; m_i = <w, x_i> are the margins.

    gd    w <- w + eta mean_i x_i / (1 + e^{m_i}), descent on the logistic loss
    ngd   w <- w + eta sum_i q_i x_i with q = softmax(-m): descent on the exponential loss, each
          gradient divided by the loss.  q is the dual variable of Ji and Telgarsky.
    """

    measures: Sequence[str] = ()  # observables are cheap here: they read the state

    def __init__(self, problem: Problem):
        self.problem = problem
        self.w: Float[np.ndarray, "R d"] = np.zeros_like(problem.target)
        self.at = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        config, x = self.problem.config, self.problem.points
        while self.at < to:
            m = x @ self.w[..., None]  # (R, n, 1)
            share = expit(-m) / x.shape[1] if config.rule is Rule.gd else softmax(-m, axis=1)
            self.w = self.w + config.step_size * (share.mT @ x)[:, 0]
            self.at += 1
        return nothing_logged(len(self.w))

    def state(self) -> Float[np.ndarray, "R d"]:
        return self.w

    def save(self) -> Saved:
        return {"w": self.w.copy(), "at": np.full(len(self.w), self.at)}

    def load(self, saved: Saved) -> None:
        self.w, self.at = saved["w"].copy(), int(saved["at"][0])


def log_loss(margins: Float[np.ndarray, "R n"]) -> Float[np.ndarray, " R"]:
    """log mean_i log(1 + e^{-m_i}), right however large the margins are.

    log log(1 + e^{-m}) is -m where e^{-m} is small, since log(1 + x) = x there to rounding.
    """
    each = np.where(margins > 40, -margins, np.log(np.logaddexp(0.0, -np.minimum(margins, 40))))
    top = each.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(each - top).mean(axis=1))
