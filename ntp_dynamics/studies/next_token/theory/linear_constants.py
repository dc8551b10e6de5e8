"""What the laws of softmax-linear losses are made of, one value a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget


@dataclass(frozen=True)
class LinearConstants:
    """Of one stage; letters as in `linear_target`."""

    eta: float
    norm: Float[np.ndarray, " S"]
    """||W_svm||."""
    finite_norm: Float[np.ndarray, " S"]
    leak: Float[np.ndarray, " S"]
    curvature: Float[np.ndarray, " S"]
    smoothness: Float[np.ndarray, " S"]
    steepness: Float[np.ndarray, " S"]
    leaking: Float[np.ndarray, " S"]
    slowest: Float[np.ndarray, " S"]
    fastest: Float[np.ndarray, " S"]
    lag: Float[np.ndarray, " S"]
    lagging: Float[np.ndarray, " S"]
    offset: Float[np.ndarray, " S"]
    shift: Float[np.ndarray, " S"]
    cyclic: Bool[np.ndarray, " S"]
    excited: Bool[np.ndarray, " S"]


def linear_constants(targets: Sequence[LinearTarget], eta: float) -> LinearConstants:
    """Those of the runs of a stage with this step size."""
    names = [name for name in LinearConstants.__dataclass_fields__ if name != "eta"]
    return LinearConstants(eta, **{n: np.array([getattr(t, n) for t in targets]) for n in names})
