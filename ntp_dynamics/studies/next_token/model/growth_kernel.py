"""`model.growth` inside the fused kernels: odds phi_+ / phi_- of every sentence, at
every step.

A kernel leaves in `PerSentence` what the odds are (`weigh`), as m 2^k, so that none is too large;
they are compared with those before the last step (`grow`), and become these with the next (`keep`).
"""

from __future__ import annotations

import math

from numba import njit

from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    load,
    store,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import (
    largest,
    maximum,
    minimum,
    power_of_two,
    total,
)

NEVER = -1e300
"""A power below all others."""
WIDEST = 1000.0
"""Powers of two by which odds are followed in one step; beyond, their growth counts as that."""


@njit(**INLINE)
def weigh(layout, block, raw, power, per_sentence):
    """Odds of eight sentences whose tokens weigh raw 2^power."""
    begin = layout.first[block] * LANES
    size = layout.first[block + 1] * LANES - begin
    zero, one = fill(0.0), fill(1.0)
    best, worst = _tops(layout.optimal, begin, size, power)
    right, wrong = zero, zero
    for u in range(0, size, LANES):
        optimal = load(layout.optimal, begin + u)
        top = where_greater(optimal, zero, best, worst)
        w = load(raw, u) * power_of_two(load(power, u) - top)
        right = right + optimal * w
        wrong = wrong + (one - optimal) * w
    put_odds(per_sentence, block, right, wrong, best - worst)


@njit(**INLINE)
def put_odds(per_sentence, block, right, wrong, power):
    """Odds right / wrong 2^power of eight sentences."""
    zero = fill(0.0)
    place = block * LANES
    store(per_sentence.odds_now, place, where_greater(wrong, zero, right / wrong, zero))
    store(per_sentence.power_now, place, power)


@njit(**INLINE)
def weigh_one(layout, s, weight, power, per_sentence):
    """Odds of a sentence whose tokens lie side by side."""
    begin = layout.first[s]
    size = layout.first[s + 1] - begin
    zero, one = fill(0.0), fill(1.0)
    tops = _tops(layout.optimal, begin, size, power)
    best, worst = fill(largest(tops[0])), fill(largest(tops[1]))
    right, wrong = zero, zero
    for u in range(0, size, LANES):
        optimal = load(layout.optimal, begin + u)
        top = where_greater(optimal, zero, best, worst)
        w = load(weight, u) * power_of_two(load(power, u) - top)
        right = right + optimal * w
        wrong = wrong + (one - optimal) * w
    against = total(wrong)
    per_sentence.odds_now[s] = total(right) / against if against > 0.0 else 0.0
    per_sentence.power_now[s] = largest(best) - largest(worst)


@njit(**INLINE)
def _tops(optimal, begin, size, power):
    """The largest power of an optimal and of a wrong token, lane by lane."""
    never, zero = fill(NEVER), fill(0.0)
    best, worst = never, never
    for u in range(0, size, LANES):
        k, here = load(power, u), load(optimal, begin + u)
        best = maximum(where_greater(here, zero, k, never), best)
        worst = maximum(where_greater(here, zero, never, k), worst)
    return best, worst


@njit(**INLINE)
def grow(per_sentence):
    """Compare; doing so twice changes nothing."""
    zero, endless = fill(0.0), fill(math.inf)
    for i in range(0, len(per_sentence.odds_now), LANES):
        now, before = load(per_sentence.odds_now, i), load(per_sentence.odds_before, i)
        k = load(per_sentence.power_now, i) - load(per_sentence.power_before, i)
        k = minimum(maximum(k, fill(-WIDEST)), fill(WIDEST))
        both = minimum(now, before)
        factor = where_greater(both, zero, now / before * power_of_two(k), endless)
        store(per_sentence.growth, i, minimum(factor, load(per_sentence.growth, i)))


@njit(**INLINE)
def keep(per_sentence):
    """What is now is before the next step."""
    for i in range(0, len(per_sentence.odds_now), LANES):
        store(per_sentence.odds_before, i, load(per_sentence.odds_now, i))
        store(per_sentence.power_before, i, load(per_sentence.power_now, i))


@njit(**INLINE)
def log_growth(per_sentence):
    """log of the least growth of any sentence; nan before the first step, and without one that has
    both optimal and wrong tokens."""
    lowest = fill(math.inf)
    for i in range(0, len(per_sentence.growth), LANES):
        lowest = minimum(load(per_sentence.growth, i), lowest)
    least = -largest(fill(0.0) - lowest)
    return math.log(least) if least < math.inf else math.nan
