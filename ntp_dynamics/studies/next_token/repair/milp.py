"""The largest part as an integer program: optimal for small corpora, and a bound on the way.

    z_xy  1 where n(x) = y           sum_y z_xy <= 1
    k_s   1 where sample s is kept   k_s <= sum of z_x,label(s) over the tokens x of s
    r_qx  the place of x under q     k_s = 1, z_x = 1:  r_x >= t_s + 1/2      (x optimal in s)
    t_s   between the two            k_s = 1, z_x = 0:  r_x <= t_s - 1/2

maximise the weight of the kept samples.  Under Assumption 1 a place is above or below (1 or 0), and
sum_x z_xy <= 1.  What the solver returns is built again by `greedy.Kept`, so that only its bound is
taken on trust.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.repair.collocation import completed
from ntp_dynamics.studies.next_token.repair.greedy import Kept
from ntp_dynamics.studies.next_token.repair.terms import Choice, Pairs, Terms
from ntp_dynamics.system.errors import UserError

NODES = 10_000
"""Of the search tree, where no time is given."""
MOST_ROWS = 1_000_000
TOLERANCE = 1e-6
"""The solver's, on what is whole and on its bound."""


class Optimum(NamedTuple):
    """The best part that was found; no part weighs more than ``bound``."""

    kept: Kept
    bound: float


class _Rows(NamedTuple):
    """Rows ``sum of value * variable >= low`` of a program."""

    low: Float[np.ndarray, " M"]
    row: Int[np.ndarray, " K"]
    variable: Int[np.ndarray, " K"]
    value: Float[np.ndarray, " K"]


def size_of(corpus: Corpus) -> int:
    """So many rows the orders have."""
    return 2 * len(corpus.bags.tokens.flat)


def require_size(corpus: Corpus) -> None:
    """Raises UserError for a program too large to write down."""
    if (rows := size_of(corpus)) > MOST_ROWS:
        what = f"the integer program would have {rows:,} rows"
        raise UserError("proof", what, f"at most {MOST_ROWS:,}: leave the proof out, or give less")


def solve(corpus: Corpus, terms: Terms, pairs: Pairs, seconds: float | None) -> Optimum | None:
    """The optimum, or what is found in so many seconds (None: in so many nodes, which is the same
    everywhere); None where nothing is."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    names = _Names.of(corpus, pairs)
    rows = [*_collocation(corpus, terms, pairs, names), *_orders(corpus, terms, names)]
    low = np.concatenate([x.low for x in rows])
    first = np.cumsum([0, *(len(x.low) for x in rows[:-1])])
    row = np.concatenate([x.row + begin for x, begin in zip(rows, first, strict=True)])
    variable = np.concatenate([x.variable for x in rows])
    value = np.concatenate([x.value for x in rows])
    matrix = csr_array((value, (row, variable)), shape=(len(low), names.total))

    high = np.ones(names.total)
    high[: len(pairs.token)] = pairs.allowed
    if not terms.assumption1:
        high[names.between] = names.many
        high[names.place] = names.many[names.sample]
    whole = np.zeros(names.total)
    whole[: names.between[0]] = 1
    cost = np.zeros(names.total)
    unit = corpus.weight.min()
    cost[names.kept] = -corpus.weight / unit
    limit = {"node_limit": NODES} if seconds is None else {"time_limit": seconds}
    found: Any = milp(
        cost,
        constraints=LinearConstraint(matrix, low, np.inf),  # pyright: ignore[reportArgumentType]
        bounds=Bounds(0, high),  # pyright: ignore[reportArgumentType]
        integrality=whole,
        options={"mip_rel_gap": 0.0, **limit},  # pyright: ignore[reportArgumentType]
    )
    if found.x is None:
        return None
    chosen: Bool[np.ndarray, " K"] = found.x > 0.5
    n = np.full(corpus.vocab_size, -1, dtype=np.int64)
    pair = np.flatnonzero(chosen[: len(pairs.token)])
    n[pairs.token[pair]] = pairs.label[pair]
    kept = Kept(corpus, terms, completed(corpus, terms, pairs, n), chosen[names.kept])
    return Optimum(kept, float(-found.mip_dual_bound * unit))


def is_proved(found: float, bound: float, weight: Float[np.ndarray, " N"]) -> bool:
    """Whether no part weighs more: between two sums of whole weights there is no other."""
    slack = TOLERANCE * weight.sum()
    if slack < 0.5 and (weight == np.floor(weight)).all():
        bound = np.floor(bound + slack)
    return bool(found >= bound - slack)


class _Names(NamedTuple):
    """The variables: of pairs, of samples twice, of (query, token); and what is at each entry."""

    kept: Int[np.ndarray, " N"]
    between: Int[np.ndarray, " N"]
    sample: Int[np.ndarray, " E"]
    pair: Int[np.ndarray, " E"]
    place: Int[np.ndarray, " E"]
    many: Int[np.ndarray, " N"]
    """So many tokens stand under the query of each sample."""
    total: int

    @classmethod
    def of(cls, corpus: Corpus, pairs: Pairs) -> _Names:
        """Names for the variables of a corpus."""
        bags, size = corpus.bags.tokens, corpus.size
        owner = bags.owner()
        pair = np.empty(len(owner), dtype=np.int64)
        pair[pairs.entry] = pairs.of_entry
        key = corpus.rows.last[owner] * np.int64(corpus.vocab_size) + bags.flat
        places, place = np.unique(key, return_inverse=True)
        kept = len(pairs.token) + np.arange(size)
        first = len(pairs.token) + 2 * size
        many = np.bincount(places // corpus.vocab_size, minlength=corpus.vocab_size)
        return cls(
            kept=kept,
            between=kept + size,
            sample=owner,
            pair=pair,
            place=first + place,
            many=many[corpus.rows.last],
            total=first + len(places),
        )


def _collocation(corpus: Corpus, terms: Terms, pairs: Pairs, names: _Names) -> list[_Rows]:
    """One continuation a token, injective if it must be; who is kept is reached by it."""
    z = np.arange(len(pairs.token))
    one, size = np.ones(len(z)), corpus.size
    rows = [_Rows(np.full(corpus.vocab_size, -1.0), pairs.token, z, -one)]
    if terms.assumption1:
        rows.append(_Rows(np.full(corpus.vocab_size, -1.0), pairs.label, z, -one))
    elif pairs.declared:  # a token that is followed by all there is has no other continuation
        labels = corpus.vocab_size - bool(corpus.unused)
        rows.append(_Rows(1.0 * (np.diff(pairs.of_token) == labels), pairs.token, z, one))
    row = np.concatenate([names.sample, np.arange(size)])
    variable = np.concatenate([names.pair, names.kept])
    value = np.concatenate([np.ones(len(names.pair)), -np.ones(size)])
    rows.append(_Rows(np.zeros(size), row, variable, value))
    if terms.collocation is Choice.attested:  # every token of a kept sample has a continuation
        token = corpus.bags.tokens.flat
        many = np.diff(pairs.of_token)[token]
        each = np.arange(len(token))
        inside = np.arange(many.sum()) - np.repeat(many.cumsum() - many, many)
        variable = np.concatenate(
            [pairs.of_token[token].repeat(many) + inside, names.kept[names.sample]]
        )
        value = np.concatenate([np.ones(many.sum()), -np.ones(len(token))])
        rows.append(
            _Rows(np.zeros(len(token)), np.concatenate([each.repeat(many), each]), variable, value)
        )
    return rows


def _orders(corpus: Corpus, terms: Terms, names: _Names) -> list[_Rows]:
    """In a kept sample the optimal tokens are above the others, and have the most copies."""
    bags = corpus.bags
    entry = np.flatnonzero(bags.tokens.lengths[names.sample] > 1)
    sample, z, r = names.sample[entry], names.pair[entry], names.place[entry]
    k, t = names.kept[sample], names.between[sample]
    if terms.assumption1:
        rows = [_each(-1.0, (1, r), (-1, k), (-1, z)), _each(-1.0, (-1, r), (-1, k), (1, z))]
    else:
        m = names.many[sample].astype(float)
        rows = [
            _each(0.5 - 2 * m, (1, r), (-1, t), (-m, k), (-m, z)),
            _each(0.5 - m, (1, t), (-1, r), (-m, k), (m, z)),
        ]
    if terms.assumption3:
        copies = bags.copies[entry].astype(float)
        others = bags.tokens.lengths[sample]
        inside = np.arange(others.sum()) - np.repeat(others.cumsum() - others, others)
        every = bags.tokens.start[:-1][sample].repeat(others) + inside
        each = np.arange(len(entry))
        row = np.concatenate([each.repeat(others), each, each])
        variable = np.concatenate([names.pair[every], z, k])
        value = np.concatenate([bags.copies[every].astype(float), copies, -copies])
        rows.append(_Rows(np.zeros(len(entry)), row, variable, value))
    return rows


def _each(
    low: float | Float[np.ndarray, " M"],
    *terms: tuple[float | Float[np.ndarray, " M"], Int[np.ndarray, " M"]],
) -> _Rows:
    """A row an entry; each term has its coefficient and its variable there."""
    size = len(terms[0][1])
    value = np.concatenate([np.broadcast_to(value, size) for value, _ in terms]).astype(float)
    variable = np.concatenate([variable for _, variable in terms])
    return _Rows(
        np.broadcast_to(low, size).astype(float),
        np.tile(np.arange(size), len(terms)),
        variable,
        value,
    )
