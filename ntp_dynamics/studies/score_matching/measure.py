"""What takes more than a look at the state: functions of (state, problem), (R, ...) each."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.observable import Measure
from ntp_dynamics.studies.score_matching.dynamics.cells import Counts
from ntp_dynamics.studies.score_matching.dynamics.state import State
from ntp_dynamics.studies.score_matching.loss.line import line_loss
from ntp_dynamics.studies.score_matching.problem import ScoreMatchingProblem
from ntp_dynamics.studies.score_matching.theory import ball, far

Values = Float[np.ndarray, " R"]
Problem = ScoreMatchingProblem
BALL = 0.15
"""Largest start of a small ball."""


def survivor(state: State, problem: Problem) -> Values:
    """Number of the student nearest to the truth, once one has converged."""
    return np.where(state.count > 0, state.distance.argmin(axis=1), np.nan)


def survivor_rank(state: State, problem: Problem) -> Values:
    """How many started nearer than the student nearest to the truth, once one has converged."""
    chosen = state.distance.argmin(axis=1)
    start = np.take_along_axis(problem.start_distance, chosen[:, None], axis=1)
    rank = (problem.start_distance < start).sum(axis=1)
    return np.where(state.count > 0, rank, np.nan)


def log_amplification(state: State, problem: Problem) -> Values:
    """ln of the axial spread over that of the start; nan where there was none."""
    start = problem.start_log_spread
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(start), state.log_spread - start, np.nan)


def running_exponent(state: State, problem: Problem) -> Values:
    """d ln L/d ln s = -s |grad L|^2/L along the flow; nan where L is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = -state.path * np.exp(2 * state.log_gradient - state.log_loss)
    return np.where(np.isfinite(state.log_loss), found, np.nan)


def compensated_far(state: State, problem: Problem) -> Values:
    """L s (r^2 - 16)/(16 (n - 1)) once exactly one has converged; nan before."""
    n = problem.config.model.students
    if n == 1:
        return np.full(len(state.mu), np.nan)
    found = far.compensated(state.log_loss, state.path, np.nan_to_num(state.far), n)
    return np.where(state.count == 1, found, np.nan)


def compensated_ball(state: State, problem: Problem) -> Values:
    """L over the law of a small ball; nan where students started farther out than .15."""
    n = problem.config.model.students
    law = ball.loss(problem.start_eigenvalues, state.path, n, state.fourth)[:, 0]
    inside = problem.start_distance.max(axis=1) <= BALL
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(inside & (law > 0), np.exp(state.log_loss) / law, np.nan)


def level_share(state: State, problem: Problem) -> Float[np.ndarray, "R level"]:
    """Share of the loss that each noise level has; nan where students are on no line."""
    scales, shares = problem.levels
    found = np.full((len(state.mu), len(scales)), np.nan)
    if problem.engine.line:
        for r, y in enumerate((state.mu - problem.frame.rest) @ problem.frame.basis.swapaxes(1, 2)):
            logs = [line_loss(scale * y[:, 0], problem.log_pi)[0] for scale in scales]
            with np.errstate(divide="ignore", invalid="ignore"):
                found[r] = np.exp(np.log(shares) + np.array(logs) - state.log_loss[r])
    return found


def effective_rank(state: State, problem: Problem) -> Values:
    """(sum l)^2/sum l^2 of the covariance of the means."""
    return ball.effective_rank(ball.eigenvalues(state.mu))


def often(step: int) -> bool:
    """Every step up to 32, then 30 a decade."""
    return step <= 32 or round(30 * np.log10(step)) != round(30 * np.log10(step - 1))


def agreement(state: Counts, problem: Problem) -> Values:
    """Share of amplified spreads at which as many converge as at the first distance."""
    same = state.count[:, 1:] == state.count[:, :1]
    return same.mean(axis=(1, 2)) if same.shape[1] else np.ones(len(same))


def path_length(state: State, problem: Problem) -> Values:
    """The same in all runs."""
    return np.full(len(state.mu), state.path)


def all_converged(state: Counts, problem: Problem) -> Values:
    """Share of the cells of a map in which all students have."""
    n = problem.config.model.students
    return (state.count == n).mean(axis=(1, 2))


def named(name: str) -> Measure:
    """What the state calls so."""
    return lambda state, problem: getattr(state, name)
