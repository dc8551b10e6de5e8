"""Claims about noisy input and noisy weights."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.studies.attractor.claims.stated import (
    FREE,
    GAUSSIAN,
    HOLDS,
    Curve,
    along,
    fine,
    mean,
)
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.problem import AttractorProblem
from ntp_dynamics.studies.attractor.theory import disorder
from ntp_dynamics.verdict.claim import Precondition

SMALL_NOISE = Precondition(
    "sigma <= .02 U", lambda p: p.config.diffusion.sigma <= 0.02, "the noise is not small"
)
FIRM = Precondition("w >= 1.1 w_c", lambda p: p.config.network.w_over_wc >= 1.1, "w < 1.1 w_c")


def _small_eps(p: AttractorProblem) -> Curve:
    return np.where(np.array(p.config.disorder.eps) <= 0.02, 0.0, np.nan)


RANDOM = [
    mean(
        "can.diffusion",
        "under input noise the bump diffuses at (sigma^2/tau) <r', r'>/den^2",
        "derived",
        PhaseName.diffusion,
        "diffusivity",
        lambda p: p.reference.diffusivity,
        SMALL_NOISE,
        FIRM,
        t_min=lambda p: p.config.first_increment,
    ),
    along(
        "eps",
        "can.weight_noise.field",
        "noisy weights move the bump at f(s) = -<r'(. - s), dW r(. - s)>/(tau <r', u'>)",
        "derived",
        PhaseName.disorder,
        "field_error",
        _small_eps,
        lambda p: 0.02,
        HOLDS,
        Precondition("T >= 5", lambda p: p.config.disorder.duration >= 5, "too short to tell"),
    ),
    mean(
        "can.weight_noise.rms",
        "over draws f has the mean square (eps/(rho tau))^2 3 sqrt3/(4 pi)",
        "derived",
        PhaseName.disorder,
        "field_power",
        lambda p: 1.0,
        GAUSSIAN,
        FREE,
        HOLDS,
        fine("disorder", 2.0),
    ),
    mean(
        "can.weight_noise.zeros",
        "f has (360/(pi a)) sqrt(5/2) zeros a turn, whatever eps and N",
        "derived",
        PhaseName.disorder,
        "fixed_points",
        lambda p: disorder.zeros(p.config.network.a),
        GAUSSIAN,
        FREE,
        HOLDS,
        fine("disorder", 2.0),
    ),
]
