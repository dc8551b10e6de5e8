"""A certificate: numbers at one step, and the bounds of every later step that follow from them.

With n = t - step and eta the step size,

    norm[0] + eta n <= ||W|| <= norm[1] + eta n,
    log_excess[0] - n eta / ||W*|| <= log(L - L_min) <= log_excess[1] - n eta / ||W*||,

and, the part of W along W* lying between along[0] + eta n and along[1] + eta n, its part across W*
lies between across[0] - sqrt(growth n) and across[1] + sqrt(growth n), and between held[0] and
held[1] where that is there.  tan of the angle is across over along, and
tan^2 / (2 (1 + tan^2)) <= 1 - cos <= tan^2 / 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.continuation import (
    ONE,
    TWO,
    Closed,
    Refused,
    Rule,
    Standing,
    close,
    smoothness,
    stand,
)
from ntp_dynamics.studies.next_token.theory.continuation_direction import drift
from ntp_dynamics.studies.next_token.theory.exponentials import Exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval

Pair = tuple[float, float]


@dataclass(frozen=True)
class Bounds:
    """As in the module's docstring; ``fall`` is eta / ||W*||, from below and from above."""

    step_size: float
    fall: Pair
    norm: Pair
    along: Pair
    log_excess: Pair
    across: Pair
    growth: float
    held: Pair | None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Bounds:
        """Those of a certificate as JSON holds them (`Certificate.to_json`)."""
        told: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
        return cls(**told)

    def norm_at(self, n: Float[np.ndarray, " T"]) -> Interval:
        """||W|| after n more steps."""
        way = Interval.exactly(self.step_size) * Interval.exactly(n)
        return Interval(*(np.full(n.shape, x) for x in self.norm)) + way

    def log_excess_at(self, n: Float[np.ndarray, " T"]) -> Interval:
        """log(L - L_min) after n more steps."""
        fallen = Interval(*(np.full(n.shape, x) for x in self.fall)) * Interval.exactly(n)
        return Interval(*(np.full(n.shape, x) for x in self.log_excess)) - fallen

    def gap_at(self, n: Float[np.ndarray, " T"]) -> Interval:
        """1 - cos after n more steps; 2 at most while the part along W* may be none."""
        way = Interval.exactly(self.step_size) * Interval.exactly(n)
        along = Interval(*(np.full(n.shape, x) for x in self.along)) + way
        more = (Interval.exactly(self.growth) * Interval.exactly(n)).root()
        low = Interval.exactly(self.across[0]) - more
        high = Interval.exactly(self.across[1]) + more
        across = Interval(np.maximum(low.low, 0), high.high)
        if self.held is not None:
            least, most = self.held
            across = Interval(np.maximum(across.low, least), np.minimum(across.high, most))
        known = along.low > 0
        along = Interval(np.where(known, along.low, 1.0), np.where(known, along.high, 1.0))
        tan = (across / along).square()
        high = np.where(known, np.minimum((tan / TWO).high, 2), 2.0)
        low = np.where(known, (tan / (TWO * (ONE + tan))).low, 0.0)
        return Interval(np.maximum(low, 0), high)


@dataclass(frozen=True, eq=False)
class Certificate:
    """What was proved from the state at one step on."""

    exponentials: Exponentials
    standing: Standing
    rule: Rule
    closed: Closed
    drift: Pair | None
    """M and B of `continuation_direction`."""
    bounds: Bounds

    def to_json(self) -> dict[str, Any]:
        """Everything that a reader needs to check it, beside corpus, state and configuration."""
        columns, shares = self.exponentials.columns, self.standing.shares
        query, above = np.divmod(columns.entries[columns.above], columns.vocab_size)
        below = columns.entries[columns.below] % columns.vocab_size
        named = [x.tolist() for x in (above, below, query)]
        listed = {",".join(str(x[r]) for x in named): str(share) for r, share in shares.items()}
        held = (
            None if self.drift is None else dict(zip(("moved", "spread"), self.drift, strict=True))
        )
        return {
            "step_size": self.rule.step_size,
            "margin": _pair(self.rule.margin),
            "shares": listed,
            "closed": dict(vars(self.closed)),
            "drift": held,
            "bounds": {
                k: list(v) if isinstance(v, tuple) else v for k, v in vars(self.bounds).items()
            },
        }


def certify(
    e: Exponentials, scores: Float[np.ndarray, "V Q"], queries: Sequence[int], rule: Rule
) -> Certificate:
    """What the scores of a run prove of every later step.  Raises Refused."""
    with np.errstate(over="ignore"):
        s = stand(e, scores, queries)
        closed = close(e, s, rule)
        held = drift(e, s, closed, rule)
        bounds = _bounds(e, s, rule, closed, held)
    if bounds.norm[0] <= 0:
        raise Refused("it is too early: the part along W* may still be none")
    if not np.isfinite([*bounds.norm, *bounds.log_excess, *bounds.across, bounds.growth]).all():
        raise Refused("its bounds leave the range of floats")
    return Certificate(e, s, rule, closed, held, bounds)


def _bounds(e: Exponentials, s: Standing, rule: Rule, closed: Closed, held: Pair | None) -> Bounds:
    eta, d = Interval.exactly(rule.step_size), Interval.exactly(closed.deficit)
    theta = eta / s.gamma
    erred = smoothness(e).root() * theta * Interval.exactly(closed.errors)
    low, high = s.across - erred, s.across + erred
    moved = None if held is None else Interval.exactly(held[0])
    stays = None if moved is None else ((s.across - moved).low, (s.across + moved).high)
    along = s.along - d
    return Bounds(
        step_size=rule.step_size,
        fall=_pair(s.gamma * eta),
        norm=(float(along.low), float(s.norm.high)),
        along=(float(along.low), float(s.along.high)),
        log_excess=_log_excess(e, s, rule, closed, along),
        across=(float(low.low), float(high.high)),
        growth=float((TWO * Interval.exactly(closed.work) * theta).high),
        held=None if stays is None else (float(stays[0]), float(stays[1])),
    )


def _log_excess(e: Exponentials, s: Standing, rule: Rule, closed: Closed, along: Interval) -> Pair:
    """log(L - L_min) at n = 0, from below and from above.

    With p the probability of one wrong token at the margin Delta, a = Delta leak, and r the sum of
    copies_b / copies_a e^{-<z, W>} of a sentence, its excess lies between
    Delta V p r (1 - leak) / (1 + a V p) and Delta V p r e^{2 a}.
    """
    margin, v = rule.margin, Interval.exactly(e.classes)
    leak = Interval.exactly(closed.leak)
    log_wrong = v.log() - margin - (ONE + (v - ONE) * (-margin).exp()).log()
    wrong = log_wrong.exp()
    scale = margin.log() + log_wrong - e.total.log()
    high = scale + TWO * margin * leak + Interval.exactly(closed.divergence) + s.entropy
    low = scale + (ONE - leak).log() - (ONE + margin * wrong * leak).log() + s.entropy
    return float((low - s.gamma * s.along).low), float((high - s.gamma * along).high)


def _pair(x: Interval) -> Pair:
    return float(x.low), float(x.high)
