"""Where training starts: zero or gaussian matrices, or an exact margin."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.groups import GaussianInit, Init
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, zeros


def initial_weight(
    init: Init, shape: tuple[int, int], rng: np.random.Generator
) -> Float[np.ndarray, "A B"]:
    """W_0 of one layer: zero, or gaussian with a Frobenius norm of exactly `init.norm`."""
    if not isinstance(init, GaussianInit):
        return np.zeros(shape)
    weight = rng.standard_normal(shape)
    return weight * (init.norm / np.linalg.norm(weight))


def feed_forward_matrix(
    weights: Sequence[Float[np.ndarray, "V D"]] | None,
    embeddings: Sequence[TokenVectors],
    batch: Batch,
    whole: bool,
) -> TokenMatrix | FullMatrix:
    """W_ov of every run, seen through its logits M = W_ov E; ``whole``: not in token space.

    ``weights`` None is a start at zero.  A row that stands for m classes has a vector of squared
    length 1 / m on the left: its coefficient is the sum of those of the classes.
    """
    orthonormal, v = _orthonormal(embeddings), batch.vocab_size
    if weights is None and not whole:
        right = None if orthonormal else _grams([e.matrix for e in embeddings])
        left = None
        if batch.unused:
            many = torch.ones(v, dtype=torch.float64)
            many[-1] = batch.unused
            left = (1 / many).diag().expand(batch.runs, -1, -1)
        return zeros(batch.runs, v, v, left_gram=left, right_gram=right)
    right = [embedding.matrix for embedding in embeddings]
    identities = [np.eye(v) for _ in embeddings]
    weights = weights or [np.zeros((v, embedding.dim)) for embedding in embeddings]
    if whole:
        return _full_matrix(weights, identities, right)
    return _token_matrix(weights, identities, right, None if orthonormal else _grams(right))


def attention_matrix(
    weights: Sequence[Float[np.ndarray, "D D"]] | None,
    embeddings: Sequence[TokenVectors],
    batch: Batch,
    whole: bool,
) -> TokenMatrix | FullMatrix:
    """W_kq of every run, seen through its scores S = E^T W_kq E_Q; absent queries are zero.

    ``weights`` None is a start at zero.
    """
    orthonormal = _orthonormal(embeddings)
    if weights is None and not whole and orthonormal:
        return zeros(batch.runs, batch.vocab_size, batch.n_queries)
    left = [embedding.matrix for embedding in embeddings]
    right = [
        np.where(ids >= 0, matrix[:, ids], 0.0)
        for matrix, ids in zip(left, batch.query_id.numpy(force=True), strict=True)
    ]
    grams = (None, None) if orthonormal else (_grams(left), _grams(right))
    if weights is None and not whole:
        v, q = batch.vocab_size, batch.n_queries
        return zeros(batch.runs, v, q, left_gram=grams[0], right_gram=grams[1])
    weights = weights or [np.zeros((e.dim, e.dim)) for e in embeddings]
    if whole:
        return _full_matrix(weights, left, right)
    return _token_matrix(weights, left, right, grams[1], left_gram=grams[0])


def exact_margin(margin: float, batch: Batch) -> Float[Tensor, "R V V"]:
    """Logits with equal margins: M[:, x] = Delta (e_n(x) - 1/V), zero where n(x) is unknown."""
    hit = torch.nn.functional.one_hot(batch.collocation.clamp_min(0), batch.vocab_size)
    logits = margin * (hit.to(torch.float64) - 1 / batch.classes)  # (R, token, class)
    return (logits * batch.known[..., None]).transpose(1, 2).contiguous()


def _orthonormal(embeddings: Sequence[TokenVectors]) -> bool:
    return all(embedding.orthonormal for embedding in embeddings)


def _grams(columns: Sequence[np.ndarray]) -> Float[Tensor, "R A A"]:
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
