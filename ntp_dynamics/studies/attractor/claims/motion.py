"""Claims about the bump that speed neurons move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.claims.stated import (
    GAUSSIAN,
    SOURCE,
    Curve,
    along,
    stated,
)
from ntp_dynamics.studies.attractor.config import PathKind, PhaseName
from ntp_dynamics.studies.attractor.problem import AttractorProblem
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law

SLOW_SWEEP = Precondition(
    "v <= .1 g_v", lambda p: min(p.config.sweep.speeds) <= 0.1, "no v this slow"
)
ACCURATE = Precondition(
    "dt <= tau_v/2 and T >= 40",
    lambda p: (
        p.config.sweep.dt <= 0.5 * min(p.config.sweep.tau_v) + 1e-12
        and p.config.sweep.duration >= 40
    ),
    "the integration is too coarse or too short",
)


def _gain(which: str) -> Callable[[AttractorProblem], Curve]:
    return lambda p: p.reference.gains(which)


def _within(share: float, which: str) -> Callable[[AttractorProblem], Curve]:
    return lambda p: share * p.reference.gains(which)


GENTLE = Precondition(
    "max |v| < .8 g_v, slow against tau",
    lambda p: (
        float(np.abs(p.speed_inputs).max()) < 0.8 * p.config.network.g_v
        and (p.config.path.kind is PathKind.file or p.config.path.period >= 60)
    ),
    "the speed input is too large or too quick",
)


def _integrated(p: AttractorProblem) -> Law:
    """0.05 degrees per 90 degrees of the way, each run and time; at least for one such piece."""
    way = np.cumsum(np.abs(np.diff(p.commanded, axis=1, prepend=0.0)), axis=1)
    allowed = 0.05 * np.maximum(way / 90, 1.0)

    def at(t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "R T"]:
        return allowed[:, np.round(t / p.config.dt).astype(int)]

    return Law.value(0.0, absolute=at)


MOTION = [
    along(
        "tau_v",
        "can.gain.naive",
        "ds/dt = 2 w_vs w_sv Delta/w v",
        "reported (paper level, Eq. 22 by a re-implementation)",
        PhaseName.sweep,
        "gain",
        _gain("naive"),
        _within(0.01, "naive"),
        SLOW_SWEEP,
        Precondition("T >= 10", lambda p: p.config.sweep.duration >= 10, "too short to tell"),
        Precondition(
            "tau_v <= .01 tau", lambda p: max(p.config.sweep.tau_v) <= 0.01, "tau_v > .01 tau"
        ),
        Precondition(
            "Delta <= a/4",
            lambda p: p.config.network.delta <= p.config.network.a / 4,
            "Delta > a/4",
        ),
    ),
    along(
        "tau_v",
        "can.gain.gaussian",
        "ds/dt = G v with the G of Gaussian bumps and delayed speed neurons",
        "derived",
        PhaseName.sweep,
        "gain",
        _gain("gaussian"),
        _within(0.01, "gaussian"),
        GAUSSIAN,
        SLOW_SWEEP,
        ACCURATE,
        Precondition(
            "Delta <= 1.2 a",
            lambda p: p.config.network.delta <= 1.2 * p.config.network.a,
            "Delta > 1.2 a",
        ),
    ),
    along(
        "tau_v",
        "can.gain",
        "ds/dt = G v with G = -<r', (W_+ - W_-) w_vs r>/(tau den)",
        "derived, consistent with " + SOURCE.format("Eqs. S15e, S16"),
        PhaseName.sweep,
        "gain",
        _gain("exact"),
        _within(2e-4, "exact"),
        SLOW_SWEEP,
        ACCURATE,
    ),
    along(
        "case",
        "can.wave",
        "the bump travels at the speed c(v) of the exact wave, beyond |v| = g_v too",
        "derived",
        PhaseName.sweep,
        "speed",
        lambda p: p.reference.waves,
        lambda p: 1e-6 * p.reference.waves,
        ACCURATE,
    ),
    stated(
        "can.integration",
        "position = start + int c(v) dt + b (v(t) - v(0)), within .05 degrees per 90",
        "derived",
        PhaseName.path,
        "integration_error",
        _integrated,
        GENTLE,
        tight=True,
    ),
]
