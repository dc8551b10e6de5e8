"""What is known of a softmax-linear loss before it is trained, whatever the corpus.

    L(W) = sum_n pi_n [ lse_{v in T_n} (w_v + log m_v) - sum_v p_nv (w_v + log m_v) ]

over samples n of a column each: T_n tokens with copies m, p_n the distribution they are taught.
The tokens of a column fall into components: strongly connected, where v is reached from z if some
sample teaches z and offers v.  W tends to W_fin inside the components, and to the direction W_svm
between them (derived for this project; Thrampoulidis 2024 and Li et al. 2024 for the limits).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

SAME = 1e-9
"""Relative difference below which eigenvalues count as one, and size below which a part is none."""


@dataclass(frozen=True)
class LinearTarget:
    """Targets and constants of one run; matrices as the trained one lies, a column each."""

    component: Int[np.ndarray, "A B"]
    """Number of the component of each entry; entries of different columns have different ones."""
    finite: Float[np.ndarray, "A B"]
    """W_fin: of sum zero over each component."""
    direction: Float[np.ndarray, "A B"]
    """W_svm: equal inside a component, apart by 1 at least along arcs between two."""
    infimum: float
    """L_inf, which a direction only approaches."""
    leak: float
    """Lam: the leak at W_fin + r W_svm is at most Lam e^-r."""
    curvature: float
    """lam: largest eigenvalue of the Hessian at W_fin inside the components."""
    excited: bool
    """Whether W_fin has a part along the eigenvectors of lam: else a symmetry keeps them still."""
    masses: Float[np.ndarray, " B"]
    """Weight of the samples of each column."""
    leaking: float = 0.0
    """eta t at which no leak of gradient descent is large: the largest ||W_svm||^2 of a column over
    the least weight of its samples."""
    slowest: float = math.nan
    """The slowest and the fastest rate, in units of r, of the way to the offset (`offset`)."""
    fastest: float = math.nan
    lag: float = math.nan
    """C of ||P_F W - W_fin|| ~ C / (eta t) under gradient descent; nan: not known."""
    lagging: float = math.nan
    """eta t at which no entry of the finite part is far from where it goes."""
    offset: float = math.nan
    """R^2 of 1 - cos ~ R^2 / (2 ||W||^2), from zero; nan: not determined by the targets."""
    shift: float = math.nan
    """b of ||W|| = ||W_svm|| (log eta t + b) under gradient descent, from zero."""

    @property
    def norm(self) -> float:
        """||W_svm||_F; 0 where nothing grows."""
        return float(np.linalg.norm(self.direction))

    @property
    def finite_norm(self) -> float:
        """||W_fin||_F."""
        return float(np.linalg.norm(self.finite))

    @property
    def smoothness(self) -> float:
        """beta: no Hessian exceeds it, as that of a softmax is at most 1/2."""
        return float(self.masses.max()) / 2

    @property
    def steepness(self) -> float:
        """G: no gradient is longer, as p - q of two distributions is at most sqrt 2."""
        return math.sqrt(2) * float(np.linalg.norm(self.masses))

    @property
    def cyclic(self) -> bool:
        """Whether some component has several entries: a finite part."""
        return bool((np.bincount(self.component.ravel()) > 1).any())

    @property
    def matrix(self) -> Float[np.ndarray, "A B"]:
        """What the direction of W is compared with."""
        return self.direction

    @property
    def coefficients(self) -> Float[np.ndarray, "A B"]:
        """The same: token vectors are orthonormal."""
        return self.direction


Block = tuple[Float[np.ndarray, "K K"], Float[np.ndarray, " K"]]
"""The Hessian of a component at W_fin, and W_fin there."""


def steepest(blocks: Iterable[tuple[float, Callable[[], Block]]]) -> tuple[float, bool]:
    """lam, and whether W_fin has a part along its eigenvectors.

    ``blocks`` come with an upper bound of their eigenvalues, the largest first.
    """
    top, along = 0.0, 0.0
    for bound, make in blocks:
        if bound < top * (1 - SAME):
            break
        hessian, finite = make()
        values, vectors = np.linalg.eigh(hessian)
        if values[-1] < top * (1 - SAME):
            continue
        part = vectors[:, values > values[-1] * (1 - SAME)].T @ finite
        reach = float(np.linalg.norm(part))
        along = reach if values[-1] > top * (1 + SAME) else max(along, reach)
        top = max(top, float(values[-1]))
    return top, along > SAME


@dataclass(frozen=True)
class OfQueries:
    """The target of an attention layer, asked for by its queries."""

    target: LinearTarget

    @property
    def norm(self) -> float:
        return self.target.norm

    def matrix(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """W_svm at these queries, which are all that the target has."""
        assert self.target.direction.shape == (vocab_size, len(queries))
        return self.target.direction

    coefficients = matrix
