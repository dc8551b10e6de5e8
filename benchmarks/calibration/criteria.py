"""What was asked of the verdicts, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.calibration import tables
from benchmarks.calibration.design import CENTRE
from benchmarks.calibration.equalities import Equality
from benchmarks.calibration.equality_tables import contradicted, experiments, of_true
from benchmarks.calibration.families import FAMILIES
from benchmarks.calibration.mixture_tables import pick, total, verdicts
from benchmarks.calibration.mixtures import LAWS, Mixture
from benchmarks.calibration.samples import Sampled
from benchmarks.calibration.statistics import LIMIT, at_most, place, share, too_many
from benchmarks.calibration.sweep import Count

if TYPE_CHECKING:
    from benchmarks.calibration.report import Results

LOST = ("growing", "constant")
SOME = list(LAWS)[-1]  # some exponential
EQUALITIES = "of equalities in the limit at most 1 % of true ones contradicted, at every S up to 8"


def criteria(results: Results) -> list[str]:
    """What was asked beside what was found."""
    return tables.table(
        ["asked", "found"],
        [
            [
                "false contradictions at most 1 % in every true family, at every horizon from "
                "1,000 on, once its transient is over",
                _contradictions(results.counts),
            ],
            [
                "a good run named in at most 1 % of verdicts, at every S up to 400",
                _good_named(results.mixtures),
            ],
            [
                "a growing or constant run missed in at most 1 %",
                _missed(results.mixtures),
            ],
            ["a growing or constant run never said to keep the law", _kept(results.mixtures)],
            [
                "false consistent at most 1 % wherever ln T >= 1.5 / deficit",
                _passed(results.counts),
            ],
            [
                "of laws about all runs together (a mean, a frequency, a decay of counts, a "
                "power) at most 1 % of true ones contradicted, from S = 32 on",
                _samples(results.samples),
            ],
            [EQUALITIES, equalities_found(results.equalities)],
            [
                "power at least 80 % for log^2 t / t against log t / t at T = 10,000, S = 20, "
                "noise 0.05",
                _power_at_centre(results.counts),
            ],
            ["a bound never falsely violated", _bounds(results.bounds)],
            [
                "12 of 12 defects invalid or visible",
                f"{sum(bool(d.seen) for d in results.defects)} of {len(results.defects)}",
            ],
            [
                "systems as proved",
                f"{sum(f.right for f in results.findings)} of {len(results.findings)} verdicts",
            ],
            ["verdict unchanged under units, twice the grid, log base", _unchanged(results)],
            [
                "10,000 verdicts of S = 5, T = 10,000 in 6 s",
                f"{results.seconds['together']:.2g} s together (`judge_rates`), "
                f"{results.seconds['one_by_one']:.2g} s one by one with all that a verdict says, "
                "of processor time on one core of a small machine",
            ],
        ],
    )


def _contradictions(counts: list[Count]) -> str:
    cells = [c for f in FAMILIES if f.holds for c in tables.settled(f, counts)]
    bad = max(cells, key=lambda c: c.contradicted)
    return (
        f"{sum(c.contradicted for c in cells):,} in {sum(c.replicates for c in cells):,} verdicts; "
        f"worst of {len(cells):,} cells {share(bad.contradicted, bad.replicates)}"
    )


def _samples(found: list[Sampled]) -> str:
    bad = max(found, key=lambda s: s.true[0] / s.experiments)
    total = at_most(sum(s.true[0] for s in found), sum(s.experiments for s in found))
    said = share(bad.true[0], bad.experiments)
    return f"{total}; worst of {len(found)} {said} ({bad.form}, {bad.data}, S = {bad.runs})"


def equalities_found(found: list[Equality]) -> str:
    """True ones contradicted, in all and in the worst place."""
    true = of_true(found)
    bad = max(true, key=lambda e: e.contradicted / e.experiments)
    said = share(bad.contradicted, bad.experiments)
    return (
        f"{at_most(contradicted(true), experiments(true))}; worst of {len(true):,} {said} "
        f"({bad.course}, T = {bad.horizon:,}, S = {bad.runs}, noise {bad.noise.sd:g})"
    )


def _power_at_centre(counts: list[Count]) -> str:
    square = next(c for c in counts if c.family == "log^2 t / t" and c.cell == CENTRE)
    return share(square.contradicted, square.replicates)


def _bounds(found: dict[str, int]) -> str:
    return (
        f"{found['falsely_violated']} of {found['judged']:,} with the smallest constant that "
        f"holds; with one smaller by 1e-7, {found['missed']} missed"
    )


def _unchanged(results: Results) -> str:
    found = results.invariances
    return ", ".join(f"{name} {v['changed']} of {v['judged']} changed" for name, v in found.items())


def _passed(counts: list[Count]) -> str:
    cells = [c for f in FAMILIES if not f.holds for c in tables.visible(f, counts)]
    many = [c for c in cells if too_many(c)]
    rest = max((c for c in cells if c not in many), key=lambda c: c.consistent)
    return (
        f"in {len(cells) - len(many):,} of {len(cells):,} cells, worst of these "
        f"{share(rest.consistent, rest.replicates)} at {place(rest)}; {len(many)} cells of "
        f"{' and '.join(sorted({c.family for c in many})) or 'no family'} are above (see *Laws "
        "that are false*)"
    )


def _good_named(found: list[Mixture]) -> str:
    good = pick(found, kind="none")
    groups = {(m.place.law, m.place.runs): 0.0 for m in good}
    for law, runs in groups:
        some = pick(good, law=law, runs=runs)
        groups[law, runs] = total(some, lambda m: m.good_named) / verdicts(some)
    (law, runs), most = max(groups.items(), key=lambda item: item[1])
    said = at_most(total(good, lambda m: m.good_named), verdicts(good))
    where = f" ({law}, S = {runs})" if most else ""
    return f"{said}; by law and S the most is {100 * most:.2g} %{where}"


def _missed(found: list[Mixture]) -> str:
    found = [m for m in found if m.kind in LOST]
    places = list(dict.fromkeys((m.place.law, m.place.horizon, m.place.noise.sd) for m in found))
    few = 0
    for law, horizon, sd in places:
        some = [m for m in pick(found, law=law, horizon=horizon) if m.place.noise.sd == sd]
        few += total(some, lambda m: m.bad - m.bad_named) <= LIMIT * total(some, lambda m: m.bad)
    return (
        f"in {few} of {len(places)} places by law, T and sd of the noise; the others are in *Runs "
        "that do not all do the same*"
    )


def _kept(found: list[Mixture]) -> str:
    parts = []
    for free in (False, True):
        some = [m for m in found if m.kind in LOST and (m.place.law == SOME) == free]
        said = at_most(total(some, lambda m: m.bad_kept), total(some, lambda m: m.bad))
        parts.append(f"{said} {'against *some exponential*' if free else 'against other laws'}")
    return ", ".join(reversed(parts))
