"""What observables compare a state with: max-margin targets and query orders, as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.theory.gram_dual import GramTarget
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget, FeedForwardTarget


@dataclass(frozen=True)
class Reference:
    """Targets of R runs (nan where a run has none) and the roles of tokens under each query."""

    ov: Float[Tensor, "R V V"]
    """W*_ov E in token space."""
    ov_coefficients: Float[Tensor, "R V V"]
    """C with W*_ov = C E^T; ``ov`` itself where embeddings are orthonormal."""
    ov_norm: Float[Tensor, " R"]
    kq: Float[Tensor, "R V Q"]
    """E^T W*_kq E_Q in token space."""
    kq_coefficients: Float[Tensor, "R V Q"]
    """B with W*_kq = E B E_Q^T; ``kq`` itself where embeddings are orthonormal."""
    kq_norm: Float[Tensor, " R"]
    above: Int[Tensor, "R P"]
    """Relations a > b: where S[a,q] and S[b,q] stand in the flattened scores; -1 is padding."""
    below: Int[Tensor, "R P"]
    optimal: Bool[Tensor, "R V Q"]
    non_optimal: Bool[Tensor, "R V Q"]
    non_comparable: Bool[Tensor, "R V Q"]


def make_reference(
    batch: Batch,
    recognitions: Sequence[Recognition],
    feed_forward: Sequence[FeedForwardTarget | None],
    attention: Sequence[AttentionTarget | GramTarget | None],
) -> Reference:
    """Stack per-run targets; None leaves nan."""
    runs, v, q = batch.runs, batch.vocab_size, batch.n_queries
    ov, kq = (torch.full((runs, v, n), math.nan, dtype=torch.float64) for n in (v, q))
    same_ov = all(t is None or t.coefficients is t.matrix for t in feed_forward)
    same_kq = all(t is None or isinstance(t, AttentionTarget) for t in attention)
    ov_coefficients, kq_coefficients = (
        x if same else x.clone() for x, same in ((ov, same_ov), (kq, same_kq))
    )
    ov_norm, kq_norm = (torch.full((runs,), math.nan, dtype=torch.float64) for _ in range(2))
    roles = torch.zeros(3, runs, v, q, dtype=torch.bool)
    pairs: list[list[tuple[int, int]]] = []
    for r, recognition in enumerate(recognitions):
        queries = [i for i in batch.query_id[r].tolist() if i >= 0]
        if (target := feed_forward[r]) is not None:
            ov[r], ov_norm[r] = torch.from_numpy(target.matrix), target.norm
            ov_coefficients[r] = torch.from_numpy(target.coefficients)
        if (best := attention[r]) is not None:
            for tensor, values in (
                (kq, best.matrix(queries, v)),
                (kq_coefficients, best.coefficients(queries, v)),
            ):
                tensor[r] = 0.0
                tensor[r, :, : len(queries)] = torch.from_numpy(values)
            kq_norm[r] = best.norm
        orders = recognition.orders or {}
        pairs.append(_relations(orders, queries, q))
        for column, query in enumerate(queries):
            if query in orders:
                order = orders[query]
                for role, tokens in enumerate(
                    (order.optimal, order.non_optimal, order.non_comparable(v))
                ):
                    roles[role, r, list(tokens), column] = True
    padded = torch.full((2, runs, max(1, *map(len, pairs))), -1, dtype=torch.int64)
    for r, relations in enumerate(pairs):
        if relations:
            padded[:, r, : len(relations)] = torch.tensor(relations).T
    device = batch.token.device
    tensors = (
        ov, ov_coefficients, ov_norm, kq, kq_coefficients, kq_norm, *padded, *roles,
    )  # fmt: skip
    return Reference(*(x.to(device) for x in tensors))


def _relations(orders: dict[int, Order], queries: list[int], n: int) -> list[tuple[int, int]]:
    """Flattened score indices (above, below) of every relation."""
    column = {query: i for i, query in enumerate(queries)}
    return [
        (a * n + column[query], b * n + column[query])
        for query, order in orders.items()
        for a, b in order.relations
    ]
