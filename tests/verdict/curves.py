"""Curves that verdicts are tried on: the recording grid, and six noise-free runs."""

import numpy as np


def grid(horizon, per_decade=24):
    """Steps 1 to 32, then so many a decade."""
    far = np.geomspace(32, horizon, round(per_decade * np.log10(horizon / 32)))
    return np.unique(np.round(np.concatenate([np.arange(1, 33), far])))


STEPS = grid(10_000)
AMPLITUDES = np.linspace(-0.5, 0.0, 6)[:, None]


def runs(curve):
    """Six noise-free runs ``e^curve`` of different amplitude, at most 1 times the curve."""
    return AMPLITUDES + curve
