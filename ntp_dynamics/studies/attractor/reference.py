"""What theory says of the job's networks, solved once before the first step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from ntp_dynamics.studies.attractor.config import AttractorConfig
from ntp_dynamics.studies.attractor.kernel import PERIOD, translated
from ntp_dynamics.studies.attractor.ring import Ring, position, tuned
from ntp_dynamics.studies.attractor.theory import bump, diffusion, gain, null_vector, wave

FASTEST = 1.6
"""Of g_v, up to which c(v) is known."""


@dataclass(frozen=True)
class Reference:
    """Networks of the phases, their bumps and waves, for observables and claims."""

    config: AttractorConfig

    def network(self, neurons: int, *, loop: bool, w_over_wc: float | None = None) -> Ring:
        """The configured network with another number of neurons, its speed loop on or off."""
        n = self.config.network
        ratio = n.w_over_wc if w_over_wc is None else w_over_wc
        shape = {"a": n.a, "k": n.k, "delta": n.delta, "g_v": n.g_v, "w_vs": n.w_vs}
        return tuned(neurons, ratio, n.gain if loop else 0.0, tau_v=n.tau_v, **shape)

    @cached_property
    def ring(self) -> Ring:
        """The configured network."""
        return self.network(self.config.network.neurons, loop=True)

    @cached_property
    def u(self) -> Float[np.ndarray, " N"]:
        """Its bump at rest."""
        return bump.fixed_point(self.ring)

    @cached_property
    def rest(self) -> Float[np.ndarray, "3 N"]:
        """Bump and speed neurons at rest."""
        return null_vector.rest(self.ring, self.u)

    # --- critical: one network a ratio --------------------------------------------------------

    @cached_property
    def ratios(self) -> Float[np.ndarray, " W"]:
        """w/w_c."""
        return np.array(self.config.critical.ratios)

    @cached_property
    def weighted(self) -> list[Ring]:
        """The networks of the ratios, speed loop off."""
        n = self.config.network.neurons
        return [self.network(n, loop=False, w_over_wc=float(x)) for x in self.ratios]

    def heights(self, *, stable: bool = True) -> Float[np.ndarray, " W"]:
        """U of each ratio, nan below the threshold."""
        rings = self.weighted
        return np.array([bump.height(r.w_r, r.a, r.k, r.rho, stable=stable) for r in rings])

    # --- sweep: constant speed inputs ---------------------------------------------------------

    @cached_property
    def cases(self) -> Float[np.ndarray, "case 2"]:
        """v and tau_v of every case, v changing fastest."""
        sweep, g_v = self.config.sweep, self.config.network.g_v
        return np.array([(x * g_v, tau_v) for tau_v in sweep.tau_v for x in sorted(sweep.speeds)])

    @cached_property
    def delayed(self) -> list[Ring]:
        """The network at each tau_v."""
        ring = self.network(self.config.sweep.neurons, loop=True)
        return [replace(ring, tau_v=x) for x in self.config.sweep.tau_v]

    @cached_property
    def waves(self) -> Float[np.ndarray, " case"]:
        """c of every case."""
        speeds = np.array(sorted(self.config.sweep.speeds)) * self.ring.g_v
        return np.array([w.speed for ring in self.delayed for w in wave.curve(ring, speeds)])

    def gains(self, which: str) -> Float[np.ndarray, " tau_v"]:
        """ds/dt over v at each tau_v: `naive`, `gaussian` or `exact`."""
        if which == "exact":
            u = bump.fixed_point(self.delayed[0])
            return np.array([gain.linear_response(ring, u) for ring in self.delayed])
        law = {"naive": gain.naive, "gaussian": gain.gaussian}[which]
        return np.array([law(ring) for ring in self.delayed])

    # --- path ---------------------------------------------------------------------------------

    @cached_property
    def _wave_speeds(self) -> list[CubicSpline]:
        """c(v)/v of v^2 below the knee |v| = g_v, and c(v) above it."""
        g_v = self.ring.g_v
        below, above = np.linspace(0.05, 1, 20) * g_v, np.linspace(1, FASTEST, 13)[1:] * g_v
        c = np.array([w.speed for w in wave.curve(self.ring, np.concatenate([below, above]))])
        gains = np.append(gain.linear_response(self.ring, self.u), c[:20] / below)
        slow = CubicSpline(np.append(0.0, below) ** 2, gains)
        return [slow, CubicSpline(np.append(g_v, above), c[19:])]

    def wave_speed(self, v: Float[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
        """c(v), interpolated; nan beyond 1.6 g_v."""
        slow, fast = self._wave_speeds
        size, g_v = np.abs(v), self.ring.g_v
        quick = np.sign(v) * fast(np.maximum(size, g_v))
        c = np.where(size <= g_v, v * slow(np.minimum(size, g_v) ** 2), quick)
        return np.where(size <= FASTEST * g_v, c, np.nan)

    def travelling(self, v: float) -> Float[np.ndarray, "3 N"]:
        """The wave at a speed input, decoded at the place of the bump at rest; that at v = 0."""
        if v == 0:
            return self.rest
        ramp = np.linspace(0, v, 2 + int(abs(v) / (0.25 * self.ring.g_v)))[1:]
        profile = wave.curve(self.ring, ramp)[-1].profile
        ahead = position(self.ring, profile[0]) - position(self.ring, self.u)
        return translated(profile.T, -float(ahead)).T

    @cached_property
    def lead(self) -> float:
        """b: degrees by which the decoder leads, per unit of v."""
        (slow,) = wave.curve(self.ring, np.array([1e-3 * self.ring.g_v]))
        return wave.decoder_lead(self.ring, slow)

    # --- diffusion, disorder ------------------------------------------------------------------

    @cached_property
    def noisy(self) -> Ring:
        """The network of the phase with input noise."""
        return self.network(self.config.diffusion.neurons, loop=True)

    @cached_property
    def noise(self) -> float:
        """sigma in units of u."""
        return self.config.diffusion.sigma * float(bump.fixed_point(self.noisy).max())

    @cached_property
    def diffusivity(self) -> float:
        """Var s/t."""
        return diffusion.by_input(self.noisy, bump.fixed_point(self.noisy), self.noise)

    @cached_property
    def disordered(self) -> Ring:
        """The network whose weights are noisy."""
        return self.network(self.config.disorder.neurons, loop=False)

    # --- pinning ------------------------------------------------------------------------------

    @cached_property
    def coarse(self) -> list[Ring]:
        """The grids that hold the bump, speed loop off."""
        return [self.network(n, loop=False) for n in self.config.pinning.neurons]

    @property
    def finesse(self) -> Float[np.ndarray, " grid"]:
        """a/dx of each of them."""
        return self.config.network.a * np.array(self.config.pinning.neurons) / PERIOD
