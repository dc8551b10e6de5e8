"""Relaxation onto the bump, u += (K r(u) - u)/2, speed loop off, and the spectrum there.

A step is an iteration.  Several networks (grids) relax side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.kernel import product
from ntp_dynamics.studies.attractor.ring import Ring
from ntp_dynamics.studies.attractor.theory.bump import carrier
from ntp_dynamics.studies.attractor.theory.spectrum import eigenvalues
from ntp_dynamics.study import Logged, Saved


@dataclass(frozen=True)
class Relaxed:
    """Where every run stands: potentials of each network, (R, N) with an N of its own."""

    rings: Sequence[Ring]
    potentials: Sequence[Float[np.ndarray, "R N"]]

    def of(self, runs: int) -> Relaxed:
        """So many runs that stand alike, of a state of one."""
        return Relaxed(self.rings, [np.repeat(u, runs, axis=0) for u in self.potentials])

    def spectrum(self, modes: int) -> Float[np.ndarray, "R network mode"]:
        """The largest eigenvalues of W dr/du."""
        return np.stack([found[:, :modes] for found in self._eigenvalues()], axis=1)

    def pinning(self) -> Float[np.ndarray, "R network"]:
        """|1 - lambda| of the eigenvalue next to 1: that of translation."""
        nearest = [np.abs(1 - found).min(axis=1) for found in self._eigenvalues()]
        return np.stack(nearest, axis=1)

    def _eigenvalues(self) -> Iterator[Float[np.ndarray, "R N"]]:
        """Of each network; runs that stand alike, as all of one job do, are solved once."""
        for ring, states in zip(self.rings, self.potentials, strict=True):
            kernel, found = carrier(ring), {}
            for u in states:
                if u.tobytes() not in found:
                    found[u.tobytes()] = eigenvalues(kernel, u, ring.k)
            yield np.stack([found[u.tobytes()] for u in states])


@dataclass
class Relaxation:
    """`study.Dynamics` of the iteration; logs its residual, the largest of all networks."""

    rings: Sequence[Ring]
    potentials: list[Float[np.ndarray, "R N"]]
    at: int = 0

    @property
    def measures(self) -> Sequence[str]:
        return ("residual",)

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        runs = len(self.potentials[0])
        residual, kernels = np.zeros((runs, len(due))), [carrier(ring) for ring in self.rings]
        for column, step in enumerate([*due, to]):
            while True:
                changes = [self._changes(i, kernel) for i, kernel in enumerate(kernels)]
                if self.at == step:
                    break
                self.potentials = [
                    u + 0.5 * d for u, d in zip(self.potentials, changes, strict=True)
                ]
                self.at += 1
            if column < len(due):
                sizes = [
                    np.abs(d).max(axis=1) / np.abs(u).max(axis=1)
                    for u, d in zip(self.potentials, changes, strict=True)
                ]
                residual[:, column] = np.max(sizes, axis=0)
        return Logged(due, {"residual": residual}, np.isfinite(residual))

    def _changes(self, i: int, kernel: Float[np.ndarray, "N N"]) -> Float[np.ndarray, "R N"]:
        """K r(u) - u, run by run."""
        out = np.empty_like(self.potentials[i])
        for run, u in enumerate(self.potentials[i]):
            squared = np.maximum(u, 0.0) ** 2
            out[run] = product(kernel, squared / (1 + self.rings[i].k * squared.sum())) - u
        return out

    def state(self) -> Relaxed:
        """As `Dynamics.state`."""
        return Relaxed(self.rings, self.potentials)

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        saved = {f"u{ring.neurons}": u for ring, u in zip(self.rings, self.potentials, strict=True)}
        return {**saved, "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.potentials = [saved[f"u{ring.neurons}"].copy() for ring in self.rings]
        self.at = int(saved["at"])
