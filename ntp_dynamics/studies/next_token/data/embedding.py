"""Token embeddings: the columns of E (D x V).

Everything is trained in token coordinates, where only the Gram matrix G = E^T E matters; for
orthonormal embeddings (Assumption 2 of Huang, Liang, Yang 2024) it is the identity, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class TokenVectors:
    """An embedding matrix and whether its columns are orthonormal by construction."""

    dim: int
    orthonormal: bool
    draw: Callable[[], Float[np.ndarray, "D V"]]
    """Gives the matrix.  A start at zero never asks for one with orthonormal columns."""
    standard: bool = False
    """Whether token v is the v-th basis vector."""

    @cached_property
    def matrix(self) -> Float[np.ndarray, "D V"]:
        return self.draw()

    @cached_property
    def gram(self) -> Float[np.ndarray, "V V"]:
        """E^T E; exactly the identity for orthonormal columns, whatever QR rounds."""
        if self.orthonormal:
            return np.eye(self.matrix.shape[1])
        return self.matrix.T @ self.matrix


def orthonormal(vocab_size: int, dim: int, rng: np.random.Generator) -> TokenVectors:
    """Orthonormal columns, by QR of a gaussian matrix.  Raises ValueError for dim < vocab_size."""
    if dim < vocab_size:
        raise ValueError(f"{vocab_size} orthonormal vectors do not fit in {dim} dimensions")
    q, r = np.linalg.qr(rng.standard_normal((dim, vocab_size)))
    return _drawn(q * np.sign(np.diag(r)), orthonormal=True)  # signs make the draw uniform


def standard(vocab_size: int, dim: int, rng: np.random.Generator) -> TokenVectors:
    """Token v is the v-th basis vector; draws nothing.  Raises ValueError for dim < vocab_size."""
    if dim < vocab_size:
        raise ValueError(f"{vocab_size} basis vectors do not fit in {dim} dimensions")
    return TokenVectors(dim, True, lambda: np.eye(dim, vocab_size), standard=True)


def gaussian(vocab_size: int, dim: int, rng: np.random.Generator) -> TokenVectors:
    """Independent gaussian vectors of unit length, any dimension."""
    matrix = rng.standard_normal((dim, vocab_size))
    return _drawn(matrix / np.linalg.norm(matrix, axis=0), orthonormal=False)


def _drawn(matrix: Float[np.ndarray, "D V"], orthonormal: bool) -> TokenVectors:
    return TokenVectors(len(matrix), orthonormal, lambda: matrix)
