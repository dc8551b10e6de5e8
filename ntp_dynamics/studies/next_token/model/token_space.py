"""A weight matrix seen through the tokens, and numbers with a log-scale.

A layer is trained through X = L^T W R, with L and R matrices whose columns are token vectors:
scores S = E^T W_kq E_Q (attention) or logits M = W_ov E (feed-forward, L the identity).  A gradient
step moves W by L D R^T with D = dLoss/dX, so W = W_0 + L B R^T for coefficients B.  Where the
columns of L and of R are orthonormal,

    X = X_0 + B,   ||W||^2 = ||X||^2 + ||W_0 outside||^2,   ||L D R^T|| = ||D||

exactly, for any W_0: its part outside the span of the token vectors never moves and counts in the
norm.  Other vectors are the matter of `full_matrix`.

A row that stands for m classes of one logit has coefficients that are the sums of theirs: its
column of L has squared length 1 / m, and sqrt(m) X is what W is along it.
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
    outside_norm: Float[Tensor, " R"]
    """Norm of the part of W_0 outside the span of the token vectors."""
    many: Float[Tensor, "A 1"] | None = None
    """How many classes each row stands for; None: one."""

    def to(self, device: torch.device) -> TokenMatrix:
        """The same on another device."""
        return on_device(self, device)

    @property
    def zero(self) -> Float[Tensor, "R A B"]:
        """The coefficients of W_0 itself."""
        return torch.zeros_like(self.start)

    def lift(self, gradient: LogScaled) -> LogScaled:
        """The gradient in the coordinates of the coefficients: D itself."""
        return gradient

    def shrunk(self, kept: Float[Tensor, " R"] | None) -> TokenMatrix:
        """The same with kept W_0 in place of W_0; None is 1."""
        if kept is None:
            return self
        start = self.start * kept[:, None, None]
        return replace(self, start=start, outside_norm=self.outside_norm * kept)

    def value(
        self, coefficients: Float[Tensor, "R A B"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, "R A B"]:
        """X = kept X_0 + L^T L B."""
        seen = coefficients if self.many is None else coefficients / self.many
        return self.shrunk(kept).start + seen

    def norm(
        self, coefficients: Float[Tensor, "R A B"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, " R"]:
        """||W||_F of W = kept W_0 + L B R^T."""
        value = self.value(coefficients, kept)
        inside = value if self.many is None else value * self.many.sqrt()
        return torch.hypot(frobenius(inside), self.shrunk(kept).outside_norm)

    def gradient_norm(self, gradient: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
        """||L D R^T||_F."""
        return frobenius(gradient if self.many is None else gradient / self.many.sqrt())


def on_device(x: Tensors, device: torch.device) -> Tensors:
    """A dataclass with all its tensors on another device."""
    tensors = {name: value for name, value in vars(x).items() if isinstance(value, Tensor)}
    return replace(x, **{name: value.to(device) for name, value in tensors.items()})


def zeros(runs: int, rows: int, columns: int, many: Tensor | None = None) -> TokenMatrix:
    """W_0 = 0: one number, seen at every entry."""
    nothing = torch.zeros(runs, dtype=torch.float64)
    start = torch.zeros((), dtype=torch.float64).expand(runs, rows, columns)
    return TokenMatrix(start, nothing, many)


def is_nothing(start: Float[Tensor, "A B"]) -> bool:
    """Whether a start is that of `zeros`; said without a look at its entries."""
    return not any(start.stride()) and not start[0, 0]


def inner(x: Float[Tensor, "R A B"], y: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Frobenius inner product of each run."""
    return torch.linalg.vecdot(x.flatten(1), y.flatten(1))


def frobenius(x: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Frobenius norm of each run."""
    return torch.linalg.vector_norm(x, dim=(1, 2))
