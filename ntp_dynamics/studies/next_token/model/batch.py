"""Corpora as padded tensors, one run per entry of the leading axis.

Padding: sentences of weight zero with a single token, tokens of log count -inf, queries and
continuations -1.  Nothing a padded entry computes reaches a result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.pairs import Pairs


@dataclass(frozen=True)
class Batch:
    """The samples of R runs; distinct tokens of a sentence by first occurrence, copies counted."""

    vocab_size: int
    """Length of the axes of tokens."""
    token: Int[Tensor, "R N K"]
    log_copies: Float[Tensor, "R N K"]
    query: Int[Tensor, "R N"]
    """Index into the Q axis."""
    next_token: Int[Tensor, "R N"]
    log_pi: Float[Tensor, "R N"]
    collocation: Int[Tensor, "R V"]
    query_id: Int[Tensor, "R Q"]
    n_sentences: Int[Tensor, " R"]
    unused: int = 0
    """So many tokens that no sentence uses stand together as the last one."""
    labels: int = 0
    """How many labels there are where they are no tokens; 0: what comes next is a token."""

    def to(self, device: torch.device | str) -> Batch:
        """The same on another device."""
        return self.each(lambda x: x.to(device))

    def part(self, runs: slice) -> Batch:
        """Some of the runs."""
        return self.each(lambda x: x[runs])

    def each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """Every tensor changed in one way."""
        plain = "vocab_size", "unused", "labels"
        tensors = [f.name for f in fields(self) if f.name not in plain]
        return replace(self, **{name: change(getattr(self, name)) for name in tensors})

    @property
    def runs(self) -> int:
        return self.token.shape[0]

    @property
    def n_queries(self) -> int:
        return self.query_id.shape[1]

    @property
    def label_size(self) -> int:
        """J, the length of the axes of what can come next: V unless labels are no tokens."""
        return self.labels or self.vocab_size

    @property
    def classes(self) -> int:
        """|V|: all that can come next, those that stand together counted."""
        return self.label_size + max(self.unused - 1, 0)

    @cached_property
    def log_multiplicity(self) -> Float[Tensor, " V"] | None:
        """Log number of classes that each row of logits stands for; None where each is one."""
        if not self.unused:
            return None
        many = torch.zeros(self.vocab_size, dtype=torch.float64, device=self.token.device)
        many[-1] = math.log(self.unused)
        return many

    @cached_property
    def present(self) -> Bool[Tensor, "R N K"]:
        """Which tokens are not padding."""
        return self.log_copies > -math.inf

    @cached_property
    def optimal(self) -> Bool[Tensor, "R N K"]:
        """Which tokens n maps to the sentence's next token."""
        continuation = torch.gather(self.collocation, 1, self.token.flatten(1))
        right = continuation.view_as(self.token) == self.next_token[..., None]
        return right & self.present

    @cached_property
    def score_index(self) -> Int[Tensor, "R N K"]:
        """Where S[token, query] stands in the flattened V x Q scores."""
        return self.token * self.n_queries + self.query[..., None]

    @cached_property
    def pairs(self) -> Pairs:
        """The scores that the tokens of all sentences have, and sums over those of a score."""
        size = self.vocab_size * self.n_queries
        first = torch.arange(self.runs, device=self.token.device) * size
        return Pairs((self.score_index + first[:, None, None]).flatten(), self.runs * size)

    @cached_property
    def injective(self) -> Bool[Tensor, " R"]:
        """Whether no two tokens share a continuation."""
        known = [run[run >= 0] for run in self.collocation]
        alone = [len(n.unique()) == len(n) for n in known]
        return torch.tensor(alone, device=self.collocation.device)

    @property
    def measured_excess(self) -> Bool[Tensor, " R"]:
        """Whether the classes of wrong tokens are told by their number (`excess`): each has one of
        its own, or with two labels all have the other one."""
        return self.injective | (self.labels == 2)

    @cached_property
    def known(self) -> Bool[Tensor, "R V"]:
        """Tokens whose continuation the corpus states."""
        return self.collocation >= 0


def pack(
    corpora: Sequence[Corpus],
    collocations: Sequence[Sequence[int]],
    device: torch.device | str = "cpu",
) -> Batch:
    """Stack corpora of one vocabulary size, padded to the largest."""
    told = {(corpus.vocab_size, corpus.unused, len(corpus.labels)) for corpus in corpora}
    ((vocab_size, unused, labels),) = told
    queries = [corpus.queries or (0,) for corpus in corpora]
    n = max(c.size for c in corpora)
    k = max(int(c.bags.tokens.lengths.max()) for c in corpora)
    shape = (len(corpora), n, k)

    token = np.zeros(shape, dtype=np.int64)
    copies = np.zeros(shape)
    copies[..., 0] = 1.0
    query = np.zeros(shape[:2], dtype=np.int64)
    next_token = torch.zeros(shape[:2], dtype=torch.int64)
    log_pi = torch.full(shape[:2], -math.inf, dtype=torch.float64)
    for r, corpus in enumerate(corpora):
        bags, often = corpus.bags
        real = np.arange(k) < bags.lengths[:, None]  # row by row, as the tokens come
        token[r, : corpus.size][real] = bags.flat
        copies[r, : corpus.size][real] = often
        # a one-token sentence attends to itself whatever the scores: any column serves it
        column = np.zeros(vocab_size, dtype=np.int64)
        column[list(queries[r])] = np.arange(len(queries[r]))
        query[r, : corpus.size] = column[corpus.rows.last]
        next_token[r, : corpus.size] = torch.from_numpy(corpus.label)
        log_pi[r, : corpus.size] = torch.from_numpy(corpus.pi).log()

    query_id = torch.full((len(corpora), max(map(len, queries))), -1, dtype=torch.int64)
    for r, ids in enumerate(queries):
        query_id[r, : len(ids)] = torch.tensor(ids)
    return Batch(
        vocab_size=vocab_size,
        token=torch.from_numpy(token),
        log_copies=torch.from_numpy(copies).log_(),
        query=torch.from_numpy(query),
        next_token=next_token,
        log_pi=log_pi,
        collocation=torch.from_numpy(np.array(collocations, dtype=np.int64)),
        query_id=query_id,
        n_sentences=torch.tensor([c.size for c in corpora]),
        unused=unused,
        labels=labels,
    ).to(device)
