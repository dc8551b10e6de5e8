"""The rounding sentinel: is the gradient that torch computes still the gradient?

Of logits z (n, V) and targets y the mean cross-entropy has the gradient

    g_v = p_v - [v = y],      p = softmax(z)

(up to 1/n).  Automatic differentiation forms p_y - 1 by subtraction: once the others together are
smaller than half a unit in the last place of 1 the difference is 0, and before that it is mostly
rounding: it is safe up to a margin of about 15 in float32 and 35 in float64 (docs/watch.md).  The
same number without a difference is

    g_y = -sum_{v != y} p_v = -exp(logsumexp_{v != y} z_v - logsumexp z)

whose logarithm is right however small it is.  Both are computed of the same logits, the former by
torch in their own precision, the latter in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
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
    z, y = logits.detach(), targets.detach()
    if z.ndim != 2:
        z = z[None] if z.ndim == 1 else z.movedim(1, -1)
    if z.shape[:-1] != (y.shape or (1,)):
        what = f"logits {tuple(logits.shape)} do not go with targets {tuple(targets.shape)}"
        raise NotSoftmax(what)
    z, y = z.reshape(-1, z.shape[-1]), y.reshape(-1)
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
    low, high = y.aminmax()
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
    naive_loss, naive = _by_torch(*rows, cross_entropy, weight)
    z, g = (x.to("cpu", torch.float64).numpy() for x in (rows[0], naive))
    y = rows[1].cpu().numpy()
    scale = np.ones(len(y)) if weight is None else weight.detach().cpu().double().numpy()[y]
    with np.errstate(all="ignore"):
        return _measured(z, y, np.log(scale), naive_loss, g)


def _measured(
    z: Float[np.ndarray, "n V"],
    y: Int[np.ndarray, " n"],
    scale: Float[np.ndarray, " n"],
    naive_loss: float,
    naive: Float[np.ndarray, "n V"],
) -> dict[str, float]:
    """``scale``: the log of the weight of each row.  For few rows numpy is quicker than torch."""
    place = np.arange(len(y)), y
    mine, others = z[place], z.copy()
    others[place] = -np.inf
    best = others.max(axis=1)
    rest = best + np.log(np.exp(others - best[:, None]).sum(axis=1))  # log sum of the others
    rest[best == -np.inf] = -np.inf
    losses = _log_softplus(rest - mine) + scale
    log_sum = np.logaddexp.reduce(losses)
    logs = others  # of the absolute values of the exact gradient
    logs[place] = rest
    logs -= (np.logaddexp(mine, rest) - scale)[:, None]
    top = np.maximum(logs.max(), -700.0)  # both are scaled alike: squares stay in range
    exact = np.exp(logs - top)
    exact[place] *= -1.0
    size, norm = np.linalg.norm(exact), np.linalg.norm(naive)
    if size == 0:  # below any float; or no other class is allowed at all
        error = 1.0 if np.isfinite(logs).any() else math.nan
    else:
        error = np.linalg.norm(naive * np.exp(-top) - exact) / size
    lowest = np.sort(mine - best)
    n = len(lowest)
    return {
        "log_cross_entropy": float(log_sum - np.logaddexp.reduce(scale)),
        "loss_error": float(abs(np.expm1(np.log(naive_loss) - log_sum))),
        "gradient_error": float(error),
        "zero_sum_residual": float(np.linalg.norm(naive.sum(axis=1)) / norm) if norm != 0 else 1.0,
        "margin_min": float(lowest[0]),
        "margin_tenth": float(lowest[(n - 1) // 10]),
        "margin_median": float(lowest[(n - 1) // 2]),
        "accuracy": float((lowest > 0).mean()),
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


def _log_softplus(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """log log(1 + e^x), right where e^x is nothing beside 1."""
    return np.where(x < -40, x, np.log(np.logaddexp(x, 0.0)))
