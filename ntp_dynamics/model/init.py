"""Where training starts: zero or gaussian matrices, or an exact margin."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import GaussianInit, Init
from ntp_dynamics.data.embedding import Embedding
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.full_matrix import FullMatrix
from ntp_dynamics.model.token_space import TokenMatrix


def initial_weight(
    init: Init, shape: tuple[int, int], rng: np.random.Generator
) -> Float[np.ndarray, "A B"]:
    """W_0 of one layer: zero, or gaussian with a Frobenius norm of exactly `init.norm`."""
    if not isinstance(init, GaussianInit):
        return np.zeros(shape)
    weight = rng.standard_normal(shape)
    return weight * (init.norm / np.linalg.norm(weight))


def feed_forward_matrix(
    weights: Sequence[Float[np.ndarray, "V D"]], embeddings: Sequence[Embedding], whole: bool
) -> TokenMatrix | FullMatrix:
    """W_ov of every run, seen through its logits M = W_ov E; ``whole``: not in token space."""
    identities = [np.eye(weight.shape[0]) for weight in weights]
    right = [embedding.matrix for embedding in embeddings]
    if whole:
        return _full_matrix(weights, identities, right)
    return _token_matrix(weights, identities, right, _grams(embeddings, right))


def attention_matrix(
    weights: Sequence[Float[np.ndarray, "D D"]],
    embeddings: Sequence[Embedding],
    batch: Batch,
    whole: bool,
) -> TokenMatrix | FullMatrix:
    """W_kq of every run, seen through its scores S = E^T W_kq E_Q; absent queries are zero."""
    left = [embedding.matrix for embedding in embeddings]
    right = [
        np.where(ids >= 0, matrix[:, ids], 0.0)
        for matrix, ids in zip(left, batch.query_id.numpy(force=True), strict=True)
    ]
    if whole:
        return _full_matrix(weights, left, right)
    grams = _grams(embeddings, left), _grams(embeddings, right)
    return _token_matrix(weights, left, right, grams[1], left_gram=grams[0])


def exact_margin(margin: float, batch: Batch) -> Float[Tensor, "R V V"]:
    """Logits with equal margins: M[:, x] = Delta (e_n(x) - 1/V), zero where n(x) is unknown."""
    hit = torch.nn.functional.one_hot(batch.collocation.clamp_min(0), batch.vocab_size)
    logits = margin * (hit.to(torch.float64) - 1 / batch.vocab_size)  # (R, token, class)
    return (logits * batch.known[..., None]).transpose(1, 2).contiguous()


def _grams(
    embeddings: Sequence[Embedding], columns: Sequence[np.ndarray]
) -> Float[Tensor, "R A A"] | None:
    if all(embedding.orthonormal for embedding in embeddings):
        return None
    return torch.from_numpy(np.stack([x.T @ x for x in columns]))


def _full_matrix(
    weights: Sequence[np.ndarray], left: Sequence[np.ndarray], right: Sequence[np.ndarray]
) -> FullMatrix:
    w, a, b = (torch.from_numpy(np.stack(x)) for x in (weights, left, right))
    return FullMatrix(start=a.mT @ w @ b, weight=w, left=a, right=b)


def _token_matrix(
    weights: Sequence[np.ndarray],
    left: Sequence[np.ndarray],
    right: Sequence[np.ndarray],
    right_gram: Tensor | None,
    left_gram: Tensor | None = None,
) -> TokenMatrix:
    """X_0 = L^T W_0 R with the norms of W_0 and of its part outside the span of L and R."""
    start, norm, outside = [], [], []
    for weight, a, b in zip(weights, left, right, strict=True):
        seen = a.T @ weight @ b
        start.append(seen)
        norm.append(np.linalg.norm(weight))
        if right_gram is None:
            outside.append(np.linalg.norm(weight - a @ seen @ b.T))
        else:  # not needed: ||W||^2 is expanded around ||W_0||^2
            outside.append(math.nan)
    return TokenMatrix(
        start=torch.from_numpy(np.stack(start)),
        start_norm=torch.tensor(np.array(norm)),
        outside_norm=torch.tensor(np.array(outside)),
        left_gram=left_gram,
        right_gram=right_gram,
    )
