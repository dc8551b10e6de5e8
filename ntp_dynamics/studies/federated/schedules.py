"""Step sizes of every round."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated.config import FederatedConfig, ScheduleName
from ntp_dynamics.studies.federated.tasks import load
from ntp_dynamics.system.errors import UserError


def step_sizes(config: FederatedConfig, l_min: float) -> Float[np.ndarray, " T"]:
    """eta_t of t = 0 .. T - 1; ``l_min``: least eigenvalue of the Hessian at w*.

    A user's module has `step_size(t, rounds, l_min)`.  Raises UserError for one that returns no
    positive number.
    """
    t = np.arange(config.rounds, dtype=float)
    if config.schedule is ScheduleName.constant:
        return np.full(len(t), config.step_size)
    if config.schedule is ScheduleName.horizon:
        return np.full(len(t), config.step_size / math.sqrt(config.rounds))
    if config.schedule is ScheduleName.decay:
        return config.c / (config.local_steps * l_min * (t + config.t0))
    module = load("schedule_file", config.schedule_file, ("step_size",))
    try:
        eta = np.array([float(module.step_size(int(s), config.rounds, l_min)) for s in t])
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        what = f"step_size fails: {type(error).__name__}: {first}"
        raise UserError("schedule_file", what, "run it by itself to see") from error
    if not (np.isfinite(eta).all() and (eta > 0).all()):
        worst = int(np.argmin(np.where(np.isfinite(eta), eta, -np.inf)))
        what = f"step_size({worst}, ...) is {eta[worst]:g}"
        raise UserError("schedule_file", what, "return a positive number")
    return eta
