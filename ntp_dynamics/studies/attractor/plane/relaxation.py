"""Relaxation onto the bump on a torus, u += (K r(u) - u)/2, speed loop off, and its spectrum.

Nothing is drawn: the runs share one field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.theory.spectrum import eigenvalues
from ntp_dynamics.studies.attractor.torus import Torus, rates
from ntp_dynamics.study import Logged, Saved


@dataclass(frozen=True)
class PlaneRelaxed:
    """The field of every run."""

    torus: Torus
    runs: int
    u: Float[np.ndarray, "n n"]

    def spectrum(self, modes: int) -> Float[np.ndarray, "R mode"]:
        """The largest eigenvalues of W dr/du."""
        t = self.torus
        tops = eigenvalues(t.w_r * t.dense(), self.u.ravel(), t.k)[:modes]
        return np.tile(tops, (self.runs, 1))


@dataclass
class PlaneRelaxation:
    """`study.Dynamics` of the iteration; logs its residual."""

    torus: Torus
    runs: int
    u: Float[np.ndarray, "n n"]
    at: int = 0

    @property
    def measures(self) -> Sequence[str]:
        return ("residual",)

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        residual = np.empty(len(due))
        for i, step in enumerate([*due, to]):
            while self.at < step:
                self.u = self.u + 0.5 * self._change()
                self.at += 1
            if i < len(due):
                residual[i] = np.abs(self._change()).max() / np.abs(self.u).max()
        every = np.tile(residual, (self.runs, 1))
        return Logged(due, {"residual": every}, np.isfinite(every))

    def _change(self) -> Float[np.ndarray, "n n"]:
        t = self.torus
        return t.w_r * t.spread(rates(self.u, t.k)) - self.u

    def state(self) -> PlaneRelaxed:
        return PlaneRelaxed(self.torus, self.runs, self.u)

    def save(self) -> Saved:
        return {"u": np.tile(self.u, (self.runs, 1, 1)), "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        self.u, self.at = saved["u"][0].copy(), int(saved["at"])
