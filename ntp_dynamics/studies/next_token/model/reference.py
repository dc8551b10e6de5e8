"""What observables compare a state with: max-margin targets and query orders, as tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.data.orders import Relations
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.theory.gram_dual import GramTarget
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget, OfQueries
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget, FeedForwardTarget


@dataclass(frozen=True)
class Reference:
    """Targets of R runs (nan where a run has none) and the roles of tokens under each query."""

    ov: Float[Tensor, "R J V"]
    """W*_ov E in token space."""
    ov_coefficients: Float[Tensor, "R J V"]
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

    def target_at(self, run: int, places: Int[np.ndarray, " P"]) -> Float[np.ndarray, " P"]:
        """E^T W*_kq E_Q where flattened scores stand."""
        return self.kq[run].flatten().numpy(force=True)[places]

    def roles_at(self, run: int, places: Int[np.ndarray, " P"]) -> Bool[np.ndarray, "3 P"]:
        """Whether tokens are optimal, non-comparable, non-optimal where flattened scores stand."""
        roles = self.optimal, self.non_comparable, self.non_optimal
        return np.stack([x[run].flatten().numpy(force=True)[places] for x in roles])

    def ordered(self, run: int) -> Bool[np.ndarray, " Q"]:
        """Which queries have relations."""
        roles = self.optimal[run] | self.non_optimal[run]
        return roles.any(0).numpy(force=True)


class SolvedReference(Reference):
    """Of the runs of a job; what has an entry for every pair of tokens is made when it is asked
    for."""

    def __init__(
        self,
        batch: Batch,
        recognitions: Sequence[Recognition],
        feed_forward: Sequence[FeedForwardTarget | LinearTarget | None],
        attention: Sequence[AttentionTarget | GramTarget | OfQueries | None],
    ):
        """``None`` for a target leaves nan."""
        sources = {
            "_batch": batch,
            "_relations": [found.relations for found in recognitions],
            "_feed_forward": feed_forward,
            "_attention": attention,
        }
        for name, source in sources.items():
            object.__setattr__(self, name, source)

    _batch: Batch
    _relations: Sequence[Relations]
    _feed_forward: Sequence[FeedForwardTarget | LinearTarget | None]
    _attention: Sequence[AttentionTarget | GramTarget | OfQueries | None]

    @cached_property
    def ov(self) -> Float[Tensor, "R J V"]:
        return self._stacked([None if t is None else t.matrix for t in self._feed_forward])

    @cached_property
    def ov_coefficients(self) -> Float[Tensor, "R J V"]:
        if all(t is None or t.coefficients is t.matrix for t in self._feed_forward):
            return self.ov
        return self._stacked([None if t is None else t.coefficients for t in self._feed_forward])

    @cached_property
    def ov_norm(self) -> Float[Tensor, " R"]:
        return self._norms(self._feed_forward)

    @cached_property
    def kq(self) -> Float[Tensor, "R V Q"]:
        return self._of_queries("matrix")

    @cached_property
    def kq_coefficients(self) -> Float[Tensor, "R V Q"]:
        if all(t is None or isinstance(t, AttentionTarget) for t in self._attention):
            return self.kq
        return self._of_queries("coefficients")

    @cached_property
    def kq_norm(self) -> Float[Tensor, " R"]:
        return self._norms(self._attention)

    @cached_property
    def above(self) -> Int[Tensor, "R P"]:
        return self._places([relations.above for relations in self._relations])

    @cached_property
    def below(self) -> Int[Tensor, "R P"]:
        return self._places([relations.below for relations in self._relations])

    @cached_property
    def optimal(self) -> Bool[Tensor, "R V Q"]:
        return self._related[0] & ~self._related[1]

    @cached_property
    def non_optimal(self) -> Bool[Tensor, "R V Q"]:
        return self._related[1] & ~self._related[0]

    @cached_property
    def non_comparable(self) -> Bool[Tensor, "R V Q"]:
        above, below = self._related
        return ~(above | below) & self._related.any((0, 2), keepdim=True)[0]

    @cached_property
    def _related(self) -> Bool[Tensor, "2 R V Q"]:
        """Whether a token is above one under a query, and whether it is below one."""
        batch = self._batch
        size = batch.vocab_size * batch.n_queries
        related = torch.zeros(2, batch.runs, size + 1, dtype=torch.bool, device=batch.token.device)
        for found, places in zip(related, (self.above, self.below), strict=True):
            found.scatter_(1, torch.where(places < 0, size, places), True)
        return related[..., :size].unflatten(2, (batch.vocab_size, batch.n_queries))

    def target_at(self, run: int, places: Int[np.ndarray, " P"]) -> Float[np.ndarray, " P"]:
        """As `Reference.target_at`, without the scores of all pairs."""
        target, batch = self._attention[run], self._batch
        if not isinstance(target, AttentionTarget):
            return super().target_at(run, places)
        token, query, value = target.columns.floats()
        known = token.astype(np.int64) * batch.n_queries + column_of(batch, run)[query]
        order = np.argsort(known)
        at = np.searchsorted(known[order], places).clip(max=max(len(known) - 1, 0))
        found = np.zeros(len(places))
        if len(known):
            hit = known[order][at] == places
            found[hit] = value[order][at[hit]]
        return found

    def roles_at(self, run: int, places: Int[np.ndarray, " P"]) -> Bool[np.ndarray, "3 P"]:
        above, below = (np.isin(places, x[run].numpy(force=True)) for x in (self.above, self.below))
        between = ~(above | below) & self.ordered(run)[places % self._batch.n_queries]
        return np.stack([above & ~below, between, below & ~above])

    def ordered(self, run: int) -> Bool[np.ndarray, " Q"]:
        ordered = np.zeros(self._batch.n_queries, dtype=bool)
        ordered[column_of(self._batch, run)[self._relations[run].query]] = True
        return ordered

    def _stacked(self, matrices: Sequence[np.ndarray | None]) -> Float[Tensor, "R A B"]:
        nothing = np.broadcast_to(np.nan, (self._batch.label_size, self._batch.vocab_size))
        each = [nothing if matrix is None else matrix for matrix in matrices]
        return torch.from_numpy(np.stack(each)).to(self._batch.token.device)

    def _norms(self, targets: Sequence[Any]) -> Float[Tensor, " R"]:
        norms = [math.nan if target is None else target.norm for target in targets]
        return torch.tensor(norms, dtype=torch.float64, device=self._batch.token.device)

    def _of_queries(self, name: str) -> Float[Tensor, "R V Q"]:
        """A matrix of each attention target at the queries of its run."""
        batch = self._batch
        shape = batch.runs, batch.vocab_size, batch.n_queries
        found = np.full(shape, math.nan) if None in self._attention else np.zeros(shape)
        for run, (target, ids) in enumerate(
            zip(self._attention, batch.query_id.tolist(), strict=True)
        ):
            if target is not None:
                queries = [i for i in ids if i >= 0]
                found[run] = 0.0
                found[run, :, : len(queries)] = getattr(target, name)(queries, batch.vocab_size)
        return torch.from_numpy(found).to(batch.token.device)

    def _places(self, tokens: Sequence[Int[np.ndarray, " P"]]) -> Int[Tensor, "R P"]:
        """Flattened score indices of some tokens of every relation."""
        batch = self._batch
        places = np.full((len(tokens), max(1, *map(len, tokens))), -1, dtype=np.int64)
        for run, (mine, relations) in enumerate(zip(tokens, self._relations, strict=True)):
            column = column_of(batch, run)[relations.query]
            places[run, : len(mine)] = mine.astype(np.int64) * batch.n_queries + column
        return torch.from_numpy(places).to(batch.token.device)


def column_of(batch: Batch, run: int) -> Int[np.ndarray, " V"]:
    """Where each token stands on the Q axis of a run; -1: nowhere."""
    queries = batch.query_id[run].numpy(force=True)
    queries = queries[queries >= 0]
    column = np.full(batch.vocab_size, -1, dtype=np.int64)
    column[queries] = np.arange(len(queries))
    return column
