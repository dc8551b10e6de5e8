"""Systems whose rate is known by proof, each held against what is true of it and what is not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from benchmarks.calibration import collocation, recursions
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.theory import asymptotics, huang2024
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict

HORIZON = 10_000
HOLDS = ("tight", "faster", "holds")


@dataclass(frozen=True)
class Finding:
    """One claim on one system: what was found and what had to be."""

    system: str
    claim: str
    expected: tuple[str, ...]
    verdict: Verdict

    @property
    def right(self) -> bool:
        return self.verdict.label in self.expected


def findings() -> list[Finding]:
    """The eight systems, in the order of the report."""
    return [
        *_pair("descent, separable logistic", recursions.logistic, Law.power(0, -1),
               Law.power(0.5)),
        *_exact(),
        *_pair("descent on a quadratic", recursions.quadratic,
               Law.exponential(recursions.QUADRATIC_RATE),
               Law.exponential(1.1 * recursions.QUADRATIC_RATE)),
        *_pair("averaged stochastic descent", recursions.averaged, Law.power(1), Law.power(1.5)),
        *_pair("SVM of two points", _two_points, Law.power(2), Law.power(2.5)),
        *_pair("recursion of order log^2 t / t", recursions.log_squared, Law.power(1, 2),
               Law.power(1, 1)),
        *_pair("subgradient descent, steps t^-1/2", recursions.subgradient, Law.power(0.5),
               Law.power(1, 1)),
        *_violator(),
    ]  # fmt: skip


def _pair(system: str, record, true: Law, false: Law) -> list[Finding]:
    t, log_y = record(HORIZON)
    return [
        Finding(system, law.describe(), expected, _claim(law).judge(t, log_y))
        for law, expected in ((true, HOLDS), (false, ("contradicted",)))
    ]


def _claim(law: Law) -> Claim:
    return Claim("calibration", law.describe(), "a theorem", "", "", "y", law)


def _two_points(horizon: int) -> recursions.Series:
    t, w = recursions.two_points(horizon)
    return t, recursions.gap_to(w)


def _exact() -> list[Finding]:
    record = collocation.exact(2_000)
    return [
        Finding("normalised descent, collocations", claim.id, HOLDS, record.judge(claim))
        for claim in asymptotics.EXACT_FEED_FORWARD
    ]


def violating_record(horizon: int = 2_000, step_size: float = 30.0) -> collocation.Trajectory:
    """Plain descent from a large random start."""
    generator = torch.Generator().manual_seed(0)
    start = 3 * torch.randn(6, 4, 4, generator=generator, dtype=torch.float64)
    matrix = TokenMatrix(start, torch.zeros(6, dtype=torch.float64))
    known = [[1, 2, 3, 0]] * 6
    return collocation.train(known, matrix, step_size, horizon, normalised=False, zero_init=False)


def _violator() -> list[Finding]:
    """Proposition 1 on plain descent from a random start: it does not apply, and where the record
    is made to say that it does, one step breaks the bound."""
    record, claim = violating_record(), huang2024.PROPOSITION_1[0]
    name = "plain descent from a random start"
    bare = replace(claim, preconditions=())
    return [
        Finding(name, "ov.direction", ("does not apply",), record.judge(claim)),
        Finding(name, "ov.direction, hypotheses ignored", ("contradicted",), record.judge(bare)),
    ]
