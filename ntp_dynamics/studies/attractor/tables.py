"""What theory says of a job, as curves beside its record: group `theory` of the trajectory.

They are what figures and pages draw; claims are judged by laws of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.disordered import Fields
from ntp_dynamics.studies.attractor.kernel import positions
from ntp_dynamics.studies.attractor.theory import bump, pinning, spectrum, wave

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.attractor.problem import AttractorProblem

SOURCE = "derived"
RATIOS = np.concatenate([np.linspace(1, 1.1, 21), np.linspace(1.15, 3, 38)])
"""w/w_c of the two branches."""
SPEEDS = np.linspace(0, 1.6, 33)
"""v/g_v of the waves."""
FINESSE = np.linspace(0.6, 1.7, 45)
"""a/dx of pinning."""


def theory(problem: AttractorProblem) -> xarray.Dataset:
    """Curves of every phase that the job has."""
    import xarray

    found: dict[str, Any] = {}
    for phase, curves in CURVES.items():
        if phase in problem.config.phases:
            found |= curves(problem)
    return xarray.Dataset({name: (dims, x, attrs) for name, (dims, x, attrs) in found.items()})


def _branches(problem: AttractorProblem) -> dict[str, Any]:
    net = problem.config.network
    ring = problem.reference.network(net.neurons, loop=False, w_over_wc=1.0)
    found: dict[str, Any] = {"branch": ("branch", RATIOS, said("w/w_c", source=SOURCE))}
    for name, stable in (("height", True), ("height_unstable", False)):
        heights = [
            bump.height(x * ring.w_r, net.a, net.k, ring.rho, stable=stable)
            for x in np.maximum(RATIOS, 1 + 1e-12)
        ]
        word = "stable" if stable else "unstable"
        found[name] = ("branch", np.array(heights), said(f"U, {word} branch", source=SOURCE))
    return found


def _eigenvalues(problem: AttractorProblem) -> dict[str, Any]:
    config = problem.config
    values = spectrum.predicted(config.network.w_over_wc, config.spectrum.modes)
    height = 1 - bump.root(max(config.network.w_over_wc, 1.0))
    return {
        "eigenvalue": ("order", values, said("eigenvalues of W dr/du", source=SOURCE)),
        "height_eigenvalue": ((), height, said("that of the height mode", source=SOURCE)),
    }


def _waves(problem: AttractorProblem) -> dict[str, Any]:
    reference, g_v = problem.reference, problem.config.network.g_v
    v = SPEEDS * g_v
    speeds = [[0.0, *(w.speed for w in wave.curve(r, v[1:]))] for r in reference.delayed]
    units = "degree / tau"
    found: dict[str, Any] = {
        "wave_v": ("wave_v", v, said("speed input", source="configuration")),
        "wave": (("delay", "wave_v"), np.array(speeds), said("wave c(v)", units, SOURCE)),
        "knee": ((), g_v, said("g_v", source="configuration")),
    }
    for which in ("naive", "gaussian", "exact"):
        words = said(f"ds/dt over v at v -> 0, {which}", units, SOURCE)
        found[f"gain_{which}"] = ("delay", reference.gains(which), words)
    return found


def _diffusion(problem: AttractorProblem) -> dict[str, Any]:
    words = said("Var s/t", "degree^2 / tau", SOURCE)
    return {"diffusivity": ((), problem.reference.diffusivity, words)}


def _field(problem: AttractorProblem) -> dict[str, Any]:
    fields = Fields(problem.reference.disordered, problem.draws)
    centre = positions(fields.ring.neurons)[fields.ring.neurons // 2]
    words = said("drift over eps of each draw", "degree / tau", SOURCE)
    return {
        "angle": ("angle", fields.shifts + centre, said("position of the bump", "degree", SOURCE)),
        "drift_field": (("run", "angle"), fields.samples, words),
    }


def _pinning(problem: AttractorProblem) -> dict[str, Any]:
    a = problem.config.network.a
    rates = np.array([pinning.rate(a, a / x) for x in FINESSE])
    return {
        "finesse": ("finesse", FINESSE, said("a/dx", source=SOURCE)),
        "pinning_rate": ("finesse", rates, said("|1 - lambda| of translation", source=SOURCE)),
    }


CURVES = {
    PhaseName.critical: _branches,
    PhaseName.spectrum: _eigenvalues,
    PhaseName.sweep: _waves,
    PhaseName.diffusion: _diffusion,
    PhaseName.disorder: _field,
    PhaseName.pinning: _pinning,
}
