"""Softmax-linear losses of all runs: gradient in two parts, in the log domain.

    L(W) = sum_n pi_n [ lse_{v in T_n} (w_v + log m_v) - sum_v p_nv (w_v + log m_v) ]

A sample n lies in one column of W.  Its label's component I_n (theory/linear_target.py) holds all
that p_n teaches; the other tokens of T_n are outside.  With s = softmax over T_n, s_in over I_n
and q the softmax mass outside, the gradient is a sum of two orthogonal parts:

    finite part     P_F of   pi_n (s_in - p_n - q s_in) on I_n,   pi_n s outside
    other part      constant on each component: its mean of   pi_n s outside, -pi_n q over I_n

The second vanishes with the leak q and is formed from log q, never from s - p: right however small
it is.  Where all components are single entries the first is exactly zero.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.pairs import Pairs
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, frobenius


class Reader(ABC):
    """Where the entries of a matrix stand among the tokens of samples."""

    @abstractmethod
    def read(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, "R N K"]:
        """The entry of each token of each sample."""

    @abstractmethod
    def sum(self, entries: Float[Tensor, "R N K"]) -> Float[Tensor, "R A B"]:
        """Sums of what the tokens say of each entry."""

    @abstractmethod
    def places(
        self,
        run: int,
        sample: Int[np.ndarray, " T"],
        slot: Int[np.ndarray, " T"],
        shape: tuple[int, int, int],
    ) -> Int[np.ndarray, " T"]:
        """Where tokens of samples stand in the flattened matrix of a run; ``shape`` is R, A, B."""

    @abstractmethod
    def to(self, device: torch.device) -> Reader:
        """The same on another device."""


class WholeColumns(Reader):
    """A sample a column, with every entry of it."""

    def read(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, "R B A"]:
        """As `Reader.read`."""
        return matrix.mT.contiguous()

    def sum(self, entries: Float[Tensor, "R B A"]) -> Float[Tensor, "R A B"]:
        """As `Reader.sum`."""
        return entries.mT.contiguous()

    def places(
        self,
        run: int,
        sample: Int[np.ndarray, " T"],
        slot: Int[np.ndarray, " T"],
        shape: tuple[int, int, int],
    ) -> Int[np.ndarray, " T"]:
        """As `Reader.places`."""
        return slot * shape[2] + sample

    def to(self, device: torch.device) -> WholeColumns:
        """As `Reader.to`."""
        return self


@dataclass(frozen=True)
class Places(Reader):
    """Samples of several tokens, wherever these stand in the matrix."""

    pairs: Pairs
    samples: Sequence[int]
    """R, N, K."""
    matrix: tuple[int, int, int]
    """R, A, B."""

    def read(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, "R N K"]:
        """As `Reader.read`."""
        return self.pairs.read(matrix).view(*self.samples)

    def sum(self, entries: Float[Tensor, "R N K"]) -> Float[Tensor, "R A B"]:
        """As `Reader.sum`."""
        return self.pairs.sum(entries.flatten()).view(self.matrix)

    def places(
        self,
        run: int,
        sample: Int[np.ndarray, " T"],
        slot: Int[np.ndarray, " T"],
        shape: tuple[int, int, int],
    ) -> Int[np.ndarray, " T"]:
        """As `Reader.places`."""
        index = self.pairs.index.view(*self.samples)[run].numpy(force=True)
        return index[sample, slot] - run * shape[1] * shape[2]

    def to(self, device: torch.device) -> Places:
        """As `Reader.to`."""
        return replace(self, pairs=Pairs(self.pairs.index.to(device), self.pairs.size))


class Parts(NamedTuple):
    """A gradient as the sum of its two orthogonal parts, each with a scale of its own."""

    finite: LogScaled
    other: LogScaled

    @property
    def together(self) -> LogScaled:
        """The gradient."""
        scale = torch.maximum(self.finite.log_scale, self.other.log_scale)
        finite, other = (
            part.value * (part.log_scale - _finite(scale)).exp()[:, None, None] for part in self
        )
        return LogScaled(finite + other, scale)


@dataclass(frozen=True)
class SoftmaxLinear:
    """A loss of R matrices, with what is known of its limit."""

    shape: tuple[int, int, int]
    """R, A, B."""
    reader: Reader
    log_copies: Float[Tensor, "R N K"]
    """-inf at padding."""
    target: Float[Tensor, "R N K"]
    """p_n; 0 at padding."""
    log_weight: Float[Tensor, "R N"]
    """log pi_n; -inf at padding."""
    inside: Bool[Tensor, "R N K"]
    """Which tokens are in the component of the label."""
    members: Int[Tensor, " M"]
    """Where entries of components of several entries stand in the flattened matrices."""
    group: Int[Tensor, " M"]
    """The component of each, numbered from 0."""
    group_size: Float[Tensor, " G"]
    finite: Float[Tensor, " M"]
    """W_fin at the members."""
    smoothness: Float[Tensor, " R"]
    """beta, an upper bound of every Hessian."""

    def to(self, device: torch.device) -> SoftmaxLinear:
        """The same on another device."""
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor | Reader)}
        return replace(self, **moved)

    def weighed(self, log_weight: Float[Tensor, "R N"]) -> SoftmaxLinear:
        """The same samples with other weights."""
        return replace(self, log_weight=log_weight)

    def gradient(self, matrix: Float[Tensor, "R A B"]) -> Parts:
        """The two parts of dL/dW."""
        a = self.reader.read(matrix) + self.log_copies
        top_in = a.masked_fill(~self.inside, -math.inf).amax(-1, keepdim=True)
        top_out = a.masked_fill(self.inside, -math.inf).amax(-1, keepdim=True)
        odds = (a - torch.where(self.inside, top_in, _finite(top_out))).exp()
        into = odds.masked_fill(~self.inside, 0.0)
        out = odds.masked_fill_(self.inside, 0.0)
        mass_in, mass_out = into.sum(-1, keepdim=True), out.sum(-1, keepdim=True)
        lse_in, lse_out = (
            (x.log() + y)[..., 0] for x, y in ((mass_in, top_in), (mass_out, top_out))
        )
        log_q = lse_out - torch.logaddexp(lse_in, lse_out)
        share_in = into.div_(mass_in)
        share_out = out.div_(mass_out.where(mass_out > 0, 1.0))
        finite = self._finite_part(share_in, share_out, log_q.exp())
        return Parts(finite, self._other_part(share_out, log_q))

    def _finite_part(
        self,
        share_in: Float[Tensor, "R N K"],
        share_out: Float[Tensor, "R N K"],
        q: Float[Tensor, "R N"],
    ) -> LogScaled:
        q = q[..., None]
        each = share_in - self.target - q * share_in + q * share_out
        summed = self.reader.sum(each * self.log_weight.exp()[..., None])
        return normalised(self.spread_out(self.centred(summed)))

    def _other_part(
        self, share_out: Float[Tensor, "R N K"], log_q: Float[Tensor, "R N"]
    ) -> LogScaled:
        log_sample = log_q + self.log_weight
        scale = log_sample.amax(1)
        weight = (log_sample - _finite(scale)[:, None]).exp()
        summed = self.reader.sum((share_out - self.target) * weight[..., None])
        return LogScaled(self.levelled(summed), scale)

    def means(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, " M"]:
        """The mean over its component, at each member."""
        entries = matrix.reshape(-1).index_select(0, self.members)
        mean = self._groups.sum(entries) / self.group_size
        return mean.index_select(0, self.group)

    def centred(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, " M"]:
        """P_F at the members: entries less the mean of their component."""
        return matrix.reshape(-1).index_select(0, self.members) - self.means(matrix)

    def levelled(self, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, "R A B"]:
        """The rest: each entry of a component is its mean."""
        flat = matrix.reshape(-1).index_copy(0, self.members, self.means(matrix))
        return flat.view_as(matrix)

    def spread_out(self, entries: Float[Tensor, " M"]) -> Float[Tensor, "R A B"]:
        """Members where they stand in the matrices, 0 elsewhere."""
        nothing = entries.new_zeros(math.prod(self.shape))
        return nothing.index_copy(0, self.members, entries).view(self.shape)

    @cached_property
    def _groups(self) -> Pairs:
        return Pairs(self.group, len(self.group_size))

    @cached_property
    def finite_share(self) -> Float[Tensor, "R N K"]:
        """The softmax of W_fin over the label's component; 0 outside."""
        w = self.reader.read(self.spread_out(self.finite)) + self.log_copies
        return w.masked_fill(~self.inside, -math.inf).softmax(-1)


def normalised(matrix: Float[Tensor, "R A B"]) -> LogScaled:
    """The same with its norm as the scale; -inf where it is zero."""
    scale = frobenius(matrix).log()
    return LogScaled(matrix * (-_finite(scale)).exp()[:, None, None], scale)


def _finite(x: Tensor) -> Tensor:
    """-inf (an empty sum) replaced by 0, so that differences with it stay defined."""
    return x.masked_fill(x == -math.inf, 0.0)
