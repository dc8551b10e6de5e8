"""Samples that one order holds, taken one after the other: incremental topological order.

After Pearce and Kelly (2006), with a sample as a node of its own, below its optimal tokens and
above the others: it is kept where no other token of it is above an optimal one already.  Only what
stands between the two in the order is searched, and moved.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.compiled import compiled, inlined
from ntp_dynamics.studies.next_token.data.rows import Rows

FAR = 1 << 60


class Room(NamedTuple):
    """Samples, their distinct tokens (entries), and what the kernels write on their way."""

    start: Int[np.ndarray, " N+1"]
    """Where the entries of each sample begin."""
    token: Int[np.ndarray, " E"]
    owner: Int[np.ndarray, " E"]
    next_entry: Int[np.ndarray, " E"]
    """Of the same token and query, in another kept sample."""
    above: Int[np.ndarray, " V"]
    """An entry in which the token is optimal, or -1."""
    below: Int[np.ndarray, " V"]
    """An entry in which it is not, or -1."""
    place: Int[np.ndarray, " V"]
    """In the order of the query: less is higher."""
    of_query: Int[np.ndarray, " V"]
    """The mark of the query that a token's place is of."""
    seen_token: Int[np.ndarray, " V"]
    seen_sample: Int[np.ndarray, " N"]
    up: Int[np.ndarray, " V"]
    down: Int[np.ndarray, " V"]
    mark: Int[np.ndarray, " 1"]
    """The last one given."""

    @classmethod
    def of(cls, bags: Rows, vocab_size: int) -> Room:
        """Room for the largest order that these sentences can need."""
        entries, tokens = len(bags.flat), np.zeros((7, vocab_size), dtype=np.int64)
        above, below, place, of_query, seen, up, down = tokens
        return cls(
            start=bags.start,
            token=bags.flat,
            owner=bags.owner(),
            next_entry=np.empty(entries, dtype=np.int64),
            above=above,
            below=below,
            place=place,
            of_query=of_query,
            seen_token=seen,
            seen_sample=np.zeros(len(bags), dtype=np.int64),
            up=up,
            down=down,
            mark=np.zeros(1, dtype=np.int64),
        )


class Turns(NamedTuple):
    """In which turn the samples of each query are taken: ``turn[begin:end]``."""

    turn: Int[np.ndarray, " N"]
    begin: Int[np.ndarray, " Q"]
    end: Int[np.ndarray, " Q"]


class State(NamedTuple):
    """Under some n: which entries are optimal, which samples may be kept, and which are."""

    right: Bool[np.ndarray, " E"]
    usable: Bool[np.ndarray, " N"]
    kept: Bool[np.ndarray, " N"]


@compiled
def keep_acyclic(turns, room, state):
    """Mark as kept what fits, query by query."""
    turn, begin, end = turns
    start, token, place = room.start, room.token, room.place
    for q in range(len(begin)):
        room.mark[0] += 1
        query, top, bottom = room.mark[0], 0, 0
        for k in range(begin[q], end[q]):
            i = turn[k]
            state.kept[i] = False
            if not state.usable[i]:
                continue
            lowest_right, highest_wrong = -FAR, FAR
            for e in range(start[i], start[i + 1]):
                x = token[e]
                if room.of_query[x] != query:
                    room.of_query[x] = query
                    room.above[x] = room.below[x] = -1
                    if state.right[e]:
                        top -= 1
                        place[x] = top
                    else:
                        bottom += 1
                        place[x] = bottom
                if state.right[e]:
                    lowest_right = max(lowest_right, place[x])
                else:
                    highest_wrong = min(highest_wrong, place[x])
            if lowest_right > highest_wrong:
                downs = _below(i, lowest_right, room, state)
                if downs < 0:
                    continue
                _move(_above(i, highest_wrong, room, state), downs, room)
            state.kept[i] = True
            _link(i, room, state)


@compiled
def keep_two_levels(turns, room, state):
    """As `keep_acyclic`, where no token may be above one and below another under a query."""
    turn, begin, end = turns
    start, token, above = room.start, room.token, room.above
    for q in range(len(begin)):
        room.mark[0] += 1
        query = room.mark[0]
        for k in range(begin[q], end[q]):
            i = turn[k]
            state.kept[i] = False
            if not state.usable[i]:
                continue
            fits, optimal = True, 0
            for e in range(start[i], start[i + 1]):
                optimal += state.right[e]
                if room.of_query[token[e]] == query and above[token[e]] != state.right[e]:
                    fits = False
            states_none = optimal == start[i + 1] - start[i]
            state.kept[i] = fits or states_none
            if fits and not states_none:
                for e in range(start[i], start[i + 1]):
                    room.of_query[token[e]] = query
                    above[token[e]] = state.right[e]


@inlined
def _below(i, lowest, room, state):
    """The tokens below the wrong ones of sample i, these too, down to a place: how many there are
    now in ``down``; -1 where an optimal one of it is among them."""
    start, token, seen = room.start, room.token, room.seen_token
    room.mark[0] += 2
    mark, optimal = room.mark[0] - 1, room.mark[0]
    count, at = 0, 0
    for e in range(start[i], start[i + 1]):
        if state.right[e]:
            seen[token[e]] = optimal
        elif room.place[token[e]] < lowest:
            seen[token[e]] = mark
            room.down[count] = token[e]
            count += 1
    while at < count:
        e = room.above[room.down[at]]
        at += 1
        while e >= 0:
            s = room.owner[e]
            e = room.next_entry[e]
            if room.seen_sample[s] == mark:
                continue
            room.seen_sample[s] = mark
            for f in range(start[s], start[s + 1]):
                x = token[f]
                if state.right[f] or room.place[x] > lowest or seen[x] == mark:
                    continue
                if seen[x] == optimal:
                    return -1
                seen[x] = mark
                room.down[count] = x
                count += 1
    return count


@inlined
def _above(i, highest, room, state):
    """The tokens above the optimal ones of sample i, these too, up to a place: how many there are
    now in ``up``."""
    start, token, seen = room.start, room.token, room.seen_token
    room.mark[0] += 1
    mark = room.mark[0]
    count, at = 0, 0
    for e in range(start[i], start[i + 1]):
        if state.right[e] and room.place[token[e]] > highest:
            seen[token[e]] = mark
            room.up[count] = token[e]
            count += 1
    while at < count:
        e = room.below[room.up[at]]
        at += 1
        while e >= 0:
            s = room.owner[e]
            e = room.next_entry[e]
            if room.seen_sample[s] == mark:
                continue
            room.seen_sample[s] = mark
            for f in range(start[s], start[s + 1]):
                x = token[f]
                if state.right[f] and room.place[x] > highest and seen[x] != mark:
                    seen[x] = mark
                    room.up[count] = x
                    count += 1
    return count


@inlined
def _move(ups, downs, room):
    """Give the places of both, first to what is above, each in its order."""
    up, down, place = room.up[:ups], room.down[:downs], room.place
    places = np.concatenate((place[up], place[down]))
    places.sort()
    up[:] = up[np.argsort(place[up])]
    down[:] = down[np.argsort(place[down])]
    place[up] = places[:ups]
    place[down] = places[ups:]


@inlined
def _link(i, room, state):
    """Let the tokens of a kept sample find it."""
    for e in range(room.start[i], room.start[i + 1]):
        x = room.token[e]
        if state.right[e]:
            room.next_entry[e] = room.above[x]
            room.above[x] = e
        else:
            room.next_entry[e] = room.below[x]
            room.below[x] = e
