"""The report: docs/calibration.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.calibration import prose, tables
from benchmarks.calibration.defects import Defect
from benchmarks.calibration.design import CENTRE, HORIZONS
from benchmarks.calibration.families import FAMILIES
from benchmarks.calibration.statistics import LIMIT, interval, place, share
from benchmarks.calibration.sweep import Count
from benchmarks.calibration.systems import Finding

COMMAND = "make calibrate"
UNSEEN = "t^-0.75"


@dataclass(frozen=True)
class Results:
    """Everything one calibration found."""

    replicates: int
    counts: list[Count]
    findings: list[Finding]
    defects: list[Defect]
    bounds: dict[str, int]
    invariances: dict[str, dict[str, int]]
    curve: list[dict[str, Any]]
    price: list[dict[str, Any]]
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers; counts by family as [T, S, noise, correlation, replicates, consistent,
        contradicted, confirmed by slope, confirmed by best fit]."""
        sweep = {
            f"{family.claim.form}: {family.name}": [
                c.to_json() for c in tables.of(family, self.counts)
            ]
            for family in FAMILIES
        }
        return {
            "replicates": self.replicates,
            "sweep": sweep,
            "systems": [[f.system, f.claim, f.verdict.label, f.right] for f in self.findings],
            "defects": [[d.name, d.seen] for d in self.defects],
            "bounds": self.bounds,
            "invariances": self.invariances,
            "curve": self.curve,
            "price": self.price,
            "seconds": self.seconds,
        }


def report(results: Results) -> str:
    """The page."""
    sections = {
        "What was asked, and what was found": _criteria(results),
        "Laws that are true": [*tables.true_families(results.counts), "", prose.TRUE],
        "Laws that are false": _false(results),
        "Power": _power(results),
        "What was changed, and its price": [prose.CHANGES, "", *_price(results)],
        "Systems whose rate is a theorem": [
            prose.SYSTEMS, "", *tables.systems(results.findings)
        ],
        "Defects": [prose.DEFECTS, "", *tables.defects(results.defects)],
        "Limits of this calibration": [prose.LIMITS],
    }  # fmt: skip
    parts = [_opening(results)]
    parts += ["\n".join([f"## {title}", "", *lines]) for title, lines in sections.items()]
    return "\n\n".join(parts) + "\n"


def _opening(results: Results) -> str:
    return prose.OPENING.format(
        command=COMMAND,
        families=len(FAMILIES),
        cells=len({c.cell for c in results.counts}),
        replicates=results.replicates,
        horizons=len(HORIZONS),
        first=HORIZONS[0],
        last=HORIZONS[-1],
    )


def _criteria(results: Results) -> list[str]:
    return tables.table(
        ["asked", "found"],
        [
            [
                "false contradictions at most 1 % in every true family, at every horizon that the "
                "gate admits",
                _contradictions(results.counts),
            ],
            [
                "false consistent at most 1 % wherever ln T >= 1.5 / deficit",
                _passed(results.counts),
            ],
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
                f"{results.seconds['one_by_one']:.2g} s one by one with all that a verdict says; "
                "one core of a small shared machine",
            ],
        ],
    )


def _contradictions(counts: list[Count]) -> str:
    cells = [c for f in FAMILIES if f.holds for c in tables.of(f, counts) if tables.admitted(c)]
    bad = max(cells, key=lambda c: c.contradicted)
    return (
        f"{sum(c.contradicted for c in cells):,} in {sum(c.replicates for c in cells):,} verdicts; "
        f"worst of {len(cells):,} cells {share(bad.contradicted, bad.replicates)}"
    )


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


def too_many(count: Count) -> bool:
    """Consistent in more than 1 % beyond chance."""
    return interval(count.consistent, count.replicates)[0] > LIMIT


def _false(results: Results) -> list[str]:
    (family,) = [f for f in FAMILIES if f.name == UNSEEN]
    cells = tables.visible(family, results.counts)
    many = [c for c in cells if too_many(c)]
    horizons = sorted({c.cell.horizon for c in many})
    short = prose.SHORT.format(
        cells=len(many), all=len(cells), at=" and ".join(f"{h:,}" for h in horizons)
    )
    return [*tables.false_families(results.counts), "", prose.FALSE, "", short]


def _power(results: Results) -> list[str]:
    rows = [
        [
            *(r[name] for name in ("pairs", "kappa", "fade")),
            *(f"{100 * r[name]:.1f} %" for name in ("power", "worst")),
            "this rule" if r["ours"] else "",
        ]
        for r in results.curve
    ]
    return [
        "How often log^2 t / t is contradicted as log t / t:",
        "",
        *tables.power_by_horizon(results.counts),
        "",
        prose.TRADE_OFF.format(replicates=results.replicates // 5),
        "",
        *tables.table(["pairs", "kappa", "fade", "power", "worst", ""], rows),
        "",
        prose.TRADE_OFF_READ,
    ]


def _price(results: Results) -> list[str]:
    rows = [
        [
            p["family"],
            f"{p['horizon']:,}",
            p["runs"],
            f"{p['noise']:g}",
            *(f"{100 * p[when]:.1f} %" for when in ("before", "after")),
        ]
        for p in results.price
    ]
    return tables.table(["family", "T", "S", "noise", "before", "now"], rows)
