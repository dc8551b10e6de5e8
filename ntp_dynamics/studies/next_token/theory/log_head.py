"""The log head: the attention stage on -log of the attention on the optimal token.

    L(W) = -sum_n pi_n log phi_o,   phi = softmax over the tokens of sentence n, copies counted

(Li, Huang, Ildiz, Rawat, Oymak 2024, arXiv 2403.08081, with a tied head; n the collocation.)  Every
sentence holds exactly one token o whose continuation is its label; orders may have cycles, and n
need not be complete.  A sentence of one token says nothing, and dilutes the weights of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from scipy.sparse import csr_array, diags_array

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import is_optimal
from ntp_dynamics.studies.next_token.theory.finite_part import FinitePart, finite_part
from ntp_dynamics.studies.next_token.theory.linear_target import (
    Block,
    LinearTarget,
    steepest,
)
from ntp_dynamics.studies.next_token.theory.offset import offset
from ntp_dynamics.studies.next_token.theory.problems import attention_problem
from ntp_dynamics.studies.next_token.theory.recession import Recession, recession
from ntp_dynamics.system.errors import UserError


def require_one_holder(corpus: Corpus, collocation: Sequence[int], where: str) -> None:
    """Raises UserError for a sentence without exactly one token whose continuation is its label,
    or where every sentence is of one token."""
    right = is_optimal(corpus, np.array(collocation))
    holders = np.add.reduceat(right.astype(int), corpus.bags.tokens.start[:-1])
    longer = corpus.rows.lengths > 1
    if not longer.any():
        what = "every sentence is of one token: there is nothing to attend to"
        raise UserError(where, what, "add longer sentences, or train another stage")
    bad = np.flatnonzero(longer & (holders != 1))
    if len(bad):
        count = "no token" if holders[bad[0]] == 0 else f"{holders[bad[0]]} tokens"
        what = f"{corpus.spell(bad[0])} has {count} whose continuation is its label"
        remedy = "the log head wants exactly one: mend the sample, or use train.head=frozen"
        raise UserError(where, what, remedy)


def log_target(corpus: Corpus, collocation: Sequence[int]) -> LinearTarget:
    """The targets of a corpus every sentence of which has one holder of its label."""
    problem = attention_problem(corpus, np.array(collocation))
    assert problem is not None
    found = recession(problem)
    finite = finite_part(found)
    away = offset(found, finite)
    share = float(corpus.pi[corpus.rows.lengths > 1].sum())
    place = np.full(corpus.vocab_size, -1)
    place[list(corpus.queries)] = np.arange(len(corpus.queries))
    shape = corpus.vocab_size, len(corpus.queries)
    at = found.token, place[found.column]

    def matrix(values: np.ndarray) -> np.ndarray:
        placed = np.zeros(shape)
        placed[at] = values
        return placed

    curvature, excited = steepest(_blocks(found, finite))
    component = np.arange(np.prod(shape)).reshape(shape) + len(found.size)
    component[at] = found.component
    asked, pi = place[problem.column], problem.pi * share
    least = np.full(shape[1], np.inf)
    np.minimum.at(least, asked, pi)
    direction = matrix(found.direction)
    slowest, fastest = away.rates
    return LinearTarget(
        component=component,
        finite=matrix(finite.values),
        direction=direction,
        infimum=share * finite.infimum,
        leak=share * finite.leak,
        curvature=share * curvature,
        excited=excited,
        masses=np.bincount(asked, pi, shape[1]),
        leaking=float((np.square(direction).sum(0) / least).max()),
        slowest=slowest,
        fastest=fastest,
        offset=away.squared,
        shift=away.shift + np.log(share),
    )


def _blocks(found: Recession, finite: FinitePart) -> Iterator[tuple[float, Callable[[], Block]]]:
    """Of each component of several nodes, of the cut-down loss."""
    samples, inside = found.samples, found.inside
    node, sample = found.node[inside], samples.sample[inside]
    odds = samples.copies[inside] * np.exp(finite.values[node])
    share = odds / np.bincount(sample, odds, len(samples.pi))[sample]
    weight = samples.pi[sample]
    shape = len(samples.pi), len(found.column)
    root = csr_array((share * np.sqrt(weight), (sample, node)), shape=shape)
    hessian = csr_array(diags_array(np.bincount(node, weight * share, shape[1])) - root.T @ root)
    order = np.argsort(found.component, kind="stable")
    ends = np.cumsum(found.size)

    def block(c: int) -> Block:
        members = order[ends[c] - found.size[c] : ends[c]]
        return hessian[members][:, members].toarray(), finite.values[members]

    for c in np.flatnonzero(found.size > 1).tolist():
        yield np.inf, partial(block, c)
