"""The report: docs/calibration.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.calibration import equality_tables, few, mixture_tables, prose, tables
from benchmarks.calibration.criteria import criteria
from benchmarks.calibration.declared import Declared
from benchmarks.calibration.defects import Defect
from benchmarks.calibration.design import HORIZONS
from benchmarks.calibration.ensembles import Ensemble
from benchmarks.calibration.equalities import EXPERIMENTS as HELD
from benchmarks.calibration.equalities import WITHOUT_NOISE, Equality
from benchmarks.calibration.families import FAMILIES
from benchmarks.calibration.mixtures import EXPERIMENTS, LAWS, Mixture
from benchmarks.calibration.samples import Sampled
from benchmarks.calibration.short import Short
from benchmarks.calibration.statistics import too_many
from benchmarks.calibration.sweep import Count
from benchmarks.calibration.systems import Finding
from benchmarks.calibration.transients import EXPERIMENTS as LATE
from benchmarks.calibration.transients import Transient

COMMAND = "make calibrate"
UNSEEN = "t^-0.75"
NO_TRANSIENT, FEW = "Claims without a transient", "Short horizons and few runs"


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
    mixtures: list[Mixture]
    transients: list[Transient]
    ensembles: list[Ensemble]
    samples: list[Sampled]
    equalities: list[Equality]
    declared: list[Declared]
    short: list[Short]
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers; counts by family as [T, S, noise, correlation, replicates, consistent,
        contradicted, run named, confirmed by slope, confirmed by best fit]; mixtures by law as
        [T, S, noise, correlation, common, kind, experiments, consistent, contradicted, good run
        named, bad runs, named, kept]; equalities in the limit as [course, tolerance, T, S, noise,
        correlation, experiments, contradicted, said to hold]; `declared` as [kind, places, S,
        noise, correlation, experiments, contradicted, kept]; `short` as [family, T, S, noise,
        correlation, common, experiments, contradicted, contradicted if the mean were asked]."""
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
            "mixtures": {
                law: [m.to_json() for m in mixture_tables.pick(self.mixtures, law=law)]
                for law in LAWS
            },
            "transients": [list(vars(x).values()) for x in self.transients],
            "ensembles": [e.to_json() for e in self.ensembles],
            "samples": [s.to_json() for s in self.samples],
            "equalities": [e.to_json() for e in self.equalities],
            "declared": [d.to_json() for d in self.declared],
            "short": [s.to_json() for s in self.short],
            "seconds": self.seconds,
        }


def report(results: Results) -> str:
    """The page."""
    sections = {
        "What was asked, and what was found": criteria(results),
        "Laws that are true": [*tables.true_families(results.counts), "", prose.TRUE],
        "Laws that are false": _false(results),
        "Power": _power(results),
        "Runs that do not all do the same": _mixtures(results.mixtures),
        "Late starts": [
            prose.TRANSIENTS.format(experiments=LATE), "",
            *mixture_tables.late_starts(results.transients), "",
            prose.TRANSIENTS_READ,
        ],
        "Claims about an expectation": [
            prose.ENSEMBLES, "", *mixture_tables.ensemble_claims(results.ensembles), "",
            prose.ENSEMBLES_READ,
        ],
        "Laws about all runs together": [
            prose.SAMPLES, "", *tables.samples(results.samples), "", prose.SAMPLES_READ,
        ],
        "Equalities in the limit": limits(results.equalities),
        NO_TRANSIENT: few.of_declared(results.declared),
        FEW: few.of_short(results.short),
        "Systems whose rate is a theorem": [
            prose.SYSTEMS, "", *tables.systems(results.findings)
        ],
        "Defects": [prose.DEFECTS, "", *tables.defects(results.defects)],
        "Limits of this calibration": [prose.LIMITS],
    }  # fmt: skip
    parts = [_opening(results), *(section(*item) for item in sections.items())]
    return "\n\n".join(parts) + "\n"


def section(title: str, lines: list[str]) -> str:
    """Of the page."""
    return "\n".join([f"## {title}", "", *lines])


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


def _mixtures(found: list[Mixture]) -> list[str]:
    return [
        prose.MIXTURES.format(sizes=", ".join(f"{n} of {s}" for s, n in EXPERIMENTS.items())), "",
        prose.GOOD_RUNS, "", *mixture_tables.good_runs(found), "",
        prose.BAD_RUNS, "", *mixture_tables.bad_runs(found), "",
        prose.BAD_RUNS_READ, "",
        prose.KEPT, "", *mixture_tables.falsely_kept(found), "",
        prose.KEPT_READ, "",
        prose.ALL_GOOD, "", *mixture_tables.all_good(found),
    ]  # fmt: skip


def limits(found: list[Equality]) -> list[str]:
    """The section on equalities in the limit."""
    return [
        prose.EQUALITIES.format(experiments=HELD, without=WITHOUT_NOISE), "",
        *equality_tables.true_limits(found), "",
        prose.EQUALITIES_FALSE, "", *equality_tables.false_limits(found), "",
        prose.EQUALITIES_READ,
    ]  # fmt: skip


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
        prose.POWER,
        "",
        *tables.power_by_horizon(results.counts),
        "",
        prose.TRADE_OFF.format(replicates=results.replicates // 5),
        "",
        *tables.table(["pairs", "kappa", "fade", "power", "worst", ""], rows),
        "",
        prose.TRADE_OFF_READ,
    ]
