"""Claims about what is evaluated and not run."""

from __future__ import annotations

from ntp_dynamics.studies.federated import evaluated, law
from ntp_dynamics.studies.federated.claims.stated import ESTIMATES, SMALL, Known, along
from ntp_dynamics.studies.federated.config import PhaseName
from ntp_dynamics.verdict.law import Law

SONG = "derived (contains Song et al. 2026, Theorem 1)"


def _smoothing(k: Known) -> Law:
    value, share, rounding = law.smoothing_floor(k.problem)
    return Law.value(value, share, absolute=rounding)


COMPUTED = [
    along(
        "b2_limit",
        "fz.limit",
        "the mean square is bounded iff eta < eta_ms: sum c' eta l_j/(2 - a' eta l_j) = 1",
        PhaseName.limit,
        "ms_limit",
        lambda k: Law.value(evaluated.limit_formula(k.problem), 1e-9),
        SMALL,
        source=SONG,
    ),
    along(
        "theta",
        "fz.subweibull",
        "the floor that noise adds is proportional to Gamma(2 theta + 1)",
        PhaseName.tails,
        "noise_floor",
        lambda k: Law.value(1.0, 1e-8),
        SMALL,
    ),
    along(
        "mu",
        "fz.smoothing",
        "floor(mu) - floor(0) = mu^2 times the floor of E uu^T (u^T A u)^2/4",
        PhaseName.bias,
        "floor_of_smoothing",
        _smoothing,
        SMALL,
        ESTIMATES,
    ),
    along(
        "tau",
        "fz.delay",
        "with a fixed lag tau the mean is stable iff eta l_max < 2 sin(pi/(2 (2 tau + 1)))",
        PhaseName.delay,
        "delay_limit",
        lambda k: Law.value(law.delay_formula(k.problem), 1e-9),
    ),
]
