"""A weight matrix seen through the tokens, and numbers with a log-scale.

A layer is trained through X = L^T W R, with L and R matrices whose columns are token vectors:
scores S = E^T W_kq E_Q (attention) or logits M = W_ov E (feed-forward, L the identity).  A gradient
step moves W by L D R^T with D = dLoss/dX, so W = W_0 + L B R^T for coefficients B, and

    X      = X_0 + G_L B G_R,                    G_L = L^T L, G_R = R^T R
    ||W||^2 = ||W_0||^2 + 2 <B, X_0> + <B, G_L B G_R>
    ||L D R^T||^2 = <D, G_L D G_R>

exactly, for any W_0 and any token vectors.  Orthonormal vectors need no Gram matrix at all.  The
part of W_0 outside the span of the token vectors never moves and counts in the norm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

Tensors = TypeVar("Tensors", bound=Any)


@dataclass(frozen=True)
class LogScaled:
    """value * exp(log_scale), a scale for each run; the value's largest terms are of order one."""

    value: Float[Tensor, "R A B"]
    log_scale: Float[Tensor, " R"]


@dataclass(frozen=True)
class TokenMatrix:
    """A trained matrix W = W_0 + L B R^T of each run, in token coordinates."""

    start: Float[Tensor, "R A B"]
    """X_0 = L^T W_0 R."""
    start_norm: Float[Tensor, " R"]
    """||W_0||_F of the whole matrix."""
    outside_norm: Float[Tensor, " R"]
    """Norm of the part of W_0 outside the span of the token vectors."""
    left_gram: Float[Tensor, "R A A"] | None = None
    right_gram: Float[Tensor, "R B B"] | None = None
    """None stands for orthonormal columns."""

    def to(self, device: torch.device) -> TokenMatrix:
        """The same on another device."""
        return on_device(self, device)

    @property
    def orthonormal(self) -> bool:
        return self.left_gram is None and self.right_gram is None

    @property
    def zero(self) -> Float[Tensor, "R A B"]:
        """The coefficients of W_0 itself."""
        return torch.zeros_like(self.start)

    def lift(self, gradient: LogScaled) -> LogScaled:
        """The gradient in the coordinates of the coefficients: D itself."""
        return gradient

    def through_gram(self, x: Float[Tensor, "R A B"]) -> Float[Tensor, "R A B"]:
        """G_L x G_R."""
        if self.left_gram is not None:
            x = torch.bmm(self.left_gram, x)
        if self.right_gram is not None:
            x = torch.bmm(x, self.right_gram)
        return x

    def shrunk(self, kept: Float[Tensor, " R"] | None) -> TokenMatrix:
        """The same with kept W_0 in place of W_0; None is 1."""
        if kept is None:
            return self
        start = self.start * kept[:, None, None]
        norms = self.start_norm * kept, self.outside_norm * kept
        return replace(self, start=start, start_norm=norms[0], outside_norm=norms[1])

    def value(
        self, coefficients: Float[Tensor, "R A B"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, "R A B"]:
        """X = kept X_0 + G_L B G_R."""
        return self.shrunk(kept).start + self.through_gram(coefficients)

    def norm(
        self, coefficients: Float[Tensor, "R A B"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, " R"]:
        """||W||_F of W = kept W_0 + L B R^T."""
        left = self.shrunk(kept)
        if self.orthonormal:  # a sum of squares, no cancellation
            return torch.hypot(frobenius(left.start + coefficients), left.outside_norm)
        moved = self.through_gram(coefficients)
        square = left.start_norm**2 + inner(coefficients, 2 * left.start + moved)
        return square.clamp_min(0.0).sqrt()

    def gradient_norm(self, gradient: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
        """||L D R^T||_F."""
        if self.orthonormal:
            return frobenius(gradient)
        return inner(gradient, self.through_gram(gradient)).clamp_min(0.0).sqrt()


def on_device(x: Tensors, device: torch.device) -> Tensors:
    """A dataclass with all its tensors on another device."""
    tensors = {name: value for name, value in vars(x).items() if isinstance(value, Tensor)}
    return replace(x, **{name: value.to(device) for name, value in tensors.items()})


def zeros(runs: int, rows: int, columns: int, **grams: Tensor | None) -> TokenMatrix:
    """W_0 = 0: one number, seen at every entry."""
    nothing = torch.zeros(runs, dtype=torch.float64)
    start = torch.zeros((), dtype=torch.float64).expand(runs, rows, columns)
    return TokenMatrix(start, nothing, nothing, **grams)


def is_nothing(start: Float[Tensor, "A B"]) -> bool:
    """Whether a start is that of `zeros`; said without a look at its entries."""
    return not any(start.stride()) and not start[0, 0]


def inner(x: Float[Tensor, "R A B"], y: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Frobenius inner product of each run."""
    return torch.linalg.vecdot(x.flatten(1), y.flatten(1))


def frobenius(x: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Frobenius norm of each run."""
    return torch.linalg.vector_norm(x, dim=(1, 2))
