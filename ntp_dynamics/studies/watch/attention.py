"""What attention weights say in a few numbers, and a map of them that can be looked at.

b sequences, h heads, q queries, k keys.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

SEQUENCES = 4
"""Of the batch, the first ones that are looked at."""
SIDE = 64
"""Queries and keys of a map, the first ones: under a causal mask they see no others."""
LARGEST = 2**24
"""Weights of a layer that are looked at; of more, evenly chosen queries."""


class Seen(NamedTuple):
    """Attention of one layer at one step."""

    entropy: float
    """Mean over sequences, heads and queries, in nats."""
    top: float
    """Mean largest weight."""
    map: Float[np.ndarray, "q k"]
    """First sequence, mean over heads."""


def of_weights(weights: Float[Tensor, "b h q k"]) -> Seen:
    """Weights that sum to 1 over the keys."""
    return _seen(weights.detach()[:SEQUENCES], weights.detach()[:1, :, :SIDE, :SIDE])


def of_product(
    query: Float[Tensor, "... q e"],
    key: Float[Tensor, "... k e"],
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Seen:
    """Of torch's `scaled_dot_product_attention`, which does not give its weights; arguments as
    there."""
    query, key = _first(query.detach()), _first(key.detach())
    if enable_gqa:
        key = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
    n, k = query.shape[2], key.shape[2]
    most = max(1, LARGEST // (k * query.shape[0] * query.shape[1]))
    places = torch.arange(n) if n <= most else torch.linspace(0, n - 1, most).long()
    whole = _weights(query, key, mask, is_causal, scale, places)
    if n <= most:
        return _seen(whole, whole[:1, :, :SIDE, :SIDE])
    one = mask[:1] if mask is not None and mask.ndim == 4 else mask
    shown = _weights(query[:1], key[:1], one, is_causal, scale, torch.arange(min(n, SIDE)))
    return _seen(whole, shown[..., :SIDE])


def _seen(p: Float[Tensor, "b h q k"], shown: Float[Tensor, "1 h i j"]) -> Seen:
    """Queries that see no key (their weights are 0 or nan) are left out of the means."""
    p = p.float()
    there = p.sum(dim=-1) > 0.5
    entropy = -torch.special.xlogy(p, p).sum(dim=-1)
    top = p.amax(dim=-1)
    mean = shown[0].mean(dim=0).double().cpu().numpy()
    return Seen(float(entropy[there].mean()), float(top[there].mean()), mean)


def _weights(
    query: Float[Tensor, "b h q e"],
    key: Float[Tensor, "b h k e"],
    mask: Tensor | None,
    is_causal: bool,
    scale: float | None,
    places: Int[Tensor, " i"],
) -> Float[Tensor, "b h i k"]:
    """The weights of some of the queries."""
    places = places.to(query.device)
    scores = query[:, :, places].float() @ key.float().mT
    scores = scores * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        later = torch.arange(key.shape[2], device=query.device) > places[:, None]
        scores = scores.masked_fill(later, -math.inf)
    if mask is not None:
        mask = mask.detach()
        mask = _first(mask) if mask.ndim > 2 else mask
        mask = mask[..., places, :] if mask.shape[-2] == query.shape[2] else mask
        hides = mask.dtype == torch.bool
        scores = scores.masked_fill(~mask, -math.inf) if hides else scores + mask.float()
    return scores.softmax(dim=-1)


def _first(x: Tensor) -> Tensor:
    """The first sequences, as (b, h, ., .)."""
    x = x[None, None] if x.ndim == 2 else x[:, None] if x.ndim == 3 else x
    return x[:SEQUENCES] if x.ndim == 4 else x.flatten(0, -4)[:SEQUENCES]
