"""Where training starts: zero or gaussian matrices, or an exact margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.groups import GaussianInit, Init
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix, product
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
    weights: Sequence[Float[np.ndarray, "J D"]] | None,
    embeddings: Sequence[TokenVectors],
    batch: Batch,
    entrywise: bool,
) -> TokenMatrix | FullMatrix:
    """W_ov of every run, seen through its logits M = W_ov E, for a rule that acts on its entries or
    one that does not depend on the basis.

    ``weights`` None is a start at zero.
    """
    c = batch.label_size
    seen = _seen_alone(embeddings, entrywise)
    if weights is None and seen:
        return zeros(batch.runs, c, batch.vocab_size, _classes_of_rows(batch))
    right = [embedding.matrix for embedding in embeddings]
    identities = [np.eye(c) for _ in embeddings]
    weights = weights or [np.zeros((c, embedding.dim)) for embedding in embeddings]
    if seen:
        return _token_matrix(weights, identities, right)
    return _full_matrix(weights, identities, right, entrywise)


def attention_matrix(
    weights: Sequence[Float[np.ndarray, "D D"]] | None,
    embeddings: Sequence[TokenVectors],
    batch: Batch,
    entrywise: bool,
) -> TokenMatrix | FullMatrix:
    """W_kq of every run, seen through its scores S = E^T W_kq E_Q; absent queries are zero.

    ``weights`` None is a start at zero.
    """
    seen = _seen_alone(embeddings, entrywise)
    if weights is None and seen:
        return zeros(batch.runs, batch.vocab_size, batch.n_queries)
    left = [embedding.matrix for embedding in embeddings]
    right = [
        np.where(ids >= 0, matrix[:, ids], 0.0)
        for matrix, ids in zip(left, batch.query_id.numpy(force=True), strict=True)
    ]
    weights = weights or [np.zeros((e.dim, e.dim)) for e in embeddings]
    if seen:
        return _token_matrix(weights, left, right)
    return _full_matrix(weights, left, right, entrywise)


def exact_margin(margin: float, batch: Batch) -> Float[Tensor, "R J V"]:
    """Logits with equal margins: M[:, x] = Delta (e_n(x) - 1/|V|), zero where n(x) is unknown; of
    two labels +-Delta/2."""
    hit = torch.nn.functional.one_hot(batch.collocation.clamp_min(0), batch.label_size)
    logits = margin * (hit.to(torch.float64) - 1 / batch.classes)  # (R, token, class)
    return (logits * batch.known[..., None]).transpose(1, 2).contiguous()


def _classes_of_rows(batch: Batch) -> Float[Tensor, "V 1"] | None:
    """How many classes each row of logits stands for; None where each is one."""
    if not batch.unused:
        return None
    many = torch.ones(batch.label_size, 1, dtype=torch.float64)
    many[-1] = batch.unused
    return many


def _seen_alone(embeddings: Sequence[TokenVectors], entrywise: bool) -> bool:
    """Whether what the tokens see are weights: in the basis of the token vectors, which is that of
    the entries where they are the standard one."""
    return all(e.standard if entrywise else e.orthonormal for e in embeddings)


def _full_matrix(
    weights: Sequence[np.ndarray],
    left: Sequence[np.ndarray],
    right: Sequence[np.ndarray],
    entrywise: bool,
) -> FullMatrix:
    outside = [0.0] * len(weights)
    if not entrywise:
        inside = [_in_span(*each) for each in zip(weights, left, right, strict=True)]
        weights, left, right, outside = zip(*inside, strict=True)
    w, a, b = (torch.from_numpy(np.stack(x)) for x in (weights, left, right))
    norms = torch.tensor(outside, dtype=torch.float64)
    start = product(a.mT, w, b)
    return FullMatrix(start=start, weight=w, left=a, right=b, outside_norm=norms)


def _in_span(
    weight: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """W_0 and the vectors in orthonormal bases of their spans, and the norm of what is outside."""
    rows, left = _basis(left)
    columns, right = _basis(right)
    inside = rows.T @ weight @ columns
    outside = float(np.linalg.norm(weight - rows @ inside @ columns.T))
    return inside, left, right, outside


def _basis(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A basis of a space that holds all vectors, and the vectors in it."""
    dim, count = vectors.shape
    return np.linalg.qr(vectors) if count < dim else (np.eye(dim), vectors)


def _token_matrix(
    weights: Sequence[np.ndarray], left: Sequence[np.ndarray], right: Sequence[np.ndarray]
) -> TokenMatrix:
    """X_0 = L^T W_0 R, and the norm of the part of W_0 outside the span of L and R."""
    start, outside = [], []
    for weight, a, b in zip(weights, left, right, strict=True):
        seen = a.T @ weight @ b
        start.append(seen)
        outside.append(np.linalg.norm(weight - a @ seen @ b.T))
    return TokenMatrix(torch.from_numpy(np.stack(start)), torch.tensor(np.array(outside)))
