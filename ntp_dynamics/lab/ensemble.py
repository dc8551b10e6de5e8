"""Claims about an expectation: S runs are one sample of it, and no run is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ntp_dynamics.lab.gate import Case

ERRORS = 6.0
"""Standard errors that a sample mean is granted before it breaks a bound on the expectation."""


def mean_case(case: Case) -> Case:
    """The case of the mean over runs, moved by its sampling error to the side that the law allows.

    With mean m and standard error s of y over S runs, ln m - 6 s / m for an upper law, + for a
    lower one; on logs, since a small sample underestimates mean and spread of skewed data together.
    One run has no error to grant.
    """
    runs = len(case.log_y)
    top = np.max(case.log_y, axis=0, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    y = np.exp(case.log_y - top)
    mean = y.mean(axis=0)
    spread = y.std(axis=0, ddof=1) / np.sqrt(runs) if runs > 1 else np.zeros_like(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        granted = np.where(mean > 0, ERRORS * spread / mean, 0.0)
        log_mean = np.log(mean) + top[0] - case.sign * granted
    first = np.arange(runs) == 0
    return replace(
        case.of(first),
        log_y=log_mean[None],
        counted=case.counted.all(axis=0, keepdims=True),
        readable=case.readable.max(axis=0, keepdims=True),
        t_min=case.t_min.max(keepdims=True),
    )
