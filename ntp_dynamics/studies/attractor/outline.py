"""The phases of a job, before anything is drawn.

Clocks count tau (one step is dt), but for `spectrum` and `pinning`, whose steps are iterations.
"""

from __future__ import annotations

import math

from ntp_dynamics.studies.attractor.config import AttractorConfig, PhaseName, on_torus
from ntp_dynamics.study import Outline

ITERATIONS = (PhaseName.spectrum, PhaseName.pinning)


def outlines(config: AttractorConfig) -> list[Outline]:
    """The phases a job goes through."""
    found = []
    for name in PhaseName:
        if name not in config.phases:
            continue
        part = getattr(config, name)
        stage = str(name) if config.network.dimension == 1 else on_torus(name)
        if name in ITERATIONS:
            found.append(Outline(stage, part.iterations, clock="iteration"))
        else:
            own = {PhaseName.diffusion: config.noise_dt, PhaseName.sweep: config.sweep.dt}
            dt = own.get(name, config.dt)
            horizon = math.ceil(part.duration / dt - 1e-9)
            found.append(Outline(stage, horizon, clock="time", unit=dt, clock_unit="tau"))
    return found
