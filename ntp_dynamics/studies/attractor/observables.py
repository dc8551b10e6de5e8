"""What a job measures: units, names and sources; which of it is logged on the way.

The others are functions of a phase's state, (R, ...) each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.observable import Measure, Observable, Scale
from ntp_dynamics.record.over_runs import OverRuns
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.kernel import translated
from ntp_dynamics.studies.attractor.problem import HARMONICS
from ntp_dynamics.studies.attractor.reference import Reference
from ntp_dynamics.studies.attractor.relaxation import Relaxed
from ntp_dynamics.studies.attractor.ring import slope
from ntp_dynamics.studies.attractor.theory import generator
from ntp_dynamics.studies.attractor.travel import State

DERIVED = "derived"
DECODER = "angle of sum r exp(2 pi i x/360)"


def on_the_way(state: Any, reference: Any) -> Any:
    """Raises TypeError: the dynamics itself logs it."""
    raise TypeError("this is measured by the dynamics, not of a state")


def described(
    name: str,
    phases: tuple[str, ...],
    long_name: str,
    units: str = "1",
    source: str = DERIVED,
    measure: Measure = on_the_way,
    scale: Scale = Scale.linear,
    **more: Any,
) -> Observable:
    """An observable of this study, logged on the way unless it is a function of the state."""
    return Observable(name, phases, measure, units, long_name, source, scale=scale, **more)


def equivariance_error(state: State, reference: Reference) -> Float[np.ndarray, " R"]:
    """max |F(T(s) h) - T(s) F(h)| / max |u| for s of a third of the neurons' spacing."""
    ring = reference.ring
    shift = 120.0 / ring.neurons
    h = np.stack([x[:, 0].T for x in (state.u, state.plus, state.minus)])
    moved = np.stack([translated(x, shift) for x in h])
    first = slope(ring, moved, 0.3 * ring.g_v)
    second = np.stack([translated(x, shift) for x in slope(ring, h, 0.3 * ring.g_v)])
    return np.abs(first - second).max(axis=(0, 1)) / np.abs(h[0]).max(axis=0)


def grid_error(state: State, reference: Reference) -> Float[np.ndarray, " R"]:
    """The same for a shift by seven neurons."""
    ring = reference.ring
    h = np.stack([x[:, 0].T for x in (state.u, state.plus, state.minus)])
    first = slope(ring, np.roll(h, 7, axis=1), 0.3 * ring.g_v)
    second = np.roll(slope(ring, h, 0.3 * ring.g_v), 7, axis=1)
    return np.abs(first - second).max(axis=(0, 1)) / np.abs(h[0]).max(axis=0)


def generator_symbol(state: State, reference: Reference) -> Float[np.ndarray, "R harmonic"]:
    """(W_+ - W_-)/(-2 Delta w_sv) over d/dx in the first Fourier modes; nan without speed loop."""
    ring = reference.ring
    blank = np.full(len(HARMONICS), np.nan)
    found = generator.measured_symbol(ring, HARMONICS) if ring.w_sv else blank
    return np.tile(found, (len(state.u), 1))


def alignment(state: State, reference: Reference) -> Float[np.ndarray, " R"]:
    """Cosine between (W_+ - W_-) r(u) and -du/dx; nan without speed loop."""
    ring = reference.ring
    if not ring.w_sv:
        return np.full(len(state.u), np.nan)
    return generator.alignment(ring, np.ascontiguousarray(state.u[:, 0].T))


def shape_distortion(state: State, reference: Reference) -> Float[np.ndarray, " R"]:
    """||T(-s) u - u*|| / ||u*||, s the decoded position."""
    star = reference.u
    found = []
    for u, s in zip(state.u[:, 0], state.position[:, 0], strict=True):
        found.append(np.linalg.norm(translated(u, -s) - star) / np.linalg.norm(star))
    return np.array(found)


def potential(state: State, reference: Reference) -> Float[np.ndarray, "R neuron"]:
    """u of every neuron."""
    return state.u[:, 0]


def tuning(state: State, reference: Reference) -> Float[np.ndarray, "R case sweep_neuron"]:
    """r_+ = [g_v + v]_+ u_+ of every neuron and speed input."""
    return np.maximum(reference.config.network.g_v + state.v, 0.0)[..., None] * state.plus


def spectrum(state: Relaxed, reference: Reference) -> Float[np.ndarray, "R mode"]:
    """Eigenvalues of W dr/du in falling order."""
    return state.spectrum(reference.config.spectrum.modes)[:, 0]


def pinning(state: Relaxed, reference: Reference) -> Float[np.ndarray, "R grid"]:
    """|1 - lambda| of translation on every grid."""
    return state.pinning()


REST, CRITICAL, SWEEP, PATH = (
    (PhaseName.rest,),
    (PhaseName.critical,),
    (PhaseName.sweep,),
    (PhaseName.path,),
)
DIFFUSION, DISORDER = (PhaseName.diffusion,), (PhaseName.disorder,)
CUE = (PhaseName.cue,)
ALONE = (PhaseName.rest, PhaseName.path, PhaseName.cue)
DEGREES, SPEED = "degree", "degree / tau"
FRAME = 10
"""Steps between pictures of the bump on its way."""


def _framed(step: int) -> bool:
    return step % FRAME == 0


OBSERVABLES = [
    described("position", REST, "position of the bump, unwrapped", DEGREES, DECODER),
    described(
        "position",
        (PhaseName.path, PhaseName.cue),
        "position of the bump, unwrapped",
        DEGREES,
        DECODER,
        schedule=_framed,
    ),
    described("drift", REST, "position less where the bump was put", DEGREES, DECODER),
    described("amplitude", REST, "|sum r exp(2 pi i x/360)| / sum r"),
    described("width", REST, "standard deviation of the rates, from their first mode", DEGREES),
    described("u_peak", ALONE, "largest synaptic input u"),
    described(
        "equivariance_error",
        REST,
        "largest difference of F(T(s) h) and T(s) F(h) over max u, s a third of the spacing",
        title="equivariance error",
        measure=equivariance_error,
    ),
    described(
        "grid_error",
        REST,
        "largest difference of F(T(s) h) and T(s) F(h) over max u, s of seven neurons",
        title="equivariance error on the grid",
        measure=grid_error,
    ),
    described(
        "shape_distortion",
        ALONE,
        "||T(-s) u - u*|| / ||u*||",
        measure=shape_distortion,
    ),
    described(
        "generator",
        REST,
        "Fourier symbol of (W_+ - W_-)/(-2 Delta w_sv) over that of d/dx",
        dims=("harmonic",),
        measure=generator_symbol,
    ),
    described("alignment", REST, "cosine between (W_+ - W_-) r and -du/dx", measure=alignment),
    described(
        "potential",
        (PhaseName.path, PhaseName.cue),
        "synaptic input u",
        dims=("neuron",),
        measure=potential,
        schedule=_framed,
    ),
    described("u_peak", CRITICAL, "largest synaptic input u", dims=("w_over_wc",)),
    described(
        "survives", CRITICAL, "whether a bump is left (1e-3 of U at w_c)", dims=("w_over_wc",)
    ),
    described(
        "residual",
        (PhaseName.spectrum, PhaseName.pinning),
        "max |K r(u) - u| / max u",
        title="residual of the bump",
        scale=Scale.semi_log,
        rank=1,
    ),
    described(
        "eigenvalues",
        (PhaseName.spectrum,),
        "eigenvalues of W dr/du at the bump",
        dims=("mode",),
        measure=spectrum,
    ),
    described(
        "pinning_rate",
        (PhaseName.pinning,),
        "|1 - lambda| of translation",
        "1 / tau",
        dims=("grid",),
        measure=pinning,
        scale=Scale.semi_log,
    ),
    described(
        "position", SWEEP, "position of the bump, unwrapped", DEGREES, DECODER, dims=("case",)
    ),
    described("speed", SWEEP, "ds/dt, from du/dt", SPEED, dims=("case",)),
    described("u_peak", SWEEP, "largest synaptic input u", dims=("case",)),
    described("width", SWEEP, "standard deviation of the rates", DEGREES, dims=("case",)),
    described("gain", SWEEP, "ds/dt over v at the least v", dims=("tau_v",)),
    described(
        "tuning",
        SWEEP,
        "r_+ of every neuron and speed input",
        dims=("case", "sweep_neuron"),
        measure=tuning,
    ),
    described("speed", PATH, "ds/dt, from du/dt", SPEED),
    described("speed_input", PATH, "v", source="configuration"),
    described(
        "commanded",
        PATH,
        "start + int c(v) dt + b (v(t) - v(0))",
        DEGREES,
        schedule=_framed,
    ),
    described("integration_error", PATH, "position less what was commanded", DEGREES),
    described(
        "diffusivity",
        DIFFUSION,
        "mean square displacement between marks, over the time between them",
        "degree^2 / tau",
        title="diffusivity",
        scale=Scale.log_log,
        rank=1,
        over_runs=OverRuns.mean,
    ),
    described(
        "square_displacement",
        DIFFUSION,
        "mean square displacement from the start",
        "degree^2",
        title="mean square displacement",
        scale=Scale.log_log,
        rank=2,
        over_runs=OverRuns.mean,
    ),
    described(
        "distance", CUE, "shortest way from the bump to the cue, positive ahead", DEGREES, DECODER
    ),
    described("input", CUE, "how far the cue is on", source="configuration"),
    described("drift", DISORDER, "ds/dt, from du/dt", SPEED, dims=("site",)),
    described("predicted", DISORDER, "eps f(s) where the bump is", SPEED, dims=("site",)),
    described(
        "field_error",
        DISORDER,
        "rms over starts of drift less prediction, over the rms of the prediction",
        title="error of the predicted drift",
        dims=("eps",),
    ),
    described("field_power", DISORDER, "mean square of f over that of theory"),
    described("fixed_points", DISORDER, "zeros of f in a turn"),
]
"""A name may stand once a phase."""
