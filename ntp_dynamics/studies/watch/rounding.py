"""The rounding sentinel: is the gradient that torch computes still the gradient?

Of logits z (n, V) and targets y the mean cross-entropy has the gradient

    g_v = p_v - [v = y],      p = softmax(z)

(up to 1/n).  Automatic differentiation forms p_y - 1 by subtraction: once the others together are
smaller than half a unit in the last place of 1 the difference is 0, and before that it is mostly
rounding.  That is at a margin of about 15 in float32 and 35 in float64 (shared/theory/
next_token.md, 7.5; verdict.md, fact 1).  The same number without a difference is

    g_y = -sum_{v != y} p_v = -exp(logsumexp_{v != y} z_v - logsumexp z)

whose logarithm is right however small it is.  Both are computed of the same logits, the former by
torch in their own precision, the latter in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

LARGEST = 2**22
"""Logits that are looked at; of more, evenly chosen rows."""
FIRES = 1e-2
"""Relative error of the gradient from which on it counts as rounding."""

Rows = tuple[Float[Tensor, "n V"], Int[Tensor, " n"]]
CrossEntropy = Callable[..., Tensor]


class NotSoftmax(ValueError):
    """Logits and targets that are not those of a classifier with one right class each."""


def rows_of(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Rows:
    """Logits (V,), (n, V) or (n, V, ...) and targets as torch's cross-entropy takes them, a row a
    target; ignored ones are left out, and of too many some.

    Raises NotSoftmax.
    """
    if targets.is_floating_point():
        raise NotSoftmax("its targets are probabilities")
    if not logits.is_floating_point() or logits.ndim == 0:
        raise NotSoftmax(f"its logits are {logits.dtype} of shape {tuple(logits.shape)}")
    z = logits.detach()
    z = z[None] if z.ndim == 1 else z.movedim(1, -1)
    if z.shape[:-1] != (targets.shape or (1,)):
        what = f"logits {tuple(logits.shape)} do not go with targets {tuple(targets.shape)}"
        raise NotSoftmax(what)
    z, y = z.reshape(-1, z.shape[-1]), targets.detach().reshape(-1)
    if z.shape[1] < 2:
        raise NotSoftmax("it has a single class")
    kept = torch.nonzero(y != ignore_index)[:, 0]
    most = max(1, LARGEST // z.shape[1])
    if len(kept) > most:
        kept = kept[torch.linspace(0, len(kept) - 1, most, device=kept.device).long()]
    if not len(kept):
        raise NotSoftmax("all its targets are ignored")
    z, y = z[kept], y[kept].long()
    if int(y.min()) < 0 or int(y.max()) >= z.shape[1]:
        raise NotSoftmax("a target is no class")
    return z, y


def sentinel(
    rows: Rows, cross_entropy: CrossEntropy, weight: Tensor | None = None
) -> dict[str, float]:
    """Margins, log-domain loss, and how far torch's own loss and gradient of these rows are off.

    ``cross_entropy`` is torch's; ``weight`` (V,) those of the classes.  What is called has the
    precision of the logits, or what autocast makes of it where this is called.
    """
    z, y = rows
    naive_loss, naive = _by_torch(z, y, cross_entropy, weight)
    z = (z.cpu() if z.device.type == "mps" else z).double()
    y = y.to(z.device)
    right = torch.nn.functional.one_hot(y, z.shape[1]).bool()
    mine = z[right]
    others = z.masked_fill(right, -math.inf)
    margins = mine - others.max(dim=1).values
    rest = torch.logsumexp(others, dim=1)
    odds = mine - rest  # log p_y / (1 - p_y)
    of_row = torch.zeros_like(mine) if weight is None else weight.detach().to(mine)[y].log()
    log_sum = float(torch.logsumexp(_log_softplus(-odds) + of_row, 0))
    error, residual = _errors(naive, others, mine, rest, right, of_row)
    kept = margins.sort().values
    return {
        "log_cross_entropy": log_sum - float(torch.logsumexp(of_row, 0)),
        "loss_error": abs(math.expm1(_log(naive_loss) - log_sum)),
        "gradient_error": error,
        "zero_sum_residual": residual,
        "margin_min": float(kept[0]),
        "margin_tenth": float(kept[(len(kept) - 1) // 10]),
        "margin_median": float(kept[(len(kept) - 1) // 2]),
        "accuracy": float((margins > 0).double().mean()),
    }


def _by_torch(
    z: Float[Tensor, "n V"],
    y: Int[Tensor, " n"],
    cross_entropy: CrossEntropy,
    weight: Tensor | None,
) -> tuple[float, Float[Tensor, "n V"]]:
    """The loss and its gradient, summed over rows, as automatic differentiation has them."""
    weight = None if weight is None else weight.detach()
    with torch.enable_grad():
        z = z.clone().requires_grad_()
        loss = cross_entropy(z, y, weight, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, z)
    return float(loss.detach()), gradient


def _errors(
    naive: Float[Tensor, "n V"],
    others: Float[Tensor, "n V"],
    mine: Float[Tensor, " n"],
    rest: Float[Tensor, " n"],
    right: Tensor,
    of_row: Float[Tensor, " n"],
) -> tuple[float, float]:
    """Relative error of the gradient by torch, and its zero-sum residual."""
    naive = naive.to(mine.device, torch.float64)
    whole = torch.logaddexp(mine, rest)
    logs = torch.where(right, rest[:, None], others) - whole[:, None] + of_row[:, None]
    top = float(logs.max().clamp(min=-700.0))  # both are scaled alike: squares stay in range
    exact = torch.where(right, -1.0, 1.0) * (logs - top).exp()
    size = exact.norm()
    off = naive * math.exp(-top) - exact
    norm = naive.norm()
    residual = float(naive.sum(dim=1).norm() / norm) if norm != 0 else 1.0
    if size == 0:  # below any float; or no other class is allowed at all
        return 1.0 if logs.isfinite().any() else math.nan, residual
    return float(off.norm() / size), residual


def _log_softplus(x: Tensor) -> Tensor:
    """log log(1 + e^x), right where e^x is nothing beside 1."""
    return torch.where(x < -40, x, torch.logaddexp(x, torch.zeros_like(x)).log())


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
