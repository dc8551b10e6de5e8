"""Why a sample is not kept, with what shows it by hand.

    two continuations     the sample is [x] alone, and n(x) is another token
    missing collocation   no continuation is left for a token of it
    unreachable label     its next token is n(x) for no token x of it
    majority of copies    a token that is not optimal has the most copies (Assumption 3)
    cycle                 kept samples lead from a wrong token of it up to an optimal one
    confused token        a kept sample has one of its tokens the other way round (Assumption 1)

With any of these samples the kept part, n declared, would no more be what is asked.
"""

from __future__ import annotations

from collections import defaultdict, deque
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.orders import optimal_tokens
from ntp_dynamics.studies.next_token.repair.greedy import Kept


class Cause(StrEnum):
    """Why a sample is not kept, in the order in which causes are looked for."""

    TWO_CONTINUATIONS = "two continuations"
    MISSING_COLLOCATION = "missing collocation"
    UNREACHABLE_LABEL = "unreachable label"
    MAJORITY = "majority of copies"
    CYCLE = "cycle"
    CONFUSED = "confused token"


class Evidence(NamedTuple):
    """What shows that sample ``sample`` cannot be kept.

    ``tokens``: those of the sample; those without a continuation; the optimal ones, then the one of
    more copies; the way x1 > x2 > ... from a wrong token to an optimal one; the confused token.
    ``samples``: for a cycle, kept sample k has token k above the next one; for a confused token,
    the kept sample that has it the other way round.
    """

    sample: int
    cause: Cause
    tokens: tuple[int, ...]
    samples: tuple[int, ...] = ()


class Dropped:
    """The causes of all that is not kept; each is spelled out when it is asked for."""

    def __init__(self, kept: Kept):
        self._kept = kept
        self._found: dict[int, dict[int, list[int]]] = {}

    def causes(self) -> dict[Cause, Int[np.ndarray, " M"]]:
        """The samples of each cause that there is."""
        kept = self._kept
        samples = np.flatnonzero(~kept.mask)
        missing, unreached, majority = kept.faults(samples)
        alone = (kept.corpus.rows.lengths[samples] == 1) & ~missing
        rest = Cause.CONFUSED if kept.terms.assumption1 else Cause.CYCLE
        cases = {
            Cause.TWO_CONTINUATIONS: alone,
            Cause.MISSING_COLLOCATION: missing,
            Cause.UNREACHABLE_LABEL: unreached,
            Cause.MAJORITY: majority,
        }
        which = np.select(list(cases.values()), range(len(cases)), len(cases))
        every = {cause: samples[which == i] for i, cause in enumerate([*cases, rest])}
        return {cause: found for cause, found in every.items() if len(found)}

    def evidence(self, cause: Cause, sample: int) -> Evidence:
        """Of one of the samples of a cause."""
        kept = self._kept
        corpus, n = kept.corpus, kept.n
        optimal, others = optimal_tokens(corpus, sample, n.tolist())
        tokens: tuple[int, ...] = (*optimal, *others)
        if cause is Cause.MISSING_COLLOCATION:
            tokens = tuple(token for token in tokens if n[token] < 0)
        if cause is Cause.MAJORITY:
            copies = corpus.sentences[sample].count
            tokens = *optimal, max(others, key=copies)
        if cause is Cause.CONFUSED:
            return self._confused(sample, optimal, others)
        if cause is Cause.CYCLE:
            return self._cycle(sample, optimal, others)
        return Evidence(sample, cause, tokens)

    def _confused(self, sample: int, optimal: list[int], others: list[int]) -> Evidence:
        """A kept sample of the query that has a token of this one in the other role."""
        for other in self._kept_of(sample):
            above, below = self._roles(other)
            wrong = [x for x in optimal if x in below] + [x for x in others if x in above]
            if wrong and above and below:
                return Evidence(sample, Cause.CONFUSED, (wrong[0],), (other,))
        raise AssertionError("a sample that nothing contradicts is kept")

    def _cycle(self, sample: int, optimal: list[int], others: list[int]) -> Evidence:
        """The shortest way down from a wrong token to an optimal one, through kept samples."""
        above = self._above(sample)
        before: dict[int, tuple[int, int] | None] = dict.fromkeys(others)
        todo, used = deque(others), set()
        while todo:
            token = todo.popleft()
            if token in optimal:
                return Evidence(sample, Cause.CYCLE, *_way(token, before))
            for other in above.get(token, ()):
                if other not in used:
                    used.add(other)
                    for below in self._roles(other)[1]:
                        if below not in before:
                            before[below] = token, other
                            todo.append(below)
        raise AssertionError("a sample that closes no cycle is kept")

    def _roles(self, sample: int) -> tuple[list[int], list[int]]:
        kept = self._kept
        begin, end = kept.room.start[sample], kept.room.start[sample + 1]
        tokens, right = kept.room.token[begin:end], kept.state.right[begin:end]
        return tokens[right].tolist(), tokens[~right].tolist()

    def _kept_of(self, sample: int) -> list[int]:
        """The kept samples under the query of one."""
        query = np.array([self._kept.corpus.rows.last[sample]])
        samples = self._kept.samples_of(query)
        return samples[self._kept.mask[samples]].tolist()

    def _above(self, sample: int) -> dict[int, list[int]]:
        """Under the query of a sample: the kept samples in which each token is optimal."""
        query = int(self._kept.corpus.rows.last[sample])
        if query not in self._found:
            self._found = {query: defaultdict(list)}  # of one query at a time
            for other in self._kept_of(sample):
                for token in self._roles(other)[0]:
                    self._found[query][token].append(other)
        return self._found[query]


def _way(
    end: int, before: dict[int, tuple[int, int] | None]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens from the first to ``end``, and the samples between them."""
    tokens, samples = [end], []
    while (step := before[tokens[-1]]) is not None:
        tokens.append(step[0])
        samples.append(step[1])
    return tuple(reversed(tokens)), tuple(reversed(samples))


def to_json(kept: Kept, evidence: Evidence) -> dict[str, Any]:
    """A line of a file: the sample, the cause, and what shows it; tokens as in the corpus."""
    corpus, n = kept.corpus, kept.n
    name = (lambda v: v) if corpus.unnamed else corpus.vocab.__getitem__
    line = {**corpus.sample(evidence.sample), "cause": str(evidence.cause)}
    if evidence.cause in (Cause.CYCLE, Cause.CONFUSED):
        shown = [corpus.sample(i) for i in evidence.samples]
        return {**line, "tokens_shown": [name(x) for x in evidence.tokens], "kept": shown}
    told = {corpus.vocab[x]: name(int(n[x])) if n[x] >= 0 else None for x in evidence.tokens}
    return {**line, "n": told}
