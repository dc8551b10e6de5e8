"""Logits of the form that stage 1 gives them: every column a constant, and a gain at one class.

Where M[j,u] = c_u + g_u [j = n(u)], the constants drop out of every softmax, and a token does no
more than raise the logit of its class n(u).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.gradient import EQUAL


def gains(
    logits: Float[Tensor, "J V"], collocation: Int[Tensor, " V"]
) -> Float[np.ndarray, " V"] | None:
    """g_u of every column, M[j,u] = c_u + g_u [j = n(u)]; None where M has another form.

    Gains are positive; a token without a known continuation has a constant column and gain zero.
    """
    columns, n = logits.numpy(force=True).T, collocation.numpy(force=True)
    tokens = np.arange(len(n))
    at_label = columns[tokens, n]
    others = columns.copy()
    others[tokens, n] = np.where(n >= 0, np.nan, at_label)
    low, high = np.nanmin(others, axis=1), np.nanmax(others, axis=1)
    rounding = EQUAL * np.abs(columns).max(initial=0.0)
    gain = np.where(n >= 0, at_label - low, 0.0)
    if (high - low > rounding).any() or (gain < -rounding).any():
        return None
    return np.where(gain > rounding, gain, 0.0)


def kinds(gain: Float[np.ndarray, " V"], n: Int[np.ndarray, " V"]) -> Float[np.ndarray, " V"]:
    """A number for every different column of M; gains that differ by rounding count as equal."""
    values, which = np.unique(gain, return_inverse=True)
    steps = np.diff(values, prepend=values[:1]) > EQUAL * np.abs(gain).max(initial=0.0)
    label = np.where(gain > 0, n, -1)
    columns = np.stack([label, steps.cumsum()[which]])
    return np.unique(columns, axis=1, return_inverse=True)[1].ravel().astype(np.float64)
