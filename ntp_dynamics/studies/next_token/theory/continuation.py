"""A proof from here on: what the state at one step says of every later step.

Normalised descent on the attention layer is entropic mirror descent in q_r, proportional to
C_r e^{-<z_r, W>} (`exponentials`; the dual view of Ji and Telgarsky, with the gradient's own norm),
up to an error eps in l1 that the leak bounds.  With gamma = 1/||W*||, q* the multipliers of problem
(3) divided by their sum, f(q) = ||sum q z||^2 / 2 and theta <= eta / gamma the step of q,

    theta (f(q_{t+1}) - gamma^2 / 2) <= KL(q*|q_t) - KL(q*|q_{t+1}) + beta theta eps_t^2,

where beta is 1, or 3/2 with confused tokens.  From the state at t0 alone, with n = t - t0:

    along + eta n - D <= <W, W*> / ||W*|| <= ||W|| <= norm + eta n,
    log sum_r C_r e^{-<z_r, W>} = KL_t + sum q* log(C / q*) - gamma <W, W*> / ||W*||.

The second line bounds every later leak by a geometric series, the leaks bound the errors, and a
number D that is large enough for what follows from it closes the argument: no state after t0
enters.  docs/certificates.md has the proof.  Everything is rounded outward (`interval`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.exponentials import Exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval, dot
from ntp_dynamics.studies.next_token.theory.multipliers import closest_flow

ROOM = 1.02
"""How much larger than what follows from it the next D is taken."""
ROUNDS = 40
MOST_GROWTH = 100.0
"""Of the exponent Delta lambda, beyond which nothing can be said."""
ONE, TWO = Interval.exactly(1.0), Interval.exactly(2.0)


class Refused(Exception):
    """There is no proof from this state; its text says why, in one line."""


@dataclass(frozen=True, eq=False)
class Rule:
    """What moves the run: eta, and the margin of the frozen logits."""

    step_size: float
    margin: Interval


@dataclass(frozen=True, eq=False)
class Standing:
    """What a state says, as it is: numbers at t0."""

    shares: dict[int, Fraction]
    """q* of the relations that have one."""
    gamma: Interval
    divergence: Interval
    """KL(q*|q)."""
    entropy: Interval
    """sum q* log(C / q*)."""
    height: Interval
    """f(q) - gamma^2 / 2."""
    along: Interval
    """<W, W*> / ||W*||."""
    across: Interval
    """|| W less its part along W* ||."""
    norm: Interval
    log_q: Interval

    @property
    def support(self) -> np.ndarray:
        return np.array(sorted(self.shares))

    def of_support(self) -> Interval:
        """q* in the order of `support`."""
        return Interval.of([self.shares[r] for r in sorted(self.shares)]).not_negative()


@dataclass(frozen=True)
class Closed:
    """Bounds of everything after t0: each holds if the others do, and all hold at t0."""

    deficit: float
    """D."""
    leak: float
    """Of the worst sentence at t0; e^{-gamma eta} times less a step later, and so on."""
    errors: float
    """Sum of eps over all later steps; ``squared_errors`` of eps^2."""
    squared_errors: float
    work: float
    """A: sum of theta (f - gamma^2 / 2) over all later steps."""
    divergence: float
    """KL(q*|q_t), at every later step."""


def stand(e: Exponentials, scores: Float[np.ndarray, "V Q"], queries: Sequence[int]) -> Standing:
    """What scores S = E^T W E_Q say, exact as they stand, of a W that has no other part.

    Raises Refused where no multipliers were found.
    """
    at = Interval.exactly(e.at(scores, queries))
    margins = at[e.above] - at[e.below]
    exponents = e.coefficient.log() - margins
    shift = Interval.exactly(exponents.high.max())
    log_sum = (exponents - shift).exp().sum().log() + shift
    log_q = exponents - log_sum
    shares = _shares(e, log_q)
    gamma_squared = Interval.of([1 / e.norm_squared])[0]
    gamma = gamma_squared.root()
    support = np.array(sorted(shares))
    star = Interval.of([shares[r] for r in sorted(shares)]).not_negative()
    log_star = star.log()
    along = dot(star, margins[support]) / gamma
    values = Interval.of(e.values)
    rest = at - along * gamma * values
    outside = Interval.exactly(scores).square().sum() - at.square().sum()
    return Standing(
        shares=shares,
        gamma=gamma,
        divergence=dot(star, log_star - log_q[support]).not_negative(),
        entropy=dot(star, e.coefficient[support].log() - log_star),
        height=_height(e, log_q.exp(), gamma_squared, values),
        along=along,
        across=(rest.square().sum() + outside.not_negative()).root(),
        norm=Interval.exactly(scores).square().sum().root(),
        log_q=log_q,
    )


def _shares(e: Exponentials, log_q: Interval) -> dict[int, Fraction]:
    kept = np.flatnonzero(e.carrying)
    tokens, ends = np.unique(np.r_[e.above[kept], e.below[kept]], return_inverse=True)
    supply = [e.values[token] for token in tokens.tolist()]
    weights = np.exp(log_q.low[kept] - log_q.high[kept].max())
    flow = None
    if (weights > 0).all():
        flow = closest_flow(ends[: len(kept)], ends[len(kept) :], supply, weights)
    if flow is None:
        raise Refused("no multipliers close to the state were found")
    return dict(zip(kept.tolist(), (x / e.norm_squared for x in flow), strict=True))


def _height(e: Exponentials, q: Interval, gamma_squared: Interval, values: Interval) -> Interval:
    """f(q) - f(q*) = <x*, x - x*> + ||x - x*||^2 / 2, two numbers that are not negative."""
    x = q.sums(e.above, e.size) - q.sums(e.below, e.size)
    apart = (x - gamma_squared * values).square().sum()
    return gamma_squared * dot(q, e.slack) + apart / TWO


def close(e: Exponentials, s: Standing, rule: Rule) -> Closed:
    """Bounds of everything after a state.  Raises Refused where none were found."""
    deficit = 0.0
    for _ in range(ROUNDS):
        found = _follows(e, s, rule, deficit)
        if found.deficit <= deficit:
            return Closed(deficit, *_others(found))
        deficit = found.deficit * ROOM
    raise Refused("it is too early: the bound of the later leaks does not close")


def _others(found: Closed) -> tuple[float, ...]:
    return (
        found.leak,
        found.errors,
        found.squared_errors,
        found.work,
        found.divergence,
    )


def smoothness(e: Exponentials) -> Interval:
    """beta = max ||z_r - z_s||^2 / 4."""
    return Interval.exactly(1.5 if e.confused else 1.0)


def _follows(e: Exponentials, s: Standing, rule: Rule, deficit: float) -> Closed:
    """What follows where the part along W* never falls behind by more than ``deficit``; errors are
    first taken as none, then as what comes of them."""
    eta = Interval.exactly(rule.step_size)
    theta, beta = eta / s.gamma, smoothness(e)
    decay = s.gamma * eta
    divergence = Interval(s.divergence.high, s.divergence.high)
    errors = squared = leak = Interval.exactly(0.0)
    for _ in range(ROUNDS):
        known = divergence
        exponent = known + s.entropy - s.gamma * (s.along - Interval.exactly(deficit))
        leak = (exponent - Interval.exactly(e.least).log()).exp()
        first = _sensitivity(leak, rule.margin, e.classes) * leak / TWO
        errors = first / (ONE - (-decay).exp())
        squared = first.square() / (ONE - (-(TWO * decay)).exp())
        divergence = s.divergence + beta * theta * squared
        if divergence.high <= known.high:
            break
        divergence = Interval.exactly(divergence.high * (1 + 1e-9))
    else:
        raise Refused(_too_early(leak))
    _check_step(e, s, theta, known, first, squared)
    furthest = (s.gamma.square() + TWO * s.height + beta * squared).root() + beta.root() * first
    work = theta * s.height + furthest / s.gamma * (s.divergence + beta * theta * squared)
    found = work / s.gamma + beta.root() * theta * errors
    numbers = found, leak, errors, squared, work, known
    return Closed(*(float(x.high) for x in numbers))


def _sensitivity(leak: Interval, margin: Interval, classes: int) -> Interval:
    """kappa with eps <= kappa lambda / 2 for every leak lambda up to this one.

    The share of a relation in the gradient is q_r times phi_* [p_v + (1 - p_y) phi_* - R], which
    lies between (1 - lambda) (V - (V - 1) lambda - lambda E^2) and E (V - 2 + 2 E), in units of the
    limit, with E = e^{Delta lambda}.  Raises Refused where the lower end is not positive.
    """
    top, v = Interval.exactly(leak.high), Interval.exactly(classes)
    if top.high >= 1 or (margin * top).high > MOST_GROWTH:
        raise Refused(_too_early(leak))
    growth = (margin * top).exp()
    rest = (v - ONE + growth.square()) / v
    left = ONE - rest * top
    if left.low <= 0:
        raise Refused(_too_early(leak))
    upper = margin * (ONE + TWO * growth / v)  # e^x - 1 <= x e^x
    return upper + rest / left + ONE / (ONE - top)


def _too_early(leak: Interval) -> str:
    return f"it is too early: the leak is bounded by {float(leak.high):.2g} only"


def _check_step(
    e: Exponentials,
    s: Standing,
    theta: Interval,
    divergence: Interval,
    first: Interval,
    squared: Interval,
) -> None:
    """Raises Refused unless 2 theta l <= 1 for an l with

        ||x_{t+1} - x_t||^2 / 2 <= l KL(q_{t+1}|q_t).

    beta is one (Pinsker).  Near the target the largest eigenvalue of the covariance of z is less:
    at most the largest sum of the degrees of the two tokens of a relation, in the graph with
    weights q.  A step changes q by e^G at most, and there l = lambda e^G / (1 - G / 6).
    """
    beta = smoothness(e)
    if (TWO * beta * theta).high <= 1:
        return
    apart = (TWO * s.height + beta * squared).root() + beta.root() * first
    widest = (
        s.gamma.square() * Interval.exactly(e.slack.high.max())
        + Interval.exactly(8.0).root() * apart
    )
    tilt = theta * widest
    left = ONE - tilt / Interval.exactly(6.0)
    load = TWO * theta * _largest_degree(e, s, divergence) * tilt.exp()
    if left.low <= 0 or load.high > left.low:
        eta, most = theta * s.gamma, s.gamma / (TWO * beta)
        raise Refused(
            f"the step size {float(eta.high):.3g} is too large for this state: above "
            f"{float(most.low):.3g} it has to be closer to the target"
        )


def _largest_degree(e: Exponentials, s: Standing, divergence: Interval) -> Interval:
    """The most that q can put on the relations of the two tokens of one relation, itself twice,
    while KL(q*|q) stays below a number: a share p can become p + k + sqrt(k^2 + 2 k p)."""
    low, high = np.zeros((2, len(e.above)))
    star = s.of_support()
    low[s.support], high[s.support] = star.low, star.high
    own = Interval(low, high)
    ends = np.concatenate([e.above, e.below])
    degree = Interval(np.tile(low, 2), np.tile(high, 2)).sums(ends, e.size)
    touching = (degree[e.above] + degree[e.below] - own).not_negative()

    def most(p: Interval) -> Interval:
        k = divergence
        return p + k + (k.square() + TWO * k * p).root()

    return Interval.exactly((most(touching) + most(own)).high.max())
