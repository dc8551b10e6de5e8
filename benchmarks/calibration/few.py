"""Sections of the report on claims without a transient, and on short horizons and few runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from benchmarks.calibration import declared, short
from benchmarks.calibration.declared import GRIDS, KINDS, Declared
from benchmarks.calibration.mixtures import Noise
from benchmarks.calibration.short import FALSE, HORIZONS, TRUE, Short
from benchmarks.calibration.statistics import at_most
from benchmarks.calibration.tables import table

SDS = (0.0, 0.01, 0.05, 0.2)

DECLARED = """\
`transient=False` declares that a claim is about a size and not about a clock: y / f has its
asymptotic form at every place, and all of them count. r = y / f is held against O(1) at
{grids};
S = 1, 2, 5 and 20 runs, seeds of sd 0.3, noise of sd 0, 0.01, 0.05, 0.2, white or of correlation
0.9 from place to place; {experiments} experiments a place, {without} without noise. By S, in per
cent, under noise of 0 / 0.01 / 0.05 / 0.2 (at 0.01 and more white and correlated together)."""

DECLARED_TRUE = "**True.** Contradicted, in all places and in those of fewer sizes than 20; kept."
DECLARED_FALSE = "**False.** Contradicted:"
DECLARED_WRONGLY = """\
**Not as declared.** Here something dies out or comes back: the declaration is false, and it is the
user's. r = a + b/k and a + b/log k that rise to their limit, and waves, are O(1) all the same.
Contradicted:"""

DECLARED_READ = """\
What has all but stopped in the later half of the range (a quarter of the growth in the earlier one)
is not contradicted, which spares most limits that are reached like 1/k or 1/log k; the longer the
range and the denser the places, the less a wave is spared, as least squares follow the places and
of all sizes to 1,024 two thirds lie in the last factor 3. A growth within noise is inconclusive, or
kept where it is less than half a power of log k: so are often *1 + .1 log k* and k^0.1 under noise.
Six places of one run, or a noise of 0.2, resolve little, since the noise may be correlated and so
few places cannot rule that out; more runs help, more places help more."""

SHORT = """\
With a clock and T = 300 to 10,000, S = 1, 2, 3 and 5 runs, noise of sd 0 / 0.01 / 0.05 / 0.2, white
and of correlation 0.9 together; {experiments} experiments a place. Contradicted, in per cent:"""

SHORT_TRUE = """\
Could there be more? The mean of five runs is asked beyond 3.5 decades only (T > 3,162). Asked at
every horizon it would say, of S = 5 and noise of every kind, in per cent:"""

SHORT_READ = """\
At T = 300 nothing is ever contradicted: a run is asked for six windows, which span a factor 400.
Were two windows enough, transients and waves would do what a wrong rate does (*Power*, one pair;
*Late starts*). From 1,000 on runs are judged one by one, and without noise the four wrong laws are
always seen, but for log^2 t / t at 1,000, where it fades as a shift in time does; noise of 0.01
hides a few. What stays unseen is a logarithm under noise of 0.05, in a tenth to six tenths of
experiments, and under noise of 0.2 in nearly all, at 10,000 too.

There the mean would help, by about a tenth under noise of a run's own. But families that settle
late, true from step 100 or 1,000 on, are contradicted too often at 1,000 and 2,000 as it is, and
would be more often; where runs share their noise, up to 3,000 in more than 1 %. So the rule stays:
who cannot exclude a transient needs 3.5 decades for the mean; `transient=False` is for who can."""


class Placed(Protocol):
    """Counts of experiments in one place."""

    @property
    def runs(self) -> int: ...
    @property
    def noise(self) -> Noise: ...
    @property
    def experiments(self) -> int: ...


def of_declared(found: Sequence[Declared]) -> list[str]:
    """The section on claims without a transient."""
    opening = DECLARED.format(
        grids=", ".join(GRIDS), experiments=declared.EXPERIMENTS, without=declared.WITHOUT_NOISE
    )
    rows = []
    for kind in _kinds("true"):
        mine = [d for d in found if d.kind == kind]
        few = [d for d in mine if len(GRIDS[d.grid]) < 20]
        kept = 100 * sum(d.kept for d in mine) / _experiments(mine)
        rows.append([kind, _against(mine), _against(few), f"{kept:.0f} %"])
    true = [d for d in found if d.kind in _kinds("true")]
    rows.append(["all", _against(true), "", ""])
    head = ["r", "contradicted", "contradicted, few sizes", "kept"]
    return [
        opening, "", DECLARED_TRUE, "", *table(head, rows), "",
        DECLARED_FALSE, "", *_by_grid(found, "false"), "",
        DECLARED_WRONGLY, "", *_by_grid(found, "not as declared"), "",
        DECLARED_READ,
    ]  # fmt: skip


def of_short(found: Sequence[Short]) -> list[str]:
    """The section on short horizons and few runs."""
    own = [s for s in found if not s.noise.common]
    rows = []
    for family in FALSE:
        for horizon in HORIZONS:
            mine = [s for s in own if (s.family, s.horizon) == (family.name, horizon)]
            rows.append([family.name, f"{horizon:,}", *_by_runs(mine, "contradicted")])
    head = ["y, of the claim", "T", *(f"S = {n}" for n in short.RUNS)]
    lines = [SHORT.format(experiments=short.EXPERIMENTS), "", *table(head, rows), ""]
    return [*lines, SHORT_TRUE, "", *_pooled(found), "", SHORT_READ]


def _pooled(found: Sequence[Short]) -> list[str]:
    """Of five runs: contradicted as it is, and if the mean were asked everywhere."""
    rows = []
    for family in [*TRUE, *FALSE]:
        cells = []
        for horizon in HORIZONS[1:-1]:
            mine = [s for s in found if (s.family, s.horizon, s.runs) == (family.name, horizon, 5)]
            own = [s for s in mine if not s.noise.common]
            shared = [s for s in mine if s.noise.common]
            for some in (own, shared):
                now, then = (_percent(some, field) for field in ("contradicted", "pooled"))
                cells.append(f"{now} -> {then}")
        rows.append([family.name, "yes" if family.holds else "no", *cells])
    kinds = [f"T = {h:,}, {own}" for h in HORIZONS[1:-1] for own in ("own noise", "common noise")]
    return table(["family", "true", *kinds], rows)


def _kinds(truth: str) -> list[str]:
    return [kind.name for kind in KINDS if kind.truth == truth]


def _by_grid(found: Sequence[Declared], truth: str) -> list[str]:
    rows = []
    for kind in _kinds(truth):
        for grid in GRIDS:
            mine = [d for d in found if (d.kind, d.grid) == (kind, grid)]
            rows.append([kind, grid, *_by_runs(mine, "contradicted")])
    return table(["r", "places", *(f"S = {n}" for n in declared.RUNS)], rows)


def _by_runs(found: Sequence[Placed], field: str) -> list[str]:
    """A cell for each S: shares by noise."""
    cells = []
    for runs in dict.fromkeys(x.runs for x in found):
        mine = [[x for x in found if x.runs == runs and x.noise.sd == sd] for sd in SDS]
        cells.append(" / ".join(_percent(some, field) for some in mine))
    return cells


def _percent(found: Iterable[Placed], field: str) -> str:
    some = list(found)
    return f"{100 * sum(getattr(x, field) for x in some) / _experiments(some):.0f}"


def _against(found: Sequence[Declared]) -> str:
    return at_most(sum(d.contradicted for d in found), _experiments(found))


def _experiments(found: Iterable[Placed]) -> int:
    return sum(x.experiments for x in found)
