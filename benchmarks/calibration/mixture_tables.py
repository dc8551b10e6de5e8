"""The tables of the report on experiments whose runs do not all do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.calibration.ensembles import Ensemble
from benchmarks.calibration.mixtures import EXPERIMENTS, HORIZONS, KINDS, LAWS, Mixture
from benchmarks.calibration.statistics import at_most
from benchmarks.calibration.tables import table
from benchmarks.calibration.transients import SHARES, Transient

SDS = (0.0, 0.05, 0.2)
BAD = KINDS[1:]
Count = Callable[[Mixture], int]


def good_runs(found: Sequence[Mixture]) -> list[str]:
    """Experiments without a bad run: in how many a run is named, by law and size."""
    rows = []
    for law in LAWS:
        cells = []
        for runs in EXPERIMENTS:
            some = pick(found, law=law, runs=runs, kind="none")
            cells.append(at_most(total(some, lambda m: m.good_named), verdicts(some)))
        rows.append([law, *cells])
    return table(["law", *(f"S = {runs}" for runs in EXPERIMENTS)], rows)


def bad_runs(found: Sequence[Mixture]) -> list[str]:
    """The share of bad runs that is not named, by law, horizon and noise."""
    rows = []
    for law in LAWS:
        for horizon in HORIZONS:
            cells = [
                _missed([m for m in found if m.place.noise.sd == sd], law, horizon, kind)
                for kind in ("growing", "constant")
                for sd in SDS
            ]
            rows.append([law, f"{horizon:,}", *cells])
    head = [f"{kind}, noise {sd:g}" for kind in ("growing", "constant") for sd in SDS]
    return table(["law", "T", *head], rows)


def _missed(found: Iterable[Mixture], law: str, horizon: int, kind: str) -> str:
    """From the smallest experiments to the largest, in per cent."""
    ends = []
    for runs in (min(EXPERIMENTS), max(EXPERIMENTS)):
        some = pick(found, law=law, horizon=horizon, runs=runs, kind=kind)
        missed = total(some, lambda m: m.bad - m.bad_named)
        ends.append(f"{100 * missed / total(some, lambda m: m.bad):.0f}")
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def falsely_kept(found: Sequence[Mixture]) -> list[str]:
    """Bad runs that are said to keep the law, in all places together, and stalling ones named."""
    rows = []
    for law in LAWS:
        cells = []
        for kind in BAD:
            some = pick(found, law=law, kind=kind)
            cells.append(at_most(total(some, lambda m: m.bad_kept), total(some, lambda m: m.bad)))
        stalled = pick(found, law=law, kind="stalling")
        named = total(stalled, lambda m: m.bad_named) / total(stalled, lambda m: m.bad)
        rows.append([law, *cells, f"{100 * named:.0f} %"])
    return table(["law", *(f"{kind}, kept" for kind in BAD), "stalling, named"], rows)


def all_good(found: Sequence[Mixture]) -> list[str]:
    """Experiments without a bad run that are consistent, by law, horizon and noise."""
    rows = []
    for law in LAWS:
        for horizon in HORIZONS:
            cells = []
            for sd in SDS:
                ends = []
                for runs in (min(EXPERIMENTS), max(EXPERIMENTS)):
                    some = pick(found, law=law, horizon=horizon, runs=runs, kind="none")
                    some = [m for m in some if m.place.noise.sd == sd]
                    ends.append(100 * total(some, lambda m: m.consistent) / verdicts(some))
                cells.append(f"{ends[0]:.0f} / {ends[1]:.0f}")
            rows.append([law, f"{horizon:,}", *cells])
    return table(["law", "T", *(f"noise {sd:g}" for sd in SDS)], rows)


def late_starts(found: Sequence[Transient]) -> list[str]:
    """Experiments in which a run that starts late is named, in per cent, by the lateness over the
    horizon; noise 0 / 0.05 / 0.2."""
    rows = []
    for law, shape in dict.fromkeys((x.law, x.shape) for x in found):
        cells = []
        for share in SHARES:
            late = [x for x in found if (x.law, x.shape, x.share) == (law, shape, share)]
            shares = []
            for sd in SDS:
                some = [x for x in late if x.noise == sd]
                named = sum(x.named for x in some) / sum(x.experiments for x in some)
                shares.append(f"{100 * named:.0f}")
            cells.append(" / ".join(shares) if any(x.named for x in late) else "0")
        rows.append([law, shape, *cells])
    return table(["law", "shape", *(f"s = T/{1 / share:.0f}" for share in SHARES)], rows)


def ensemble_claims(found: Sequence[Ensemble]) -> list[str]:
    """Verdicts on expectations, by law and size."""
    rows = []
    for law, runs in dict.fromkeys((e.law, e.runs) for e in found):
        some = [e for e in found if (e.law, e.runs) == (law, runs)]
        n = sum(e.experiments for e in some)
        words = [
            " / ".join(f"{100 * sum(x) / n:.0f}" for x in zip(*kinds, strict=True))
            for kinds in zip(*((e.none, e.one, e.half) for e in some), strict=True)
        ]
        rows.append([law, runs, n, at_most(sum(e.violated for e in some), n), *words])
    head = ["law", "S", "samples", "exact bound called broken", "all good", "one constant"]
    return table([*head, "half constant"], rows)


def pick(found: Iterable[Mixture], **values: object) -> list[Mixture]:
    """The mixtures with these values of law, horizon, runs or kind."""
    return [
        m
        for m in found
        if all(v == (m.kind if k == "kind" else getattr(m.place, k)) for k, v in values.items())
    ]


def total(found: Iterable[Mixture], count: Count) -> int:
    """A count over mixtures."""
    return sum(count(m) for m in found)


def verdicts(found: Iterable[Mixture]) -> int:
    """How many experiments these are."""
    return sum(m.experiments for m in found)
