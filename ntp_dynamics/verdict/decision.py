"""What drifts say about one side of a law: each run, the mean, and the word for all of them.

Runs are the last axis of a drift; axes before it are experiments of their own, so that a million
verdicts can be calibrated at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict import company, single
from ntp_dynamics.verdict.drift import Drift

ALPHA = 0.05
"""Of a contradiction: half for the runs one by one, half for the pooled test."""


@dataclass(frozen=True)
class Decision:
    """``runs`` (..., S): kept | contradicted | undecided; ``status`` (...): consistent |
    contradicted | inconclusive; ``p`` of the contradiction, nan where none was looked for;
    ``joint``: only the mean contradicts."""

    runs: np.ndarray
    status: np.ndarray
    p: Float[np.ndarray, " ..."]
    joint: Bool[np.ndarray, " ..."]

    def of(self, experiment: int) -> Decision:
        """That of one of several."""
        return Decision(
            self.runs[experiment],
            self.status[experiment],
            self.p[experiment],
            self.joint[experiment],
        )


def decide(
    drift: Drift, alone: Bool[np.ndarray, "... S"], together: Bool[np.ndarray, " ..."] | bool
) -> Decision:
    """Every run by itself where ``alone`` allows, and the mean where ``together`` does.

    With p_s of each run and p of the mean, p = min(1, 2 S min p_s, 2 p): a run is named where
    2 S p_s is below ALPHA.  Consistent: every run is kept, by itself or in company.
    """
    p_run = single.p_alone(drift, alone)
    p_mean = np.ones(p_run.shape[:-1])
    if np.any(together):
        p_mean = np.where(together, company.p_pooled(drift), 1.0)
    return weighed(drift, p_run, p_mean, np.any(alone, axis=-1) | together)


def weighed(
    drift: Drift,
    p_run: Float[np.ndarray, "... S"],
    p_mean: Float[np.ndarray, " ..."],
    looked: Bool[np.ndarray, " ..."],
) -> Decision:
    """From the p-values of each run and of the mean; ``looked``: whether any test was asked."""
    runs = drift.moved.pairs.shape[-1]
    p_run = np.minimum(2 * runs * p_run, 1.0)
    p_mean = np.minimum(2 * p_mean, 1.0)
    named = p_run < ALPHA
    joint = ~named.any(axis=-1) & (p_mean < ALPHA)
    kept = single.range_alone(drift)[1] < 1
    if not company.is_few(runs):
        kept |= company.consistent(drift)[..., None] & company.alike(drift)
    words = np.where(named, "contradicted", np.where(kept, "kept", "undecided"))
    p = np.minimum(p_run.min(axis=-1), p_mean)
    return Decision(words, _status(words, joint), np.where(looked, p, np.nan), joint)


def decide_ensemble(drift: Drift, together: Bool[np.ndarray, " ..."] | bool) -> Decision:
    """The mean alone, at the whole ALPHA; no run is named."""
    p = np.full(drift.moved.pairs.shape[2:-1], np.nan)
    if np.any(together):
        p = np.where(together, company.p_pooled(drift), np.nan)
    return weighed_ensemble(drift, p)


def weighed_ensemble(drift: Drift, p: Float[np.ndarray, " ..."]) -> Decision:
    """From the p-value of the mean; nan where it was not asked."""
    runs = drift.moved.pairs.shape[-1]
    few = company.is_few(runs)
    kept = (single.range_alone(drift)[1] < 1).all(axis=-1) if few else company.consistent(drift)
    joint = p < ALPHA
    status = np.where(joint, "contradicted", np.where(kept, "consistent", "inconclusive"))
    return Decision(np.empty((*p.shape, 0), dtype="<U12"), status, p, joint)


def both(decisions: list[Decision]) -> Decision:
    """A law of two sides is kept if both are."""
    if len(decisions) == 1:
        return decisions[0]
    one, other = decisions
    against = (one.runs == "contradicted") | (other.runs == "contradicted")
    kept = (one.runs == "kept") & (other.runs == "kept")
    words = np.where(against, "contradicted", np.where(kept, "kept", "undecided"))
    joint = (one.joint | other.joint) & ~against.any(axis=-1)
    status = _status(words, joint) if words.shape[-1] else _worse(one.status, other.status)
    return Decision(words, status, np.fmin(one.p, other.p), joint)


def _status(words: np.ndarray, joint: Bool[np.ndarray, " ..."]) -> np.ndarray:
    against = (words == "contradicted").any(axis=-1) | joint
    kept = (words == "kept").all(axis=-1)
    return np.where(against, "contradicted", np.where(kept, "consistent", "inconclusive"))


def _worse(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    order = ["consistent", "inconclusive", "contradicted"]
    return np.where(np.vectorize(order.index)(one) >= np.vectorize(order.index)(other), one, other)
