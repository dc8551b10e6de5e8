"""A weight matrix held whole, where its entries are not what the tokens see.

Adam and sign descent act on the entries of W, so their steps depend on the basis; and token
vectors that are not orthonormal see mixtures of its entries.  Here W = W_0 + C with C of the full
shape, the gradient is lifted to L D R^T, and the tokens see X = X_0 + L^T C R.  For rules that do
not depend on the basis W is written in one of the span of the token vectors, which is all that ever
moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.token_space import LogScaled, frobenius, on_device


@dataclass(frozen=True)
class FullMatrix:
    """A trained matrix W = W_0 + C of each run, with the token vectors that see it."""

    start: Float[Tensor, "R A B"]
    """X_0 = L^T W_0 R."""
    weight: Float[Tensor, "R D E"]
    """W_0, in the basis that `left` and `right` are in."""
    left: Float[Tensor, "R D A"]
    right: Float[Tensor, "R E B"]
    outside_norm: Float[Tensor, " R"]
    """Norm of the part of W_0 outside that basis."""

    def to(self, device: torch.device) -> FullMatrix:
        """The same on another device."""
        return on_device(self, device)

    @property
    def zero(self) -> Float[Tensor, "R D E"]:
        """The coefficients C of W_0 itself."""
        return torch.zeros_like(self.weight)

    def lift(self, gradient: LogScaled) -> LogScaled:
        """dLoss/dW = L D R^T."""
        lifted = product(self.left, gradient.value, self.right.mT)
        return LogScaled(lifted, gradient.log_scale)

    def shrunk(self, kept: Float[Tensor, " R"] | None) -> FullMatrix:
        """The same with kept W_0 in place of W_0; None is 1."""
        if kept is None:
            return self
        start, weight = (x * kept[:, None, None] for x in (self.start, self.weight))
        return replace(self, start=start, weight=weight, outside_norm=self.outside_norm * kept)

    def value(
        self, coefficients: Float[Tensor, "R D E"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, "R A B"]:
        """X = kept X_0 + L^T C R."""
        return self.shrunk(kept).start + product(self.left.mT, coefficients, self.right)

    def norm(
        self, coefficients: Float[Tensor, "R D E"], kept: Float[Tensor, " R"] | None = None
    ) -> Float[Tensor, " R"]:
        """||W||_F of W = kept W_0 + C."""
        left = self.shrunk(kept)
        return torch.hypot(frobenius(left.weight + coefficients), left.outside_norm)

    def gradient_norm(self, gradient: Float[Tensor, "R D E"]) -> Float[Tensor, " R"]:
        """||dLoss/dW||_F of a lifted gradient."""
        return frobenius(gradient)


def product(
    a: Float[Tensor, "R A B"], b: Float[Tensor, "R B C"], c: Float[Tensor, "R C D"]
) -> Float[Tensor, "R A D"]:
    """a b c of each run.  On a CPU one at a time: what a batched product rounds depends on how many
    runs there are."""
    if a.device.type != "cpu":
        return a @ b @ c
    return torch.stack([x @ y @ z for x, y, z in zip(a, b, c, strict=True)])
