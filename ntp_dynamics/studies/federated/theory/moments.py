"""Second moments of federated rounds on quadratics, as one linear map a round (derived).

With v = (w, 1) the moments S = E v v^T of a quadratic f = (x.w - y)^2/2 + lam |w|^2/2 obey linear
maps.  A sample's gradient is G_z v, G_z = [A_z, -b_z].  With Ab = [A, -b; 0, 0] a local step
of a client is

    S <- S - eta (Ab S + S Ab^T) + eta^2 E ghat ghat^T = (I - eta L1 + eta^2 L2) S,

its H-th power the moments of its end; with D_i = (I - eta Ab_i)^H - I a round is

    S <- S + (1/N) sum_i (D_i S + S D_i^T) + (1/(MN)) sum_i E delta_i delta_i^T
           + ((M-1)/(MN(N-1))) sum_{i != j} D_i S D_j^T.

S between two copies (w, w') that share clients, batches and directions obeys the same with G_z and
G_z' on its two sides.  Symmetric moments are kept by their upper triangles: on full matrices
antisymmetric rounding grows by factors 1 + eta (l_i - l_j) a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated.theory.estimator import Oracle


@dataclass(frozen=True)
class Quadratics:
    """Clients' least squares, seen from ``origin``: gradients are G_z (w - origin, 1)."""

    x: Float[np.ndarray, "N n d"]
    y: Float[np.ndarray, "N n"]
    lam: float
    origin: Float[np.ndarray, " d"]
    shift: float = 0.0
    """mu/2 for coordinate directions: they add it times the diagonal of A_z to a gradient."""

    @cached_property
    def hessians(self) -> Float[np.ndarray, "N n d d"]:
        """A_z = x x^T + lam I."""
        return self.x[..., :, None] * self.x[..., None, :] + self.lam * np.eye(self.x.shape[-1])

    @cached_property
    def gradients(self) -> Float[np.ndarray, "N n d d+1"]:
        """G_z."""
        at = np.einsum("iznm,m->izn", self.hessians, self.origin) - self.x * self.y[..., None]
        at = at + self.shift * np.diagonal(self.hessians, axis1=-2, axis2=-1)
        return np.concatenate([self.hessians, at[..., None]], axis=-1)

    @property
    def hessian(self) -> Float[np.ndarray, "d d"]:
        """Of F_S."""
        return self.hessians.mean(axis=(0, 1))


def minimiser(x: np.ndarray, y: np.ndarray, lam: float) -> Float[np.ndarray, " d"]:
    """Of the mean of (x.w - y)^2/2 + lam |w|^2/2 over all samples."""
    flat, labels = x.reshape(-1, x.shape[-1]), y.ravel()
    size = len(labels)
    return np.linalg.solve(
        flat.T @ flat / size + lam * np.eye(flat.shape[1]), flat.T @ labels / size
    )


@dataclass(frozen=True)
class Triangle:
    """Symmetric D x D matrices by their upper triangles, and back."""

    size: int

    @cached_property
    def take(self) -> Float[np.ndarray, "p D*D"]:
        rows, columns = np.triu_indices(self.size)
        made = np.zeros((len(rows), self.size**2))
        made[np.arange(len(rows)), rows * self.size + columns] = 1.0
        return made

    @cached_property
    def give(self) -> Float[np.ndarray, "D*D p"]:
        rows, columns = np.triu_indices(self.size)
        made = self.take.T.copy()
        made[columns * self.size + rows, np.arange(len(rows))] = 1.0
        return made

    def map(self, full: Float[np.ndarray, "... D*D D*D"]) -> Float[np.ndarray, "... p p"]:
        """A map of symmetric matrices that keeps them so."""
        return self.take @ full @ self.give


@dataclass(frozen=True)
class LocalStep:
    """I - eta L1 + eta^2 L2 of every client, between copies whose samples have the gradients
    ``left`` and ``right`` (equal for one copy, whose moments are kept by triangles)."""

    oracle: Oracle
    left: Float[np.ndarray, "N n d d+1"]
    right: Float[np.ndarray, "N n d d+1"]

    @property
    def alone(self) -> bool:
        """Whether the moments are of one copy."""
        return self.left is self.right

    @cached_property
    def triangle(self) -> Triangle:
        return Triangle(self.left.shape[-1])

    def fold(self, full: np.ndarray) -> np.ndarray:
        """By triangles, for one copy."""
        return self.triangle.map(full) if self.alone else full

    @cached_property
    def drifts(self) -> tuple[Float[np.ndarray, "N D D"], Float[np.ndarray, "N D D"]]:
        """Ab of either copy."""
        sides = []
        for g in (self.left, self.right):
            mean = g.mean(axis=1)
            sides.append(np.concatenate([mean, np.zeros_like(mean[:, :1])], axis=1))
        return sides[0], sides[1]

    @cached_property
    def power(self) -> Float[np.ndarray, "N d*d D*D"]:
        """M = E over batches of g_B g_B'^T, as a map of S."""
        clients, n, d, size = self.left.shape
        k = self.oracle.mixing(n)
        left, right = self.left.reshape(clients, n, -1), self.right.reshape(clients, n, -1)
        every = np.swapaxes(left, 1, 2) @ right / n
        mean = left.mean(axis=1)[:, :, None] * right.mean(axis=1)[:, None, :]
        both = (k * every + (1 - k) * mean).reshape(clients, d, size, d, size)
        return both.transpose(0, 1, 3, 2, 4).reshape(clients, d * d, size * size)

    @cached_property
    def first(self) -> np.ndarray:
        """L1."""
        eye = np.eye(self.left.shape[-1])
        a, b = self.drifts
        return self.fold(_kron(a, eye[None]) + _kron(eye[None], b))

    @cached_property
    def second(self) -> np.ndarray:
        """L2."""
        clients, _, d, size = self.left.shape
        o = self.oracle
        m = self.power.reshape(clients, d, d, size * size)
        trace = np.einsum("ijjs->is", m)
        moved = o.c * (m + m.transpose(0, 2, 1, 3)) + o.e * m
        moved = moved + o.c * np.eye(d)[None, :, :, None] * trace[:, None, None, :]
        own = o.spread(np.eye(d) * o.noise_power / d / o.batch)
        own = own + o.smoothing_power(self.left[..., :d], self.right[..., :d])
        moved[..., -1] += own
        full = np.zeros((clients, size, size, size * size))
        full[:, :d, :d] = moved
        return self.fold(full.reshape(clients, size * size, size * size))

    def at(self, eta: float) -> np.ndarray:
        """The step of every client."""
        return np.eye(self.first.shape[-1]) - eta * self.first + eta**2 * self.second


def _kron(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of stacks of matrices."""
    p, q = a.shape[-1], b.shape[-1]
    joint = a[:, :, None, :, None] * b[:, None, :, None, :]
    return joint.reshape(-1, a.shape[-2] * b.shape[-2], p * q)


@dataclass(frozen=True)
class Pieces:
    """A round at one step size: what its moments are made of, maps of S all."""

    drift: Float[np.ndarray, "D D"]
    """mean D_i, of the left copy."""
    other: Float[np.ndarray, "D D"]
    """The same of the right copy."""
    own: np.ndarray
    """mean E delta_i delta_i^T."""
    pair: np.ndarray
    """mean over i != j of D_i S D_j^T; 0 for one client."""


def pieces(step: LocalStep, eta: float, local_steps: int) -> Pieces:
    """Of a round at step size ``eta``."""
    eye = np.eye(step.left.shape[-1])
    ends = [np.linalg.matrix_power(eye - eta * a, local_steps) for a in step.drifts]
    moves = [end - eye for end in ends]
    clients = len(ends[0])
    end = np.linalg.matrix_power(step.at(eta), local_steps)
    stays = _kron(ends[0], eye[None]) + _kron(eye[None], ends[1])
    own = end.mean(axis=0) - step.fold(stays.mean(axis=0)) + np.eye(end.shape[-1])
    sums = [move.sum(axis=0) for move in moves]
    pair = np.kron(*sums) - _kron(*moves).sum(axis=0)
    pair = step.fold(pair) / max(clients * (clients - 1), 1)
    return Pieces(sums[0] / clients, sums[1] / clients, own, pair)


def round_map(step: LocalStep, eta: float, local_steps: int, participants: int) -> np.ndarray:
    """S at the end of a round, as a map of S at its start."""
    p = pieces(step, eta, local_steps)
    eye = np.eye(step.left.shape[-1])
    cross = step.fold(np.kron(p.drift, eye) + np.kron(eye, p.other))
    share = 1 / participants
    return np.eye(cross.shape[0]) + cross + share * p.own + (1 - share) * p.pair


def initial(w: Float[np.ndarray, " d"]) -> Float[np.ndarray, "D D"]:
    """S of a point, relative to the origin."""
    v = np.append(w, 1.0)
    return np.outer(v, v)
