"""Sentences as columns of slots, a token each: what is static in the attention stage with gains.

Slots lead (K x S, S = R N the sentences of all runs): sums over the tokens of a sentence then run
over contiguous rows.  Positions are those in the flattened K x S.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.pairs import Pairs


class Join(NamedTuple):
    """Positions that go together with an earlier one of their sentence, their leader."""

    member: Int[Tensor, " J"]
    leader: Int[Tensor, " J"]


@dataclass(frozen=True)
class Groups:
    """Slots of a sentence that share something; empty where none do."""

    rounds: tuple[Join, ...]
    """The followers, in rounds in which no leader occurs twice."""
    joined: Join
    """All members, leaders among them."""


@dataclass(frozen=True)
class Slots:
    """The sentences of some runs."""

    pairs: Pairs
    """Which score S[u,q] each position has."""
    log_copies: Float[Tensor, "K S"] | None
    """None where every token occurs once and no slot is empty."""
    position: Float[Tensor, "K S"]
    """0, 1, 2 ...: exact as floating-point numbers."""
    gain: Float[Tensor, "K S"]
    """g_u; zero in an empty slot and in a follower of its kind."""
    kinds: Groups
    """Tokens with the same column of M."""
    classes: Groups
    """Leaders of kinds that raise the same class by different gains."""
    right: Int[Tensor, " right"]
    """Positions of tokens that raise the label."""
    not_wrong: Int[Tensor, " rest"]
    """Positions that lead no wrong class."""
    label: Int[Tensor, " S"]
    """The position that leads the label; in a row of its own, below, where no token raises it."""
    log_rest: Float[Tensor, " S"]
    """Log number of wrong classes that no token raises: their logits are 0."""
    log_pi: Float[Tensor, "R N"]

    def each(self, change: Callable[[Tensor], Tensor]) -> Slots:
        """Every tensor changed in one way."""

        def changed(x: Any) -> Any:
            if isinstance(x, Groups):
                return Groups(tuple(map(changed, x.rounds)), changed(x.joined))
            if isinstance(x, Join):
                return Join(change(x.member), change(x.leader))
            if isinstance(x, Pairs):
                return Pairs(change(x.index), x.size)
            return x if x is None else change(x)

        return Slots(**{f.name: changed(getattr(self, f.name)) for f in fields(self)})


def lay_out_slots(batch: Batch, gain: Float[Tensor, "R V"], kind: Int[Tensor, "R V"]) -> Slots:
    """The slots of a batch on the CPU, the columns of its logits given by gain and kind."""
    runs, width = batch.runs, batch.token.shape[2]
    v = batch.vocab_size
    run = rearrange(torch.arange(runs), "r -> r 1 1")
    token = _columns(run * v + batch.token)
    present = _columns(batch.present)
    slot = rearrange(torch.arange(width), "k -> k 1")
    position = torch.arange(token.numel()).view_as(token)
    nothing = -1 - slot  # no two slots of a sentence share it

    same_kind = kind.flatten()[token].where(present, nothing)
    leads_kind = _first(same_kind) == slot
    own_gain = gain.flatten()[token].where(present & leads_kind, 0.0)
    says = batch.collocation.flatten()[token].where(own_gain > 0, nothing)
    leads_class = (says >= 0) & (_first(says) == slot)
    right = says == batch.next_token.flatten()
    raised = right.any(0)
    label = torch.where(raised, _first_true(right), width)
    rest = batch.classes - leads_class.sum(0) - (~raised).long()
    plain = bool((batch.log_copies == 0).all())
    return Slots(
        pairs=Pairs(_columns(batch.pairs.index.view_as(batch.token)).flatten(), batch.pairs.size),
        log_copies=None if plain else _columns(batch.log_copies),
        position=position.double(),
        gain=own_gain,
        kinds=_groups(same_kind),
        classes=_groups(says),
        right=position[right],
        not_wrong=position[~leads_class | right],
        label=label * token.shape[1] + torch.arange(token.shape[1]),
        log_rest=rest.double().log(),
        log_pi=batch.log_pi,
    )


def _columns(x: Shaped[Tensor, "R N K"]) -> Shaped[Tensor, "K S"]:
    return rearrange(x, "r n k -> k (r n)").contiguous()


def _first(label: Int[Tensor, "K S"]) -> Int[Tensor, "K S"]:
    """The first slot of the sentence with the same label."""
    first = torch.empty_like(label)
    for slot in reversed(range(len(label))):
        first.masked_fill_(label == label[slot], slot)
    return first


def _first_true(mask: Bool[Tensor, "K S"]) -> Int[Tensor, " S"]:
    return (mask.cumsum(0) == 0).sum(0)


def _groups(label: Int[Tensor, "K S"]) -> Groups:
    """The slots of a sentence with the same label."""
    sentence = torch.arange(label.shape[1])
    leader = _first(label) * len(sentence) + sentence
    position = torch.arange(label.numel()).view_as(label)
    follows = leader != position
    rounds = [Join(p[f], to[f]) for p, to, f in zip(position, leader, follows, strict=True)]
    leaders = leader[follows].unique()
    joined = Join(torch.cat([position[follows], leaders]), torch.cat([leader[follows], leaders]))
    return Groups(tuple(r for r in rounds if len(r.member)), joined)
