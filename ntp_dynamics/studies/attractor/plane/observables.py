"""What a job on a torus measures."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.observable import Observable, Scale
from ntp_dynamics.studies.attractor.config import PhaseName, on_torus
from ntp_dynamics.studies.attractor.observables import DEGREES, described
from ntp_dynamics.studies.attractor.plane.dynamics import PlaneState
from ntp_dynamics.studies.attractor.plane.problem import PlaneProblem
from ntp_dynamics.studies.attractor.plane.relaxation import PlaneRelaxed

CRITICAL, SPECTRUM, PATH, DIFFUSION = (
    (on_torus(phase),)
    for phase in (PhaseName.critical, PhaseName.spectrum, PhaseName.path, PhaseName.diffusion)
)
AXES = ("x", "y")
FRAME = 5
"""Steps between places of a path."""
DECODER = "angles of sum r exp(2 pi i j/n) along the lattice vectors"


def spectrum(state: PlaneRelaxed, problem: PlaneProblem) -> Float[np.ndarray, "R mode"]:
    """Eigenvalues of W dr/du in falling order."""
    return state.spectrum(problem.config.spectrum.modes)


def potential(state: PlaneState, problem: PlaneProblem) -> Float[np.ndarray, "R row column"]:
    """u of every neuron."""
    return state.u[:, 0, 0]


def _framed(step: int) -> bool:
    return step % FRAME == 0


def _diffusivity(axis: str) -> Observable:
    return described(
        f"diffusivity_{axis}",
        DIFFUSION,
        f"mean square displacement along {axis} between marks, over the time between them",
        "degree^2 / tau",
        title=f"diffusivity along {axis}",
        scale=Scale.log_log,
        rank=1 + AXES.index(axis),
    )


OBSERVABLES = [
    described("u_peak", CRITICAL, "largest synaptic input u", dims=("w_over_wc",)),
    described(
        "survives", CRITICAL, "whether a bump is left (1e-3 of U at w_c)", dims=("w_over_wc",)
    ),
    described(
        "residual",
        SPECTRUM,
        "max |K r(u) - u| / max u",
        title="residual of the bump",
        scale=Scale.semi_log,
        rank=1,
    ),
    described(
        "eigenvalues",
        SPECTRUM,
        "eigenvalues of W dr/du at the bump",
        dims=("mode",),
        measure=spectrum,
    ),
    described(
        "position",
        PATH,
        "position of the bump (x, y), unwrapped",
        DEGREES,
        DECODER,
        dims=("axis",),
        schedule=_framed,
    ),
    described(
        "speed_input", PATH, "v (x, y)", source="configuration", dims=("axis",), schedule=_framed
    ),
    described("potential", PATH, "synaptic input u", dims=("row", "column"), measure=potential),
    *(_diffusivity(axis) for axis in AXES),
    described(
        "square_displacement",
        DIFFUSION,
        "mean square displacement from the start, both axes",
        "degree^2",
        title="mean square displacement",
        scale=Scale.log_log,
        rank=3,
    ),
]
