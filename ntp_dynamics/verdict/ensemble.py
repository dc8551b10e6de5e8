"""Claims about an expectation: S runs are one sample of it, and no run is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from ntp_dynamics.verdict.gate import Case

ALPHA = 0.01
"""Share of exact expectations that a sample may be said to break, over all recorded steps."""


def mean_case(case: Case) -> Case:
    """The case of the mean over runs, moved by its sampling error to the side that the law allows.

    With mean m and standard error s of y over S runs, ln m - k s / m for an upper law, + for a
    lower one; k is the limit of Student's t with S - 1 degrees of freedom that the largest of all
    recorded steps passes in 1 % of samples.  On logs, since a small sample underestimates mean and
    spread of skewed data together.  One run has no error to grant.
    """
    runs, steps = case.log_y.shape
    y, top = _scaled(case.log_y)
    mean = y.mean(axis=0)
    errors = stdtrit(runs - 1, 1 - ALPHA / steps) if runs > 1 else 0.0
    spread = y.std(axis=0, ddof=1) / np.sqrt(runs) if runs > 1 else np.zeros_like(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        granted = np.where(mean > 0, errors * spread / mean, 0.0)
        log_mean = np.log(mean) + top[0] - case.sign * granted
    first = np.arange(runs) == 0
    return replace(
        case.of(first),
        log_y=log_mean[None],
        counted=case.counted.all(axis=0, keepdims=True),
        readable=case.readable.max(axis=0, keepdims=True),
        t_min=case.t_min.max(keepdims=True),
    )


def jackknifed(case: Case) -> Case:
    """The case whose runs are the pseudo-values of the log of the mean, S ln m - (S - 1) ln m_s.

    m_s is the mean without run s.  A slope is linear in ln y, so the mean of the pseudo-values'
    slopes is the slope of ln m and their spread its jackknife error (Tukey 1958): limits over runs
    become limits of the expectation's rate, and one run that does not decay counts for what it adds
    to the mean.
    """
    runs = len(case.log_y)
    if runs == 1:
        return case
    y, top = _scaled(case.log_y)
    total = y.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mean = np.log(total / runs)
        log_others = np.log(np.maximum(total - y, 0.0) / (runs - 1))
        pseudo = runs * log_mean - (runs - 1) * log_others + top
    shown = np.isfinite(pseudo) & (log_mean + top >= case.readable.max())
    return replace(
        case,
        log_y=np.where(shown, pseudo, -np.inf),
        readable=np.full((runs, 1), -np.inf),
    )


def _scaled(log_y: Float[np.ndarray, "S T"]) -> tuple[np.ndarray, np.ndarray]:
    """y in units of the largest run at each step, and the log of that unit."""
    top = np.max(log_y, axis=0, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.exp(log_y - top), top
