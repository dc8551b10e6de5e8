"""Claims about the bump on a torus, square or hexagonal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ntp_dynamics.studies.attractor.claims import stated
from ntp_dynamics.studies.attractor.claims.stated import GAUSSIAN, LONG, Curve, relaxed
from ntp_dynamics.studies.attractor.config import PhaseName, on_torus
from ntp_dynamics.studies.attractor.plane.problem import PlaneProblem
from ntp_dynamics.studies.attractor.theory import spectrum
from ntp_dynamics.studies.attractor.torus import VECTORS, Torus
from ntp_dynamics.verdict.claim import Claim, Precondition

SOURCE = "derived (amplitude as in later papers of the group)"
WIDTH = Precondition("a <= 40", lambda p: p.config.network.a <= 40, "the bump wraps the torus")
HOLDS = Precondition("w > w_c", lambda p: p.config.network.w_over_wc > 1, "no bump exists")
SMALL_NOISE = Precondition(
    "sigma <= .02 U", lambda p: p.config.diffusion.sigma <= 0.02, "the noise is not small"
)


def _fine(network: Callable[[PlaneProblem], Torus]) -> Precondition:
    def check(p: Any) -> bool:
        torus = network(p)
        spacing = float(np.linalg.norm(VECTORS[torus.lattice][0])) / torus.side
        return spacing <= 0.6 * torus.a + 1e-9

    return Precondition("dx <= .6 a", check, "the grid is too coarse")


def _survives(p: Any) -> Curve:
    ratios = np.array(p.config.critical.ratios)
    return np.where(np.abs(ratios - 1) < 0.01, np.nan, ratios > 1)


def _eigenvalues(p: Any) -> Curve:
    """Down to 1/4: what lies below feels the period."""
    curve = spectrum.predicted(p.config.network.w_over_wc, p.config.spectrum.modes, dimension=2)
    return np.where(curve >= 0.25, curve, np.nan)


WHOLE = _fine(lambda p: p.weighted[0])

along = partial(stated.along, version="torus")


def _diffuses(axis: str) -> Claim:
    return stated.mean(
        "can.torus.diffusion",
        "along both axes the bump diffuses at 81 sigma^2/(32 pi rho U^2 tau)",
        "derived",
        on_torus(PhaseName.diffusion),
        f"diffusivity_{axis}",
        lambda p: p.diffusivity,
        GAUSSIAN,
        WIDTH,
        HOLDS,
        SMALL_NOISE,
        _fine(lambda p: p.noisy),
        version=axis,
        t_min=lambda p: p.config.first_increment,
    )


CLAIMS = [
    along(
        "w_over_wc",
        "can.torus.critical",
        "a bump survives if and only if w > w_c = sqrt(32 pi k a^2/rho)",
        SOURCE,
        on_torus(PhaseName.critical),
        "survives",
        _survives,
        lambda p: 1e-9,
        GAUSSIAN,
        WIDTH,
        WHOLE,
        LONG,
    ),
    along(
        "w_over_wc",
        "can.torus.height",
        "the bump is as high as U = w (1 + sqrt(1 - w_c^2/w^2))/(8 pi k a^2)",
        SOURCE,
        on_torus(PhaseName.critical),
        "u_peak",
        lambda p: p.heights(),
        lambda p: 1e-3 * p.heights(),
        GAUSSIAN,
        WIDTH,
        WHOLE,
        LONG,
    ),
    along(
        "mode",
        "can.torus.spectrum",
        "eigenvalues are 2^{1-n} with multiplicity n + 1, and 1 - sqrt(1 - w_c^2/w^2)",
        "derived",
        on_torus(PhaseName.spectrum),
        "eigenvalues",
        _eigenvalues,
        lambda p: 5e-3,
        GAUSSIAN,
        WIDTH,
        HOLDS,
        relaxed("spectrum", 7),
        _fine(lambda p: p.network(p.config.spectrum.neurons, loop=False)),
    ),
    _diffuses("x"),
    _diffuses("y"),
]
