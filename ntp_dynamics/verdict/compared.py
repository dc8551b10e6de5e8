"""The last windows of several cases compared with their laws, those of equal shape at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict import company, decision, single
from ntp_dynamics.verdict.decision import Decision
from ntp_dynamics.verdict.drift import HALF_LOG, Drift
from ntp_dynamics.verdict.found_rate import NONE, Rate
from ntp_dynamics.verdict.gate import Case, waiting
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Power
from ntp_dynamics.verdict.windows import Reach, Slopes, Windows

CANDIDATES = tuple((p, q) for p in (0.5, 1.0, 1.5, 2.0, 3.0) for q in (0, 1, 2, 3))


@dataclass(frozen=True, eq=False)
class Shown:
    """A case of which some runs show a slope: its drifts, one for each side that its law claims,
    and the exponent in the last window and its halves."""

    case: Case
    ensemble: bool
    windows: Windows
    reach: Reach
    sides: list[Drift]
    exponent: Float[np.ndarray, "3 S"]

    @property
    def seen(self) -> Bool[np.ndarray, " S"]:
        """Runs that show one."""
        return self.reach.seen

    @cached_property
    def few(self) -> bool:
        """Whether they are too few for limits over them."""
        return company.is_few(int(self.seen.sum()))

    @cached_property
    def shape(self) -> tuple[bytes, bool]:
        """What cases have in common whose runs are compared at once."""
        return self.seen.tobytes(), self.ensemble

    @property
    def limited(self) -> bool:
        """Whether the law says how fast at most and at least: to keep between two lines is all that
        a linear growth asks, and some decay is any."""
        law = self.case.law
        if isinstance(law, LinearGrowth):
            return law.asymptotic
        return not (isinstance(law, Exponential) and law.rate is None)


Range = tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]


def compare(shown: Sequence[Shown]) -> list[Rate]:
    """The rate of each, as if it were alone."""
    decisions: dict[int, list[Decision]] = defaultdict(list)
    ranges: dict[int, list[Range]] = defaultdict(list)
    for members in _alike((x, side) for x in shown for side in x.sides):
        first = members[0][0]
        drift = _stacked([side for _, side in members], first.seen)
        together = np.array([company.testable(x.windows, x.reach) for x, _ in members])
        if first.ensemble:
            found = decision.decide_ensemble(drift, together)
        else:
            alone = [single.testable(x.case, x.windows, x.reach)[x.seen] for x, _ in members]
            found = decision.decide(drift, np.stack(alone), together)
        limited = any(x.limited for x, _ in members)
        lows, highs = ranges_of(drift, first.few, first.ensemble) if limited else (NONE, NONE)
        for i, (x, _) in enumerate(members):
            decisions[id(x)].append(found.of(i))
            if x.limited:
                ranges[id(x)].append((lows[i], highs[i]))
    intervals = _intervals(shown)
    possible = _possible([x for x in shown if isinstance(x.case.law, Power)])
    return [
        _rate(
            x,
            decision.both(decisions[id(x)]),
            tightness_of(x.case, ranges[id(x)]) if x.limited else "none",
            intervals[id(x)],
            possible.get(id(x), ()),
        )
        for x in shown
    ]


def _rate(
    x: Shown,
    found: Decision,
    tightness: str,
    interval: tuple[float, float],
    possible: tuple[tuple[float, int], ...],
) -> Rate:
    case, windows, seen = x.case, x.windows, x.seen
    status, runs, decides = str(found.status), NONE, waiting(case)
    if not x.ensemble:
        runs = unseen(x.reach)
        runs[seen] = found.runs
        undecided = runs == "undecided"
        if undecided.any():
            waits = [single.decisive_horizon(case, windows, side) for side in x.sides]
            decides = np.where(seen & undecided, np.fmax.reduce(waits), decides)
            status = "inconclusive" if status == "consistent" else status
    against = [side.moved.pairs[0, 0] / side.allowed[0, 0] for side in x.sides]
    end = windows.end[seen]
    return Rate(
        status=status,
        runs=runs,
        joint=bool(found.joint),
        tightness=tightness,
        exponents=np.where(seen, x.exponent[0], np.nan),
        drifts=np.where(seen, np.maximum.reduce(against), np.nan),
        interval=interval,
        window=(case.clock.after(end.min() / windows.ratio), case.clock.place(end.max())),
        resolvable=_resolvable(case, windows, seen),
        p_contradicted=float(found.p),
        rated=int(case.deep.sum()),
        decides_at=decides,
        descriptive=x.few,
        possible=possible,
    )


def unseen(reach: Reach) -> np.ndarray:
    """The words for runs that show no slope."""
    return np.where(reach.fallen, "kept", "undecided").astype("<U12")


def _alike(members: Iterable[tuple[Shown, Drift]]) -> list[list[tuple[Shown, Drift]]]:
    """Groups that are compared at once."""
    groups: dict[tuple[object, ...], list[tuple[Shown, Drift]]] = defaultdict(list)
    for x, side in members:
        kind = side.decay_rate is None, side.noise is None
        key = (*x.shape, side.moved.pairs.shape, *kind)
        groups[key].append((x, side))
    return list(groups.values())


def _stacked(sides: Sequence[Drift], seen: Bool[np.ndarray, " S"]) -> Drift:
    """The drifts of the runs that are seen, with the cases as the axis before that of runs."""

    def stack(values: Iterable[np.ndarray]) -> np.ndarray:
        return np.stack(list(values), axis=-2)[..., seen]

    rates = [side.decay_rate for side in sides if side.decay_rate is not None]
    noises = [side.noise for side in sides if side.noise is not None]
    return Drift(
        Slopes(
            stack(side.moved.pairs for side in sides),
            stack(side.moved.halves for side in sides),
            stack(side.moved.error for side in sides),
        ),
        stack(side.allowed for side in sides),
        stack(rates) if rates else None,
        stack(noises) if noises else None,
    )


def ranges_of(drift: Drift, few: bool, ensemble: bool) -> Range:
    """Where the drift of each run may lie: its own range, or that of the mean where it is like the
    others."""
    low, high = single.range_alone(drift)
    if few:
        return low, high
    alike = company.alike(drift, one_sided=False) | ensemble
    least, most = company.interval(drift.last, few)
    return np.where(alike, least[..., None], low), np.where(alike, most[..., None], high)


def tightness_of(case: Case, ranges: Sequence[Range]) -> str:
    """The word that is true of every run; unresolved where they differ."""
    if all(((low > -1) & (high < 1)).all() for low, high in ranges):
        return "tight"
    if isinstance(case.law, LinearGrowth):
        return "unresolved"
    low, high = ranges[0]
    return "faster" if (high < -1).all() else "slower" if (low > 1).all() else "unresolved"


def _intervals(shown: Sequence[Shown]) -> dict[int, tuple[float, float]]:
    """Of the exponents' mean, or their range."""
    found = {}
    for members in _groups(shown):
        exponents = np.stack([x.exponent.compress(x.seen, axis=1) for x in members], axis=-2)
        low, high = company.interval(exponents, members[0].few)
        for i, x in enumerate(members):
            found[id(x)] = float(low[i]), float(high[i])
    return found


def _possible(shown: Sequence[Shown]) -> dict[int, tuple[tuple[float, int], ...]]:
    """Step 3: candidate laws whose exponent is within half a log power of the interval."""
    found = {}
    for members in _groups(shown):
        seen = members[0].seen
        parts = [_exponents(x.case, x.windows) for x in members]
        p_0, shift, allowed = (
            np.stack(part, axis=-2)[..., seen] for part in zip(*parts, strict=True)
        )
        p, q = np.array(CANDIDATES).T[:, :, None, None]  # (C, 1, 1)
        away = (p_0[:, None] + q * shift[:, None] - p) / allowed
        low, high = company.interval(away, members[0].few)
        for i, x in enumerate(members):
            fits = np.flatnonzero((high[:, i] > -1) & (low[:, i] < 1))
            found[id(x)] = tuple([CANDIDATES[j] for j in fits.tolist()])
    return found


def _exponents(case: Case, windows: Windows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The exponent if q were 0 and what a power of the log adds to it (3, S), and half a log power
    (S)."""
    log_log_t = np.where(case.visible, np.log(np.maximum(case.grid.log, 0.1)), 0.0)
    p_0 = -windows.last_log_slopes(case.shown)
    return p_0, windows.last_log_slopes(log_log_t), HALF_LOG / np.log(windows.middle[0, 0])


def _groups(shown: Sequence[Shown]) -> list[list[Shown]]:
    groups: dict[tuple[bytes, bool], list[Shown]] = defaultdict(list)
    for x in shown:
        groups[x.shape].append(x)
    return list(groups.values())


def _resolvable(case: Case, windows: Windows, seen: Bool[np.ndarray, " S"]) -> float:
    """(q + 1/2) / ln(middle of the last window).

    Against t^-p log^q t a plain t^-(p-D) moves by D - q / ln t only, and half a log power is
    allowed: a smaller D is consistent at this horizon.  (Asked of each run, the weakest tells.)
    """
    if windows.ratio != 10:
        return math.nan
    q = float((case.sign * case.law.log_power).max()) if isinstance(case.law, Power) else 0.0
    middle = float(windows.middle[0, 0, seen].min())
    return (max(q, 0.0) + HALF_LOG) / math.log(middle)
