"""Every claim of the study, in the order of its sources."""

from __future__ import annotations

from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    SignDescent,
    VotesDataset,
    VotesFileDataset,
)
from ntp_dynamics.studies.next_token.theory import (
    any_corpus_claims,
    asymptotics,
    entrywise,
    exact_direction,
    huang2024,
    votes,
)
from ntp_dynamics.verdict.claim import Claim

OF_EVERY_JOB = [*huang2024.CLAIMS, *asymptotics.CLAIMS, *exact_direction.CLAIMS]
"""What the paper says and what follows from it, whatever the rule of a job is."""
OF_A_CORPUS = {VotesDataset: votes.CLAIMS, VotesFileDataset: votes.CLAIMS}
"""What is said of one kind of corpora."""
OF_A_RULE = {SignDescent: entrywise.SIGN_DESCENT, Adam: entrywise.ADAM_SPEED}
"""What is said of one update rule."""
CLAIMS = [
    *OF_EVERY_JOB,
    *votes.CLAIMS,
    *(claim for claims in OF_A_RULE.values() for claim in claims),
    *any_corpus_claims.CLAIMS,
]


def claims_of(config: Config) -> list[Claim]:
    """Those that a job with this corpus, rule and these stages is held against."""
    own = [claims for kind, claims in OF_A_CORPUS.items() if type(config.dataset) is kind]
    own += [claims for rule, claims in OF_A_RULE.items() if isinstance(config.optimizer, rule)]
    own += [any_corpus_claims.claims_of(x, config.optimizer) for x in config.linear_stages]
    return [*OF_EVERY_JOB, *(claim for claims in own for claim in claims)]
