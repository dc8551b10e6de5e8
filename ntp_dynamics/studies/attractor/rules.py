"""What only several fields of a configuration can get wrong together, a line each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ntp_dynamics.studies.attractor import torus
from ntp_dynamics.studies.attractor.config import AttractorConfig, Claims, PathKind, PhaseName
from ntp_dynamics.studies.attractor.kernel import PERIOD
from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.ring import critical_weight
from ntp_dynamics.system.errors import UserError

WIDEST = 60.0
"""Beyond this width a, in degrees, the bump wraps the ring."""
FINEST = 0.85
"""a/dx below which the grid holds the bump."""
LARGE_NOISE = 0.02
"""sigma/U up to which the theory of small noise is judged."""
RUNNING = (PhaseName.rest, PhaseName.sweep, PhaseName.path)
"""Phases that move with the network's own speed loop."""
PLANE = (PhaseName.critical, PhaseName.spectrum, PhaseName.path, PhaseName.diffusion)
"""Phases of a torus."""


def mistakes(config: AttractorConfig) -> list[UserError]:
    """Everything that forbids the job."""
    return [*_network(config), *_plane(config), *_grids(config), *_steps(config), *_path(config)]


def warnings(config: AttractorConfig) -> list[str]:
    """What a reader of the verdicts should know."""
    sigma = config.diffusion.sigma
    if PhaseName.diffusion in config.phases and sigma > LARGE_NOISE:
        return [f"noise: {sigma:g} U; small-noise claims inapplicable"]
    return []


def _network(config: AttractorConfig) -> Iterator[UserError]:
    net = config.network
    if net.w_over_wc <= 1 and set(config.phases) != {PhaseName.critical}:
        remedy = "no bump exists (use 1.02 or more, or experiment=attractor/critical)"
        yield UserError("w_over_wc", f"{net.w_over_wc:g} <= 1", remedy)
    if net.a > WIDEST and config.claims is Claims.gaussian:
        remedy = "the bump wraps the ring, Gaussian claims do not apply (set claims=numeric)"
        yield UserError("width a", f"{net.a:g} > {WIDEST:g}", remedy)
    if net.lattice is Lattice.hexagonal and net.dimension == 1:
        yield UserError("lattice", "hexagonal is of a torus", "lattice=hexagonal needs dimension=2")
    rho = net.neurons / PERIOD
    w = net.w_over_wc * critical_weight(net.a, net.k, rho)
    if net.dimension == 2:
        rho = torus.Torus(net.neurons, 0.0, lattice=net.lattice).rho
        w = net.w_over_wc * torus.critical_weight(net.a, net.k, rho)
    # Without the factor exp(-Delta^2/8a^2): what the loop can carry at most.
    loop = net.dimension * net.g_v * net.gain * w / net.delta
    if loop * math.exp(-(net.delta**2) / (8 * net.a**2)) > w:
        what = f"speed loop {2 * net.dimension} g_v w_sv w_vs = {loop:.3g} > w_tot {w:.3g}"
        yield UserError("gain", f"{what} makes w_r negative", "lower gain or g_v")


def _plane(config: AttractorConfig) -> Iterator[UserError]:
    if config.network.dimension == 1:
        return
    flat = [str(name) for name in config.phases if name not in PLANE]
    if flat:
        remedy = f"choose among {', '.join(PLANE)}"
        yield UserError("phases", f"{', '.join(flat)} are of a ring", remedy)
    sides = {"neurons": config.network.neurons, "diffusion.neurons": config.diffusion.neurons}
    sides["spectrum.neurons"] = config.spectrum.neurons
    for where, most in (("neurons", 128), ("diffusion.neurons", 64), ("spectrum.neurons", 32)):
        side = sides[where]
        phase = where.partition(".")[0]
        if side > most and (phase == "neurons" or phase in config.phases):
            yield UserError(where, f"{side} a side make {side**2:,}", f"use {most} or fewer")


def _grids(config: AttractorConfig) -> Iterator[UserError]:
    a = config.network.a
    grids = [("neurons", config.network.neurons, set(RUNNING) | {PhaseName.critical})]
    own = (PhaseName.spectrum, PhaseName.sweep, PhaseName.diffusion, PhaseName.disorder)
    grids += [(f"{phase}.neurons", getattr(config, phase).neurons, {phase}) for phase in own]
    for where, neurons, phases in grids:
        ratio = a * neurons / PERIOD
        if ratio < FINEST and phases & set(config.phases):
            least = math.ceil(1.3 * PERIOD / a)
            what = f"{neurons}; a/dx = {ratio:.2f} < {FINEST:g}, the bump is pinned"
            yield UserError(where, what, f"use >= {least}")


def _steps(config: AttractorConfig) -> Iterator[UserError]:
    tau_v, sweep = config.network.tau_v, config.sweep
    steps = [("dt", config.dt, tau_v, {PhaseName.rest, PhaseName.path})]
    steps.append(("sweep.dt", sweep.dt, min(sweep.tau_v), {PhaseName.sweep}))
    steps.append(("noise_dt", config.noise_dt, tau_v, {PhaseName.diffusion}))
    steps.append(("dt", config.dt, 1.0, {PhaseName.critical, PhaseName.disorder}))
    for where, dt, fastest, phases in steps:
        if dt > 2.5 * fastest and phases & set(config.phases):
            limit = f"2.5 tau_v = {2.5 * fastest:g}" if fastest != 1.0 else "2.5 tau"
            yield UserError(where, f"{dt:g} > {limit}", "RK4 unstable; use a smaller step")
    net = config.network
    fastest_v = max([*config.sweep.speeds, config.path.amplitude]) * net.g_v
    step = fastest_v * net.gain * max(config.dt, config.sweep.dt)
    if set(RUNNING) & set(config.phases) and step > PERIOD / 2:
        what = f"|v| sample step {step:.0f} deg > 180"
        yield UserError("speed", what, "the decoder cannot unwrap (use a smaller dt)")


def _path(config: AttractorConfig) -> Iterator[UserError]:
    path = config.path
    if PhaseName.path in config.phases and (path.kind is PathKind.file) != bool(path.file):
        if path.file:
            yield UserError("path.file", f"kind={path.kind} reads no file", "use path.kind=file")
        else:
            yield UserError("path.file", "kind=file needs one", "name a csv with columns t and v")
