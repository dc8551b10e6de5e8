"""Softmax-linear losses laid out for their fused kernel: samples one after the other.

An entry of the trained matrix that no component shares, and that starts as others of its column and
is pulled as they are, stays equal to them: from zero one entry stands for all tokens that never
follow a context.  Of m such entries the kernel moves sqrt(m) w, what W is along their unit vector.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.rows import starts
from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.per_sentence import NEVER
from ntp_dynamics.studies.next_token.model.simd import LANES
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear


class LinearRoom(NamedTuple):
    """What a step writes down."""

    value: Float[np.ndarray, " entries+8"]
    """Each entry as its tokens see it; NEVER for a token that is not there."""
    outer: Float[np.ndarray, " entries+8"]
    """The slope between components, in units of e^scale, of each of equal entries."""
    scale: Float[np.ndarray, " 1"]
    """Log of the largest pi_n q_n."""
    inner: Float[np.ndarray, " members+8"]
    """The slope inside components."""
    away: Float[np.ndarray, " members+8"]
    """P_F W - W_fin."""
    odds_in: Float[np.ndarray, " inside"]
    """e^(logit - top), top the largest of its side."""
    odds_out: Float[np.ndarray, " outside"]
    top_in: Float[np.ndarray, " samples"]
    top_out: Float[np.ndarray, " samples"]
    mass_in: Float[np.ndarray, " samples"]
    mass_out: Float[np.ndarray, " samples"]
    gap: Float[np.ndarray, " samples"]
    """lse_out - lse_in."""
    leak: Float[np.ndarray, " samples"]
    """pi_n q_n in units of e^scale."""
    kept: Float[np.ndarray, " samples"]
    """pi_n (1 - q_n)."""
    fluctuation: Float[np.ndarray, " samples"]
    """E_s[e^y - 1 - y]."""
    pull: Float[np.ndarray, " components"]
    """What the samples of a component take from it, in units of e^scale."""
    least: Float[np.ndarray, " 1"]
    """Log of the least excess loss up to the step before."""


class LinearLayout(NamedTuple):
    """The samples of one run, by column.  Samples and slots are filled up to whole vectors."""

    log_pi: Float[np.ndarray, " samples"]
    pi: Float[np.ndarray, " samples"]
    many: Float[np.ndarray, " samples"]
    """For how many equal entries each outside token of a sample stands."""
    component: Int[np.ndarray, " samples"]
    """That of the label; -1 for an entry alone."""
    label: Int[np.ndarray, " samples"]
    """The entry of the label, where that is alone."""
    label_copies: Float[np.ndarray, " samples"]
    """log m of it."""
    first_in: Int[np.ndarray, " samples+1"]
    """Where the slots of the label's component begin; none of a label that is alone."""
    first_out: Int[np.ndarray, " samples+1"]
    """Where those of the other tokens begin."""
    entry_in: Int[np.ndarray, " inside"]
    member_in: Int[np.ndarray, " inside"]
    copies_in: Float[np.ndarray, " inside"]
    """log m_v."""
    target_in: Float[np.ndarray, " inside"]
    """p_nv."""
    share_in: Float[np.ndarray, " inside"]
    """The softmax of W_fin over the component."""
    entry_out: Int[np.ndarray, " outside"]
    copies_out: Float[np.ndarray, " outside"]
    root: Float[np.ndarray, " entries"]
    """The square root of how many entries one stands for."""
    first_member: Int[np.ndarray, " components+1"]
    member: Int[np.ndarray, " members"]
    """The entries of components of several entries."""
    finite: Float[np.ndarray, " members"]
    """W_fin there."""
    finite_step_size: float
    """eta_F of split descent."""
    room: LinearRoom


class LaidLinear(NamedTuple):
    """A layout, and where its entries stand in the trained matrix."""

    layout: LinearLayout
    samples: Int[np.ndarray, " N"]
    """Which samples of the loss they are, in order."""
    place: Int[np.ndarray, " entries"]
    """In the flattened A x B matrix; the first one of equal entries."""
    column: Int[np.ndarray, " entries"]
    alike: Bool[np.ndarray, " entries"]
    """Which entries stand for all of their column that have none of their own."""


class _Tokens(NamedTuple):
    """Tokens of samples, by sample."""

    sample: Int[np.ndarray, " T"]
    slot: Int[np.ndarray, " T"]
    key: Int[np.ndarray, " T"]
    """Number of the entry, columns one after the other."""


def lay_out_linear(
    loss: SoftmaxLinear, run: int, merges: bool, finite_step_size: float | None = None
) -> LaidLinear:
    """The layout of one run; ``merges``: entries that nothing tells apart are moved as one;
    ``finite_step_size`` None is 1 / beta."""
    _, rows, columns = loss.shape
    log_weight = loss.log_weight[run].numpy(force=True)
    copies = loss.log_copies[run].numpy(force=True)
    inside = loss.inside[run].numpy(force=True) & (copies > -math.inf)
    real = log_weight > -math.inf

    def tokens(which: Bool[np.ndarray, "N K"]) -> _Tokens:
        sample, slot = np.nonzero(which)
        place = loss.reader.places(run, sample, slot, loss.shape)
        return _Tokens(sample, slot, place % columns * rows + place // columns)

    ins = tokens(inside & real[:, None])
    outside = ~inside & (copies > -math.inf) & real[:, None]
    count = np.maximum(outside.sum(1), 1)
    if merges:
        first = np.zeros_like(outside)
        first[np.arange(len(real)), outside.argmax(1)] = True
        outside &= first
    outs = tokens(outside)

    entries, entry = np.unique(np.concatenate([ins.key, outs.key]), return_inverse=True)
    entry_in, entry_out = np.split(entry, [len(ins.key)])
    root = np.ones(len(entries))
    if merges:
        root[entry_out] = np.sqrt(count[outs.sample])
    members, first_member, finite = _members(loss, run, entries)
    member_of = np.full(len(entries), -1)
    member_of[members] = np.arange(len(members))
    component_of = np.repeat(np.arange(len(first_member) - 1), np.diff(first_member))

    alone = member_of[entry_in] < 0
    label, component = np.zeros(len(real), dtype=np.int64), np.full(len(real), -1)
    label[ins.sample[alone]] = entry_in[alone]
    component[ins.sample[~alone]] = component_of[member_of[entry_in[~alone]]]
    label_copies = np.zeros(len(real))
    label_copies[ins.sample[alone]] = copies[ins.sample[alone], ins.slot[alone]]

    ins, entry_in = _Tokens(*(x[~alone] for x in ins)), entry_in[~alone]
    column = np.zeros(len(real), dtype=np.int64)
    column[outs.sample] = entries[entry_out] // rows
    column[ins.sample] = entries[entry_in] // rows
    order = np.flatnonzero(real)
    order = order[np.argsort(column[order], kind="stable")]
    absent = whole(len(entries))
    copies_in = copies[ins.sample, ins.slot]
    slots_in, first_in, at_in = _slots(ins.sample, order)
    slots_out, first_out, at_out = _slots(outs.sample, order)

    def put(size: int, at: np.ndarray, x: np.ndarray, rest: float = 0) -> np.ndarray:
        filled = np.full(size, rest, dtype=np.int32 if x.dtype.kind == "i" else np.float64)
        filled[at] = x
        return filled

    def by_sample(x: np.ndarray, rest: float) -> np.ndarray:
        filled = np.full(whole(len(order)), rest, dtype=x.dtype)
        filled[: len(order)] = x[order]
        return filled

    layout = LinearLayout(
        log_pi=by_sample(log_weight, NEVER),
        pi=by_sample(np.exp(log_weight), 0.0),
        many=by_sample(count * 1.0 if merges else np.ones(len(real)), 1.0),
        component=by_sample(component, -1),
        label=by_sample(label, absent),
        label_copies=by_sample(label_copies, 0.0),
        first_in=first_in,
        first_out=first_out,
        entry_in=put(slots_in, at_in, entry_in, absent),
        member_in=put(slots_in, at_in, member_of[entry_in], len(members)),
        copies_in=put(slots_in, at_in, copies_in),
        target_in=put(slots_in, at_in, loss.target[run].numpy(force=True)[ins.sample, ins.slot]),
        share_in=put(slots_in, at_in, _softmax(finite[member_of[entry_in]] + copies_in, ins)),
        entry_out=put(slots_out, at_out, entry_out, absent),
        copies_out=put(slots_out, at_out, copies[outs.sample, outs.slot]),
        root=np.append(root, np.ones(absent - len(root))),
        first_member=first_member,
        member=members,
        finite=finite,
        finite_step_size=finite_step_size or 1 / float(loss.smoothness[run]),
        room=_room(absent, len(members), len(first_member) - 1, slots_in, slots_out, len(order)),
    )
    alike = np.zeros(len(entries), dtype=bool)
    alike[entry_out] = merges
    place = entries % rows * columns + entries // rows
    return LaidLinear(aligned(layout), order, place, entries // rows, alike)


def whole(size: int) -> int:
    """Filled up to whole vectors."""
    return -(-size // LANES) * LANES


def _members(loss: SoftmaxLinear, run: int, entries: np.ndarray) -> tuple[np.ndarray, ...]:
    """Entries of components of several, component by component; where each begins; W_fin."""
    _, rows, columns = loss.shape
    place, group, finite = (x.numpy(force=True) for x in (loss.members, loss.group, loss.finite))
    mine = place // (rows * columns) == run
    order = np.argsort(group[mine], kind="stable")
    at, own = place[mine][order] % (rows * columns), group[mine][order]
    _, sizes = np.unique(own, return_counts=True)
    found = np.searchsorted(entries, at % columns * rows + at // columns)
    return found, starts(sizes), finite[mine][order]


def _softmax(logit: np.ndarray, tokens: _Tokens) -> np.ndarray:
    """Over the tokens of each sample."""
    if not len(logit):
        return logit
    first = np.flatnonzero(np.diff(tokens.sample, prepend=-1))
    of = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(logit))))
    odds = np.exp(logit - np.maximum.reduceat(logit, first)[of])
    return odds / np.add.reduceat(odds, first)[of]


def _slots(sample: np.ndarray, order: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """How many slots, where those of each sample of an order begin, and where each token goes."""
    rank = np.zeros(order.max(initial=-1) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    sizes = np.bincount(rank[sample], minlength=len(order))
    first = starts(-(-sizes // LANES) * LANES)
    begins = np.flatnonzero(np.diff(sample, prepend=-1))
    within = np.arange(len(sample)) - np.repeat(begins, np.diff(np.append(begins, len(sample))))
    last = np.full(whole(len(order)) - len(order), first[-1])
    return int(first[-1]), np.append(first, last), first[rank[sample]] + within


def _room(
    entries: int, members: int, components: int, inside: int, outside: int, samples: int
) -> LinearRoom:
    value = np.zeros(entries + LANES)
    value[entries:] = NEVER
    size = whole(samples)
    return LinearRoom(
        value=value,
        outer=np.zeros(entries + LANES),
        scale=np.zeros(1),
        inner=np.zeros(members + LANES),
        away=np.zeros(members + LANES),
        odds_in=np.zeros(inside),
        odds_out=np.zeros(outside),
        top_in=np.zeros(size),
        top_out=np.zeros(size),
        mass_in=np.zeros(size),
        mass_out=np.zeros(size),
        gap=np.zeros(size),
        leak=np.zeros(size),
        kept=np.zeros(size),
        fluctuation=np.zeros(size),
        pull=np.zeros(components),
        least=np.full(1, math.inf),
    )
