"""Hypotheses of the theorems, checked on the actual corpora, weights and settings."""

from __future__ import annotations

import math
from collections.abc import Callable

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.min_norm import TARGET_GAP
from ntp_dynamics.verdict.claim import Precondition

TRAINED: dict[Stage, Precondition] = {
    stage: Precondition(
        f"{stage} trained",
        lambda c, stage=stage: stage in c.trained,
        f"the {stage} stage was not trained",
    )
    for stage in Stage
}

HARD = Precondition("hard labels", lambda c: c.hard, "the feed-forward stage learns soft labels")
FROZEN = Precondition("frozen head", lambda c: c.frozen, "attention is scored by the log head")

PAPER_STAGE = {
    Stage.feed_forward: (TRAINED[Stage.feed_forward], HARD),
    Stage.attention: (TRAINED[Stage.attention], FROZEN, HARD),
}
"""The two stages as the paper has them."""

COMPLETE = Precondition(
    "complete collocation",
    lambda c: c.complete,
    "the continuation of some token is not stated",
)
COLLOCATION = Precondition(
    "some collocation", lambda c: c.known > 0, "no token has a known continuation"
)
REALIZABLE = Precondition("realizable", lambda c: c.realizable, "the corpus is not realizable")
INJECTIVE = Precondition("injective", lambda c: c.injective, "two tokens share a continuation")
TWO_LABELS = Precondition(
    "two labels", lambda c: c.two_labels, "what comes next is a token, and not one of two labels"
)
ONE_RIGHT_VOTER = Precondition(
    "one right voter",
    lambda c: c.one_right_voter,
    "in some sentence not exactly one type of token votes for the label: with two the winner takes "
    "all, and it is not known which",
)
VOTES = (TWO_LABELS, ONE_RIGHT_VOTER)
"""In place of an injective n."""
UNCONFUSED = Precondition("no confused token", lambda c: c.unconfused, "some token is confused")
ASSUMPTION_1 = (COMPLETE, REALIZABLE, INJECTIVE, UNCONFUSED)
"""With the set-up that it is part of: n is a permutation of the whole vocabulary."""
ASSUMPTION_2 = Precondition(
    "assumption 2", lambda c: c.orthonormal, "the embeddings are not orthonormal"
)
ASSUMPTION_3 = Precondition(
    "assumption 3",
    lambda c: c.assumption3,
    "a wrong token outnumbers the optimal one in some sentence",
)
ZERO_INIT = Precondition("zero init", lambda c: c.zero_init, "training does not start from zero")
NORMALISED = Precondition(
    "ngd", lambda c: c.normalised, "the optimiser is not normalised gradient descent"
)
PLAIN = Precondition(
    "plain rule",
    lambda c: not c.departures,
    lambda c: (
        f"{' and '.join(c.departures)} {'are' if c.departures[1:] else 'is'} no part of the "
        "paper's rule"
    ),
)
PAPER_RULE = (NORMALISED, PLAIN)
"""Of the full batch, without momentum and decay."""
FULL_BATCH = Precondition(
    "full batch",
    lambda c: c.batch.size is None,
    lambda c: f"{' '.join(c.batch.additions)} is not every sentence",
)
NO_DECAY = Precondition(
    "no decay",
    lambda c: c.optimizer.weight_decay == 0,
    lambda c: f"a weight decay of {c.optimizer.weight_decay:g} shortens the weights",
)
RELATIONS = Precondition(
    "relations", lambda c: ~(c.kq_norm == 0), "the corpus states no relation to learn"
)
TARGET = Precondition(
    "target",
    lambda c: c.kq_gap <= TARGET_GAP,
    "problem (3) has no solution for these embeddings, or none was found",
)
REGIME = Precondition(
    "regime",
    lambda c: c.forced_zero >= 0,
    "the regime is unknown: the target is not exact and has no clear set of multipliers",
)
SMALL_STEP = Precondition(
    "eta <= ||W*_kq|| / e",
    lambda c: ~(c.eta > c.kq_norm / math.e),
    "the step size exceeds ||W*_kq|| / e",
)
STABLE_STEP = Precondition(
    "eta < eta_c",
    lambda c: ~(c.eta >= c.eta_c_at_most),
    "the step size is not below eta_c = 2 / (||W*_kq|| lambda_max(Cov z))",
)
"""Where eta_c is not known, what it is at most stands for it (`step_size`)."""
NO_TRAP = Precondition(
    "no trap",
    lambda c: ~(c.pull <= -1),
    "heavier sentences alone drive a lighter one to a margin of -1 or less",
)
"""Exactly -1 fails too: such a sentence comes back late, or never (`traps`)."""
EQUAL_MARGINS = Precondition(
    "equal margins", lambda c: c.equal_margins, "the margins of the feed-forward layer differ"
)
PURE_ATTENTION = Precondition(
    "pure attention",
    lambda c: c.pure,
    "at the logits of the feed-forward layer a mixture of tokens beats the optimal one",
)
EXTENDABLE = Precondition(
    "non-comparable token", lambda c: c.extendable, "no token is non-comparable under any query"
)


def long_first_stage(least: Callable[[Constants], object], text: str) -> Precondition:
    """T, the length of the first stage, is at least ``least``."""
    return Precondition(f"T >= {text}", lambda c: c.steps0 >= least(c), f"T is below {text}")
