"""What would settle an open question: how many steps, and how many runs.

Each undecided run is continued as what it showed: over its last decade the log of y / f is a
straight line in log t (in t, for an exponential) with a slope known to an error, and noise of a
size and a correlation from point to point.  A continuation draws the slope within its error, and
the noise anew; a further run is one of those given with as much noise again.  Continuations are put
through the same judge.  The answer is the smallest of a few horizons and numbers of runs at which
nine of ten are decided.  It assumes that nothing new happens: no floor, no change of regime.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.statement import Made
from ntp_dynamics.verdict.curved import Limit
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Power
from ntp_dynamics.verdict.verdict import Verdict

TIMES = (1, 3, 10, 30, 100, 1000)
RUNS = (5, 20)
TRIALS, LOST = 10, 1
"""Continuations of a pair (T, S), and how many of them may stay undecided."""
DENSITY = (24, 40)
"""Places a decade: at least, and at most."""
MOST_CORRELATED = 0.95
DECADE = np.log(10.0)

Again = Callable[[Curve], str]
"""The answer on another curve: kept, contradicted or undecided."""


def settle(verdict: Verdict, answer: str, again: Again, curve: Curve, asked: Made) -> str:
    """One sentence.  Two calls of it say the same: the draws are fixed."""
    if answer != "undecided":
        return _rests_on(verdict, answer, curve)
    if verdict.gate in ("invalid", "inapplicable"):
        return "no more steps or runs would settle it: first the values have to be sound"
    if isinstance(asked.law, Limit):
        return _met(asked.law, curve)
    if verdict.about == "ensemble":
        return _of_a_mean(verdict)
    trend = _trend(curve, asked)
    if trend is None:
        return _waits(verdict)
    return _told(_search(trend, again, curve), curve)


def _rests_on(verdict: Verdict, answer: str, curve: Curve) -> str:
    runs = f"{verdict.runs_judged} run{'s' if verdict.runs_judged != 1 else ''}"
    to = f"{runs} to {curve.clock} {curve.t[-1]:,.6g}"
    if verdict.bound == "violated":
        return "a bound that is exceeded at a recorded place stays so, however long the runs"
    if answer == "contradicted":
        return f"it rests on {to}: y / f still moves against the law there; a longer run may end it"
    told = f"it rests on {to}"
    if np.isfinite(verdict.resolvable):
        told += f"; an exponent off by less than {verdict.resolvable:.2g} would not show"
    return told


def _of_a_mean(verdict: Verdict) -> str:
    """A run by itself does not go on as their mean does, so no continuation is drawn."""
    told = "more runs of the same kind would, or more decades"
    low, high = verdict.interval
    if not np.isfinite([low, high]).all():
        return told
    runs = f"{verdict.runs_judged} runs"
    return f"{told}: of the mean of {runs} the exponent is {low:.3g} to {high:.3g} (95 %)"


def _waits(verdict: Verdict) -> str:
    if verdict.decides_at is None:
        return "how many steps or runs would settle it cannot be told for this law"
    return f"runs that go on as they do would be decided at {verdict.clock} {verdict.decides_at:,}"


def _met(law: Limit, curve: Curve) -> str:
    """From where on an equality in the limit is met by what was recorded."""
    tolerance = law.tolerance(curve.t) if callable(law.tolerance) else law.tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.abs(np.log(curve.y) - law.log_f(curve.t))
    off = ~(away <= np.log1p(tolerance)).all(axis=0)
    since = int(np.flatnonzero(off)[-1]) + 1 if off.any() else 0
    if since >= curve.t.size:
        return f"y is not within the tolerance at the end: {curve.clock} beyond {curve.t[-1]:,.6g}"
    place = f"{curve.clock} {curve.t[since]:,.6g}"
    return f"every run is within the tolerance from {place} on: claim it from there with --start"


@dataclass(frozen=True, eq=False)
class Trend:
    """How the runs S go on: ln y = log_f + level + slope x, x = 0 at the last place.

    ``error`` of the slope, ``noise`` (standard deviation) and its ``correlation`` from a place to
    the next; ``linear``: x is t, else log t.  ``log_f``: of the law, without its constant.
    """

    level: Float[np.ndarray, " S"]
    slope: Float[np.ndarray, " S"]
    error: Float[np.ndarray, " S"]
    noise: Float[np.ndarray, " S"]
    correlation: Float[np.ndarray, " S"]
    linear: bool
    log_f: Callable[[np.ndarray], np.ndarray]
    density: float


def _trend(curve: Curve, asked: Made) -> Trend | None:
    """What the last decade shows; None for laws that draw no curve beyond the data."""
    law, t = asked.law, curve.t
    drawn = isinstance(law, (Power, LinearGrowth)) or callable(getattr(law, "curve", None))
    drawn |= isinstance(law, Exponential) and law.rate is not None
    last = t >= t[-1] / 10
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.log(curve.y) - law.log_f(t) if drawn else np.full_like(curve.y, np.nan)
    if last.sum() < 4 or not np.isfinite(gap[:, last]).all():
        return None
    linear = isinstance(law, Exponential)
    x = t[last] - t[-1] if linear else np.log(t[last] / t[-1])
    away = x - x.mean()
    z = gap[:, last]
    slope = z @ away / (away @ away)
    level = z.mean(axis=1) - slope * x.mean()
    left = z - level[:, None] - slope[:, None] * x
    noise = left.std(axis=1, ddof=2)
    power = np.maximum((left[:, 1:] ** 2).sum(axis=1), np.finfo(float).tiny)
    correlation = np.clip((left[:, 1:] * left[:, :-1]).sum(axis=1) / power, 0, MOST_CORRELATED)
    error = noise * np.sqrt((1 + correlation) / (1 - correlation) / (away @ away))
    density = last.sum() / min(1.0, np.log10(t[-1] / t[0]))
    return Trend(
        level,
        slope,
        error,
        noise,
        correlation,
        linear,
        law.log_f,
        float(np.clip(density, *DENSITY)),
    )


def _search(trend: Trend, again: Again, curve: Curve) -> list[tuple[float, int, Counter[str]]]:
    """For each number of runs the first horizon that settles it and what it answers; the last
    horizon, where none does."""
    curve = _thinned(curve)
    given = len(curve.y)
    found: list[tuple[float, int, Counter[str]]] = []
    shortest = np.inf
    for runs in (given, *(n for n in RUNS if n > given)):
        for times in TIMES if runs > given else TIMES[1:]:
            if times >= shortest:
                break
            answers: Counter[str] = Counter()
            for trial in range(TRIALS):
                answers[again(_continued(trend, curve, times, runs, trial))] += 1
                if answers["undecided"] > LOST:
                    break
            if answers["undecided"] <= LOST:
                shortest = times
                found.append((float(times), runs, answers))
                break
    return found


def _thinned(curve: Curve) -> Curve:
    """At most so many places a decade: what is judged a few hundred times."""
    decades = np.log10(curve.t[-1] / curve.t[0])
    most = int(DENSITY[1] * max(decades, 1.0)) + 1
    if curve.t.size <= most:
        return curve
    wanted = np.geomspace(curve.t[0], curve.t[-1], most)
    keep = np.unique(np.clip(np.searchsorted(curve.t, wanted * (1 - 1e-9)), 0, curve.t.size - 1))
    return replace(curve, t=curve.t[keep], y=curve.y[:, keep], bounds={})


def _continued(trend: Trend, curve: Curve, times: float, runs: int, trial: int) -> Curve:
    """One continuation to ``times`` the horizon, with so many runs."""
    random = np.random.default_rng([trial, runs, int(times)])
    given, end = len(curve.y), curve.t[-1]
    places = int(np.ceil(trend.density * np.log10(times))) + 1
    later = np.geomspace(end, times * end, places)[1:] if times > 1 else np.empty(0)
    if (curve.t % 1 == 0).all():
        later = np.unique(np.round(later))
        later = later[later > end]
    of = np.concatenate([np.arange(given), random.integers(0, given, runs - given)])
    x = later - end if trend.linear else np.log(later / end)
    slope = trend.slope[of] + trend.error[of] * random.standard_normal(runs)
    mean = trend.log_f(later) + trend.level[of, None] + slope[:, None] * x
    with np.errstate(divide="ignore"):
        past = np.log(curve.y)[of]
    noise = _noise(random, trend.noise[of], trend.correlation[of], curve.t.size + later.size)
    noise[:given, : curve.t.size] = 0.0  # what was measured stays
    log_y = np.concatenate([past, mean], axis=1) + noise
    with np.errstate(under="ignore", over="ignore"):
        y = np.exp(log_y)
    return Curve(np.concatenate([curve.t, later]), y, curve.name, curve.clock)


def _noise(
    random: np.random.Generator, size: np.ndarray, correlation: np.ndarray, places: int
) -> Float[np.ndarray, "S T"]:
    fresh = random.standard_normal((len(size), places))
    step = np.sqrt(1 - correlation**2)
    for i in range(1, places):
        fresh[:, i] = correlation * fresh[:, i - 1] + step * fresh[:, i]
    return size[:, None] * fresh


def _told(found: list[tuple[float, int, Counter[str]]], curve: Curve) -> str:
    given, end = len(curve.y), curve.t[-1]
    if not found:
        most = max(given, RUNS[-1])
        return f"nothing up to {curve.clock} {TIMES[-1] * end:,.6g} and {most} runs would settle it"
    ways = []
    for times, runs, answers in found:
        where = f"{curve.clock} {times * end:,.6g}" if times > 1 else "the steps there are"
        who = (
            "this run" if runs == given == 1 else f"{'these ' if runs == given else ''}{runs} runs"
        )
        kept, against = answers["kept"], answers["contradicted"]
        ways.append(f"{where} with {who} ({kept} of {TRIALS} kept, {against} contradicted)")
    return f"if runs go on as they do, {', or '.join(ways)} would settle it"
