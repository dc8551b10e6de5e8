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
    counted = y != ignore_index
    most = max(1, LARGEST // z.shape[1])
    if len(y) > most or not counted.all():
        kept = torch.nonzero(counted)[:, 0]
        if not len(kept):
            raise NotSoftmax("all its targets are ignored")
        if len(kept) > most:
            kept = kept[torch.linspace(0, len(kept) - 1, most, device=kept.device).long()]
        z, y = z[kept], y[kept]
    low, high = torch.aminmax(y)
    if low < 0 or high >= z.shape[1]:
        raise NotSoftmax("a target is no class")
    return z, y.long()


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
    y = y.to(z.device)[:, None]
    mine = z.gather(1, y)[:, 0]
    others = z.scatter(1, y, -math.inf)
    margins = mine - others.amax(dim=1)
    rest = torch.logsumexp(others, dim=1)
    losses = _log_softplus(rest - mine)  # log of -log p_y, of the log odds
    whole = math.log(len(losses))
    scale = None if weight is None else weight.detach().to(mine)[y[:, 0]].log()
    if scale is not None:
        losses = losses + scale
        whole = float(torch.logsumexp(scale, 0))
    log_sum = float(torch.logsumexp(losses, 0))
    logs = others.scatter(1, y, rest[:, None]) - torch.logaddexp(mine, rest)[:, None]
    logs = logs if scale is None else logs + scale[:, None]
    error, residual = _errors(naive, logs, y)
    lowest = margins.sort().values
    n = len(lowest)
    told = [lowest[0], lowest[(n - 1) // 10], lowest[(n - 1) // 2], (margins > 0).double().mean()]
    names = ("margin_min", "margin_tenth", "margin_median", "accuracy")
    return {
        "log_cross_entropy": log_sum - whole,
        "loss_error": abs(math.expm1(_log(naive_loss) - log_sum)),
        "gradient_error": error,
        "zero_sum_residual": residual,
        **dict(zip(names, torch.stack(told).tolist(), strict=True)),
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
    naive: Float[Tensor, "n V"], logs: Float[Tensor, "n V"], y: Int[Tensor, "n 1"]
) -> tuple[float, float]:
    """Relative error of the gradient by torch, and its zero-sum residual; ``logs`` of the absolute
    values of the exact one, which is negative at the targets."""
    naive = naive.to(logs.device, torch.float64)
    top = float(logs.amax().clamp(min=-700.0))  # both are scaled alike: squares stay in range
    exact = (logs - top).exp()
    exact = exact.scatter(1, y, -exact.gather(1, y))
    off = naive * math.exp(-top) - exact
    norms = [torch.linalg.vector_norm(x) for x in (exact, off, naive, naive.sum(dim=1))]
    size, off, norm, sums = torch.stack(norms).tolist()
    residual = sums / norm if norm != 0 else 1.0
    if size == 0:  # below any float; or no other class is allowed at all
        return 1.0 if logs.isfinite().any() else math.nan, residual
    return off / size, residual


def _log_softplus(x: Tensor) -> Tensor:
    """log log(1 + e^x), right where e^x is nothing beside 1."""
    return torch.where(x < -40, x, torch.logaddexp(x, torch.zeros_like(x)).log())


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf
