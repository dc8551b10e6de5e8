"""What is measured of a policy: functions of where its runs stand, a value a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.config import Policy, Variance
from ntp_dynamics.studies.knowledge_gradient.kernel import index
from ntp_dynamics.studies.knowledge_gradient.kernel.march import VARIANTS
from ntp_dynamics.studies.knowledge_gradient.race import NUMBERS, UNKNOWN, State, octaves
from ntp_dynamics.studies.knowledge_gradient.reference import Reference
from ntp_dynamics.studies.knowledge_gradient.theory import eps_good
from ntp_dynamics.studies.knowledge_gradient.theory.errors import log_error

PerRun = Float[np.ndarray, " R"]
HALF = 2
"""Which of the ends of octaves is half of the horizon."""


def _begun(state: State, values: Any) -> PerRun:
    """The values, nan before every arm was pulled."""
    return np.where((state.pulls > 0).all(axis=1), values, np.nan)


def false_selection(state: State, reference: Reference) -> PerRun:
    """1 where the answer is wrong."""
    return _begun(state, ~reference.bandit.right(state.estimate))


def best_estimate(state: State, reference: Reference) -> PerRun:
    """The arm of the largest estimate."""
    return _begun(state, state.estimate[..., 0].argmax(axis=1))


def opportunity_cost(state: State, reference: Reference) -> PerRun:
    """mu_best - mu_chosen."""
    mu = reference.bandit.mu
    return _begun(state, mu.max() - mu[state.estimate[..., 0].argmax(axis=1)])


def log_posterior_error(state: State, reference: Reference) -> PerRun:
    """log sum_i Phi(-|m_i - m_b + eps|/sqrt(V_i + V_b)): that the answer is wrong, given what is
    known."""
    return state.log_error


def posterior_gap(state: State, reference: Reference) -> PerRun:
    """The same less that of n pulls in the best shares at the true means: flat at the best rate."""
    return state.log_error - reference.log_optimum(state.at)


def allocation_gap(state: State, reference: Reference) -> PerRun:
    """What the pulls so far would leave at the true means, less that of the best shares."""
    return log_error(reference.bandit, state.pulls) - reference.log_optimum(state.at)


def rate(state: State, reference: Reference) -> Float[np.ndarray, "R octave"]:
    """1 - (slope of the gap over an octave)/Gamma*, of the last three octaves."""
    ends = octaves(state.horizon)
    gaps = state.error_at - [reference.log_optimum(int(n)) for n in ends]
    return 1 - np.diff(gaps, axis=1) / (np.maximum(np.diff(ends), 1) * reference.gamma)


def share(state: State, reference: Reference) -> Float[np.ndarray, "R arm"]:
    """Of the pulls so far."""
    return state.pulls / max(state.at, 1)


def share_efficiency(state: State, reference: Reference) -> PerRun:
    """Gamma(w)/Gamma* at the shares so far."""
    return _begun(state, reference.efficiency(share(state, reference)))


def frozen(state: State, reference: Reference) -> PerRun:
    """1 where the best arm had less than 1 % of the pulls since half of the horizon."""
    since = state.at - octaves(state.horizon)[HALF]
    if since <= 0:
        return np.full(len(state.pulls), np.nan)
    best = reference.bandit.best
    return 1.0 * (state.pulls[:, best] - state.pulls_at[:, HALF, best] < 0.01 * since)


def log_index_margin(state: State, reference: Reference) -> PerRun:
    """Difference of the two largest log indices."""
    bandit = reference.bandit
    if reference.config.variance is Variance.plugin or not (state.pulls > 0).all():
        return np.full(len(state.pulls), np.nan)
    variant = index.NONE if state.policy is Policy.kg else VARIANTS[NUMBERS[state.policy]]
    m = state.estimate[..., 0]
    return index.margins(m, bandit.v, state.pulls, bandit.tilt, variant)


def ahead_of_kg(state: State, reference: Reference) -> PerRun:
    """1 where it is right and kg was wrong on the same rewards, 0 the other way, else nan."""
    nothing = np.full(len(state.pulls), np.nan)
    known = (state.right != UNKNOWN).any(axis=0) & (state.right[0] != UNKNOWN)
    column = np.flatnonzero(known)
    if state.rival is None or not column.size:
        return nothing
    here, there = state.right[:, column[-1]], state.rival[:, column[-1]]
    return np.where(here != there, here, nothing)


def predicted_rate(state: State, reference: Reference) -> PerRun:
    """Gamma/Gamma* of the shares that the policy tends to."""
    return np.full(len(state.pulls), reference.ratio(state.policy))


def predicted_set_rate(state: State, reference: Reference) -> PerRun:
    """The exact set's rate over Gamma* at w*."""
    found = eps_good.set_rate(reference.bandit, reference.optimum.shares)
    return np.full(len(state.pulls), found / reference.gamma)


def log_set_error(state: State, reference: Reference) -> PerRun:
    """log of the chance that the set of good arms is wrong."""
    found = eps_good.log_set_error(reference.bandit, state.pulls[0])
    return np.full(len(state.pulls), found)


def set_rate(state: State, reference: Reference) -> PerRun:
    """-(log_set_error + (ln n)/2) by n since half of the horizon, over Gamma*."""
    half = int(octaves(state.horizon)[HALF])
    if state.at <= half or state.pulls_at[0, HALF].min() <= 0:
        return np.full(len(state.pulls), np.nan)
    early = eps_good.log_set_error(reference.bandit, state.pulls_at[0, HALF])
    fall = early - log_set_error(state, reference) - 0.5 * np.log(state.at / half)
    return fall / ((state.at - half) * reference.gamma)
