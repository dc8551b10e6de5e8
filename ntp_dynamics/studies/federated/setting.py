"""One task on one draw of data: its samples, its minimiser, and what is measured of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated.tasks import Loss, fall, minimiser
from ntp_dynamics.studies.federated.theory.moments import Quadratics

Points = Float[np.ndarray, "R d"]
OfRuns = Float[np.ndarray, " R"]


@dataclass(frozen=True)
class Setting:
    """F_S(w) = the mean over all samples of loss(x.w, y) + lam |w|^2/2."""

    loss: Loss
    lam: float
    x: Float[np.ndarray, "N n d"]
    y: Float[np.ndarray, "N n"]
    test_x: Float[np.ndarray, "m d"]
    test_y: Float[np.ndarray, " m"]

    @cached_property
    def pooled(self) -> tuple[Float[np.ndarray, "m d"], Float[np.ndarray, " m"]]:
        """All samples."""
        return self.x.reshape(-1, self.x.shape[-1]), self.y.ravel()

    @cached_property
    def minimiser(self) -> Float[np.ndarray, " d"] | None:
        """w*, if there is one."""
        return minimiser(self.loss, *self.pooled, self.lam)

    @cached_property
    def hessian(self) -> Float[np.ndarray, "d d"]:
        """Of F_S at w*, or the ridge's where there is no w*."""
        x, y = self.pooled
        ridge = self.lam * np.eye(x.shape[1])
        if self.minimiser is None:
            return ridge
        return (x.T * self.loss.curvature(x @ self.minimiser, y)) @ x / len(y) + ridge

    @cached_property
    def eigenvalues(self) -> Float[np.ndarray, " d"]:
        """Of the Hessian at w*, rising."""
        return np.linalg.eigvalsh(self.hessian)

    @cached_property
    def noise(self) -> Float[np.ndarray, "N n d"]:
        """Gradients of every sample at w*."""
        assert self.minimiser is not None
        m = self.x @ self.minimiser
        return self.loss.slope(m, self.y)[..., None] * self.x + self.lam * self.minimiser

    def quadratics(self, shift: float = 0.0) -> Quadratics:
        """The same as least squares, seen from w* (task quadratic)."""
        assert self.minimiser is not None
        return Quadratics(self.x, self.y, self.lam, self.minimiser, shift)

    def excess(self, w: Points) -> OfRuns:
        """F_S(w) - F*, without cancellation; nan where there is no w*."""
        if self.minimiser is None:
            return np.full(len(w), np.nan)
        step = w - self.minimiser
        if self.loss.name == "quadratic":
            return np.einsum("ri,ij,rj->r", step, self.hessian, step) / 2
        return np.maximum(fall(self.loss, *self.pooled, self.lam, self.minimiser, step), 0.0)

    def gradient(self, w: Points) -> Points:
        """Of F_S."""
        x, y = self.pooled
        return self.loss.slope(w @ x.T, y) @ x / len(y) + self.lam * w

    def values(self, w: Points, x: Points, y: Float[np.ndarray, " m"]) -> OfRuns:
        """The mean of f over samples."""
        ridge = self.lam / 2 * (w**2).sum(axis=1)
        labels = np.broadcast_to(y, (len(w), len(y)))
        return self.loss.values(w @ x.T, labels).mean(axis=1) + ridge

    def test_loss(self, w: Points) -> OfRuns:
        """On fresh samples of the same clients."""
        return self.values(w, self.test_x, self.test_y)

    def train_loss(self, w: Points) -> OfRuns:
        """F_S."""
        return self.values(w, *self.pooled)
