"""Bumps under noisy weights W_ij (1 + eps xi_ij), speed loop off: a matrix a run and eps.

A site is an eps and a start.  Every product is that of one matrix with its own starts, so that the
bits of a run do not depend on the other runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.integrate import runge_kutta
from ntp_dynamics.studies.attractor.kernel import PERIOD, orbit, positions
from ntp_dynamics.studies.attractor.ring import Ring
from ntp_dynamics.studies.attractor.theory import bump, disorder
from ntp_dynamics.study import Logged, Saved


@dataclass(frozen=True)
class Fields:
    """Predicted drift per eps of R draws of xi."""

    ring: Ring
    xi: Float[np.ndarray, "R N N"]

    @cached_property
    def shifts(self) -> Float[np.ndarray, " S"]:
        """Where f is sampled, degrees: it has no modes above N, so 4N + 1 samples are all of it."""
        return np.arange(4 * self.ring.neurons + 1) * (PERIOD / (4 * self.ring.neurons + 1))

    @cached_property
    def samples(self) -> Float[np.ndarray, "R S"]:
        """f at the `shifts`."""
        u = bump.fixed_point(self.ring)
        return np.stack([disorder.field(self.ring, u, one, self.shifts) for one in self.xi])

    def at(self, s: Float[np.ndarray, "R site"]) -> Float[np.ndarray, "R site"]:
        """f(s), s in degrees from the centre of the bump at rest, by its Fourier series."""
        modes = np.arange(self.ring.neurons + 1)
        series = np.fft.rfft(self.samples, axis=1)[:, : len(modes)] / len(self.shifts)
        series = np.where(modes == 0, 1, 2) * series
        waves = np.exp(2j * np.pi / PERIOD * modes[:, None] * s[:, None, :])
        return np.matmul(series[:, None, :], waves)[:, 0].real

    def weights(self, eps: Sequence[float]) -> Float[np.ndarray, "R eps N N"]:
        """W (1 + eps xi)."""
        return bump.carrier(self.ring) * (1 + np.array(eps)[:, None, None] * self.xi[:, None])


@dataclass(frozen=True)
class Drifting:
    """Where all bumps stand."""

    u: Float[np.ndarray, "R site N"]


@dataclass
class Disordered:
    """`study.Dynamics` of bumps in a drift field.

    It logs of each site `drift` (speed, degrees per tau) and `predicted` (the field where the bump
    is), of each eps `field_error` (rms over starts of their difference, over the rms of the
    prediction), and of each draw the field's mean square over theory (`field_power`) and its number
    of zeros (`fixed_points`).
    """

    fields: Fields
    eps: Sequence[float]
    dt: float
    u: Float[np.ndarray, "R eps N start"]
    at: int = 0

    @property
    def measures(self) -> Sequence[str]:
        return ("drift", "predicted", "field_error", "field_power", "fixed_points")

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        runs, sizes, _, starts = self.u.shape
        weights, k = self.fields.weights(self.eps), self.fields.ring.k
        sites = np.empty((2, runs, len(due), sizes, starts))

        def slope(u: np.ndarray, _: float) -> np.ndarray:
            return force(weights, u, k)

        for i, step in enumerate([*due, to]):
            while self.at < step:
                self.u = runge_kutta(slope, self.u, 0.0, self.dt)
                self.at += 1
            if i < len(due):
                place, speed = motion(self.u, slope(self.u, 0.0))
                field = self.fields.at(place.reshape(runs, -1)).reshape(place.shape)
                sites[:, :, i] = speed, np.array(self.eps)[:, None] * field
        error = ((sites[0] - sites[1]) ** 2).mean(-1) / (sites[1] ** 2).mean(-1)
        drift, predicted = sites.reshape(2, runs, len(due), sizes * starts)
        values = {"drift": drift, "predicted": predicted, "field_error": np.sqrt(error)}
        scale = disorder.rms(self.fields.ring.rho)
        samples = self.fields.samples
        power = (samples**2).mean(axis=1) / scale**2
        count = np.array([float(disorder.crossings(f)) for f in samples])
        for name, once in (("field_power", power), ("fixed_points", count)):
            values[name] = np.repeat(once[:, None], len(due), axis=1)
        return Logged(due, values, np.asarray(np.isfinite(drift).all(axis=2)))

    def state(self) -> Drifting:
        """As `Dynamics.state`."""
        runs, sizes, n, starts = self.u.shape
        return Drifting(self.u.transpose(0, 1, 3, 2).reshape(runs, sizes * starts, n))

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {"u": self.u.copy(), "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.u, self.at = saved["u"].copy(), int(saved["at"])


def force(
    weights: Float[np.ndarray, "... N N"], u: Float[np.ndarray, "... N start"], k: float
) -> Float[np.ndarray, "... N start"]:
    """-u + W r(u)."""
    squared = np.maximum(u, 0.0) ** 2
    return weights @ (squared / (1 + k * squared.sum(axis=-2, keepdims=True))) - u


def motion(
    u: Float[np.ndarray, "... N start"], du: Float[np.ndarray, "... N start"]
) -> tuple[Float[np.ndarray, "... start"], Float[np.ndarray, "... start"]]:
    """Decoded position and its derivative, degrees and degrees per tau."""
    phases = np.exp(2j * np.pi * positions(u.shape[-2]) / PERIOD)[None]
    active = np.maximum(u, 0.0)
    z, dz = (np.matmul(phases, x)[..., 0, :] for x in (active**2, 2 * active * du))
    return np.degrees(np.angle(z)), np.degrees((dz / z).imag)


def starts_of(ring: Ring, starts: int) -> Float[np.ndarray, "N start"]:
    """The bump at so many places around the ring."""
    return orbit(bump.fixed_point(ring), np.arange(starts) * (PERIOD / starts))


def site_table(
    eps: Sequence[float], starts: int
) -> tuple[Float[np.ndarray, " site"], Float[np.ndarray, " site"]]:
    """eps and start (degrees) of every site."""
    places = np.arange(starts) * (PERIOD / starts)
    return np.repeat(np.array(eps), starts), np.tile(places, len(eps))
