"""The tables of the report, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.calibration.defects import Defect
from benchmarks.calibration.design import CENTRE, HORIZONS, SWEEPS
from benchmarks.calibration.families import FAMILIES, POWER_CLAIM, Cell, Family
from benchmarks.calibration.samples import Sampled
from benchmarks.calibration.statistics import at_most, place, share, worst
from benchmarks.calibration.sweep import Count
from benchmarks.calibration.systems import Finding
from ntp_dynamics.verdict.label import OUTSIDE
from ntp_dynamics.verdict.verdict import Verdict

Rows = Iterable[Sequence[object]]


def table(head: Sequence[str], rows: Rows) -> list[str]:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(x).replace("|", "\\|") for x in row) + " |" for row in lines]


def settled(family: Family, counts: list[Count]) -> list[Count]:
    """The cells of a true family in which its transient is over."""
    return [c for c in of(family, counts) if c.cell.horizon >= family.settled_from]


def of(family: Family, counts: list[Count]) -> list[Count]:
    """The counts of one family (names are unique under a claim only)."""
    power = family.claim is POWER_CLAIM
    return [c for c in counts if c.family == family.name and (c.by_slope is not None) == power]


def at(cell: Cell, counts: list[Count]) -> Count:
    """The count of one cell."""
    return next(c for c in counts if c.cell == cell)


def visible(family: Family, counts: list[Count]) -> list[Count]:
    """The cells in which a false claim may no longer pass as consistent."""
    return [c for c in of(family, counts) if c.cell.horizon >= family.visible_from]


def true_families(counts: list[Count]) -> list[str]:
    rows = []
    for family in (f for f in FAMILIES if f.holds):
        mine, cells = of(family, counts), settled(family, counts)
        early = [c for c in mine if c not in cells]
        bad, centre = worst(cells, lambda c: c.contradicted), at(CENTRE, mine)
        before = worst(early, lambda c: c.contradicted)
        assert bad is not None
        rows.append([
            _name(family),
            len(cells),
            share(bad.contradicted, bad.replicates),
            "-" if before is None else share(before.contradicted, before.replicates),
            share(centre.consistent, centre.replicates),
            *_practice(centre, true=True),
        ])  # fmt: skip
    head = ["true family", "cells", "contradicted, worst cell", "before it settles, worst cell"]
    head += ["consistent at the centre", "rejected by slope", "rejected by best fit"]
    return table(head, rows)


def false_families(counts: list[Count]) -> list[str]:
    rows = []
    for family in (f for f in FAMILIES if not f.holds):
        mine, cells = of(family, counts), visible(family, counts)
        bad, centre = worst(cells, lambda c: c.consistent), at(CENTRE, mine)
        rows.append([
            _name(family),
            len(cells),
            "no cell" if bad is None
            else f"{share(bad.consistent, bad.replicates)} at {place(bad)}",
            share(centre.contradicted, centre.replicates),
            *_practice(centre, true=False),
        ])  # fmt: skip
    head = ["false family", "cells where it shows", "consistent, worst cell"]
    head += ["contradicted at the centre", "confirmed by slope", "confirmed by best fit"]
    return table(head, rows)


def _practice(count: Count, true: bool) -> list[str]:
    """How often common practice is wrong."""
    found = []
    for confirmed in (count.by_slope, count.by_best_fit):
        if confirmed is None:
            found.append("-")
        else:
            wrong = count.replicates - confirmed if true else confirmed
            found.append(f"{100 * wrong / count.replicates:.1f} %")
    return found


def _name(family: Family) -> str:
    return family.name if family.claim is POWER_CLAIM else f"{family.name}, as exponential"


def power_by_horizon(counts: list[Count]) -> list[str]:
    """log^2 t / t against log t / t: contradicted, and with a run named."""
    square = [c for c in counts if c.family == "log^2 t / t"]
    rows = []
    for horizon in HORIZONS[::3]:
        cells = [at(Cell(horizon, *place), square) for place in SWEEPS.values()]
        shares = [
            f"{100 * c.contradicted / c.replicates:.1f} ({100 * c.named / c.replicates:.1f})"
            for c in cells
        ]
        rows.append([f"{horizon:,}", *shares])
    return table(["T", *SWEEPS], rows)


def systems(findings: list[Finding]) -> list[str]:
    rows = [
        [f.system, f.claim, f.verdict.label, _found(f.verdict), "yes" if f.right else "**no**"]
        for f in findings
    ]
    return table(["system", "claim", "verdict", "what was found", "as proved"], rows)


def _found(v: Verdict) -> str:
    return f"{v.summary}; {OUTSIDE}; observed: {v.beyond}" if v.beyond else v.summary


def defects(found: list[Defect]) -> list[str]:
    rows = [[d.name, d.sound.label, d.broken.label, d.seen or "**not seen**"] for d in found]
    return table(["defect", "sound record", "broken record", "how it shows"], rows)


def samples(found: list[Sampled]) -> list[str]:
    """True laws by how often they are contradicted and kept, false ones by the same."""

    def percent(counts: tuple[int, ...], which: int, of: int) -> str:
        return f"{100 * counts[which] / of:.1f}"

    rows = [
        [
            f"{s.form}, {s.data}",
            s.runs,
            at_most(s.true[0], s.experiments),
            percent(s.true, -1, s.experiments),
            s.off,
            " / ".join(percent(s.false, i, s.experiments) for i in (0, -1)),
        ]
        for s in found
    ]
    head = ["law, data", "S", "true: contradicted", "consistent, %", "off by"]
    return table([*head, "contradicted / consistent, %"], rows)
