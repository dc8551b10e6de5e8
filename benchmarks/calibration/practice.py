"""Common practice on the same data: fit the mean curve, and believe the fit.

slope       the least-squares slope of ln y on ln t over the whole curve is within 0.1 of -1
best fit    of {1/t, log t/t, log^2 t/t, t^-0.5}, each with a free constant, the least-squares
            one: "log t / t holds" if it is 1/t or log t/t
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.law import Law

SLOPE, BAND = -1.0, 0.1 + 1e-9  # t^-0.9 lies on the edge, inside however it is rounded
MODELS = (Law.power(1), Law.power(1, 1), Law.power(1, 2), Law.power(0.5))
WITHIN_CLAIM = 2  # the first two models are O(log t / t)


def full_slope(
    t: Float[np.ndarray, " T"], log_y: Float[np.ndarray, "R S T"]
) -> Float[np.ndarray, " R"]:
    """Slope of the mean curve on log t, from step 2 on."""
    x, y = np.log(t[1:]), log_y[..., 1:].mean(axis=1)
    x = x - x.mean()
    return y @ x / (x @ x)


def confirmed_by_slope(t: np.ndarray, log_y: np.ndarray) -> Bool[np.ndarray, " R"]:
    """Whether the exponent looks like that of log t / t."""
    return np.abs(full_slope(t, log_y) - SLOPE) <= BAND


def confirmed_by_best_fit(t: np.ndarray, log_y: np.ndarray) -> Bool[np.ndarray, " R"]:
    """Whether the best model is log t / t or 1 / t."""
    mean = log_y[..., 1:].mean(axis=1)
    errors = [(mean - model.log_f(t[1:])).var(axis=-1) for model in MODELS]
    return np.argmin(errors, axis=0) < WITHIN_CLAIM
