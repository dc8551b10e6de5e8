"""The findings about policies that look for the best arm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    Nothing,
    above,
    below,
    exactly,
    near,
    share,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.knowledge_gradient.panels import sheets

OPENING = """\
# Findings: knowledge gradient

Policies that spend a budget of pulls to find the best arm, the good arms or the feasible arms,
against {jobs} jobs ({minutes} on 2 cores). `python -m benchmarks.catalogue --study
knowledge_gradient` runs them and writes this page; each experiment also runs alone, by the command
under its title. What is modelled and claimed:
[knowledge_gradient.md](../knowledge_gradient.md).

*Expected* is theory, or a count of earlier runs with other rewards, written in the code before the
run: a probability of false selection agrees if Fisher's exact test does not tell both counts apart
at 1 %, a rate if it is within three times the largest standard error 2/sqrt(n Gamma* R), a rate of
the fluid within .001. Rates are in units of Gamma\\*, the best one. Pilot runs with this seed had
been seen when the verdicts expected here, and the rows on frozen arms, the oracle and the second
example, were written; false selections and rates are those of notes made before.
"""
ONE, SLIP, HETERO, THREE = (
    f"instance={name}" for name in ("one_to_ten", "slippage", "hetero", "three")
)
INSTANCES = {ONE: "1..10", SLIP: "slippage", HETERO: "hetero", THREE: "three"}
EARLIER = 1500
"""Runs of which our notes have the false selections."""


def _data(record: Watched, phase: str) -> Any:
    return record.stage(phase)


def _wrong_at(record: Watched, phase: str, pulls: int) -> int:
    """Runs that are wrong at the recorded pull that is nearest."""
    data = _data(record, phase)
    at = int(np.abs(data["pull"].values - pulls).argmin())
    return int(data["false_selection"].values[:, at].sum())


def _rates(record: Watched, phase: str) -> Float[np.ndarray, " R"]:
    """Over the last octave."""
    return _data(record, phase)["rate"].values[:, -1, -1]


def _wrong(key: str, phase: str, pulls: int, pfs: float, among: int = 1000, why: str = "") -> Row:
    """False selections against those of other rewards."""
    named = f"{INSTANCES[key]}, " if key in INSTANCES else ""
    return Row(
        f"{named}{phase}: runs wrong at {pulls} pulls, of {among:,}",
        share(round(pfs * EARLIER), EARLIER, among),
        lambda r: np.array([_wrong_at(r[key], phase, pulls)]),
        why,
    )


def _rate(key: str, phase: str, ratio: float, within: float, why: str = "") -> Row:
    """The mean rate of simulated runs, or that of the fluid."""
    named = f"{INSTANCES[key]}, " if key in INSTANCES else ""
    mean = "rate" if phase.startswith("fluid") else "mean rate"
    return Row(
        f"{named}{phase}: {mean}",
        near(ratio, within=within),
        lambda r: np.array([_rates(r[key], phase).mean()]),
        why,
    )


def _picture(key: str) -> Callable[[Records], Sequence[Any]]:
    """The panels of a job."""

    def drawn(records: Records) -> Sequence[Any]:
        (sheet,) = sheets(records[key].trajectory, "")
        return sheet.drawings()

    return drawn


FALSE_SELECTIONS = {
    (ONE, 800): {
        "equal": 0.1534,
        "kg": 0.029,
        "ikg": 0.025,
        "ikg_plain": 0.087,
        "ocba": 0.019,
        "ttei": 0.027,
        "tt_ids": 0.020,
    },
    (SLIP, 300): {
        "equal": 0.1409,
        "kg": 0.031,
        "ikg": 0.036,
        "ikg_plain": 0.125,
        "ocba": 0.076,
        "ttei": 0.067,
        "tt_ids": 0.048,
    },
    (HETERO, 400): {
        "equal": 0.2217,
        "kg": 0.081,
        "ikg": 0.089,
        "ikg_plain": 0.192,
        "ocba": 0.071,
        "ttei": 0.092,
        "tt_ids": 0.077,
    },
}
FIGURE = Finding(
    "knowledge_gradient/figure",
    "Seven policies on three instances",
    rows=[
        *(
            _wrong(key, phase, pulls, pfs)
            for (key, pulls), each in FALSE_SELECTIONS.items()
            for phase, pfs in each.items()
        ),
        verdict("equal.pfs", "tight", version="quadrature"),
        verdict("ikg.bai.pfs", "contradicted", version="ikg_plain"),
    ],
    text=(
        "KG is ahead of plain iKG at every practical budget, although its rate is worse: plain iKG "
        "starves near ties. The factor sqrt(B/(B + g)) of the integral variant cures that."
    ),
    picture=_picture(ONE),
    caption="Seven policies on ten arms of means 1 to 10, 1,000 runs.",
)

RATIOS = {
    ONE: {"kg": 0.59879, "ikg": 1.0, "ikg_plain": 0.99997, "ikg_variance_only": 1.0,
          "ocba": 0.90618, "ttei": 0.98391, "tt_ids": 1.0},
    SLIP: {"kg": 0.8, "ikg": 0.99947, "ikg_plain": 0.97520, "ikg_variance_only": 1.0,
           "ocba": 1.0, "ttei": 0.8, "tt_ids": 1.0},
    HETERO: {"kg": 0.51949, "ikg": 1.0, "ikg_plain": 0.99996, "ikg_variance_only": 1.0,
             "ocba": 0.80488, "ttei": 0.91956, "tt_ids": 1.0},
}  # fmt: skip
ERRORS = {ONE: 0.0257, SLIP: 0.016, HETERO: 0.0235}
"""2/sqrt(n Gamma* R) at n = 20,000 and R = 100."""
SLOW = {
    (SLIP, "kg"): "its shares of slippage are still mixing at 20,000 pulls",
    (SLIP, "ocba"): "in 3 to 5 runs of 100 the best arm is frozen, and their error with it",
}
RATES = Finding(
    "knowledge_gradient/rates",
    "Rates of the posterior error",
    rows=[
        *(
            _rate(key, phase, ratio, 3 * ERRORS[key], SLOW.get((key, phase), ""))
            for key, each in RATIOS.items()
            for phase, ratio in each.items()
        ),
        verdict("ikg.rate.sharp", "tight", version="posterior, ikg"),
        verdict("ikg.rate.printed", "inconclusive", version="posterior, ikg_plain"),
        verdict("ttei.rate", "tight"),
        verdict("ttids.rate", "tight", version="posterior, tt_ids"),
        Row(
            "slippage, ocba: runs with a frozen best arm, of 100",
            above(1),
            lambda r: np.array([np.nansum(_data(r[SLIP], "ocba")["frozen"].values[:, -1])]),
        ),
    ],
    text=(
        "Every rate is where the formulas put it. The rate is the slope of the posterior error "
        "less that of the best shares; slopes of the error itself would read 8 to 15 % more at a "
        "thousand pulls."
    ),
    picture=_picture(SLIP),
    caption="Rates on slippage, 100 runs of 20,000 pulls.",
)

FLUID_RATIOS = {
    **{key: {k: v for k, v in each.items() if k != "ttei"} for key, each in RATIOS.items()},
    THREE: {"kg": 0.90115, "ikg": 0.99999, "ikg_plain": 0.99693, "ikg_variance_only": 1.0,
            "ocba": 0.98987, "tt_ids": 1.0},
}  # fmt: skip
FLUID = Finding(
    "knowledge_gradient/fluid",
    "Where shares settle",
    rows=[
        *(
            _rate(key, f"fluid_{phase}", ratio, 1e-3)
            for key, each in FLUID_RATIOS.items()
            for phase, ratio in each.items()
        ),
        verdict("kg.shares", "tight"),
        *(
            verdict("ikg.rate.sharp", "tight", version=f"{kind}, {phase}")
            for kind in ("fluid", "shares")
            for phase in ("ikg", "ikg_plain", "ikg_variance_only")
        ),
        *(
            verdict("ikg.rate.printed", label, of=key, said=INSTANCES[key])
            for key, label in (
                (ONE, "tight"),
                (SLIP, "contradicted"),
                (HETERO, "tight"),
                (THREE, "contradicted"),
            )
        ),
    ],
    text=(
        "One balance law gives the shares of all three variants. The printed claim that iKG has "
        "the rate Gamma* holds of plain iKG where the best arm has one close rival, and is wrong "
        "by 25 in 1,000 where it has nine."
    ),
    picture=_picture(SLIP),
    caption="Shares and rates of the fluid on slippage.",
)

PAIRED = Finding(
    "knowledge_gradient/paired",
    "iKG against KG on the same rewards",
    rows=[
        verdict("ikg.bai.pfs", "holds", version="ikg"),
        verdict("ikg.bai.pfs", "contradicted", version="ikg_plain"),
        verdict("kg.rate", "holds", version="false selections, kg"),
        _wrong("", "kg", 1200, 0.010, 10_000),
        _wrong("", "ikg", 1200, 0.0033, 10_000),
        _wrong("", "ikg_plain", 1200, 0.028, 10_000),
    ],
    text=(
        "From 800 pulls on the integral variant is right more often than KG where one of them is "
        "wrong; plain iKG is right in one such run of ten."
    ),
    picture=_picture(""),
    caption="False selections on the same rewards, 10,000 runs.",
)

EQUAL = Finding(
    "knowledge_gradient/equal",
    "Equal allocation and its exact probability",
    rows=[
        verdict("equal.pfs", "tight", version="quadrature"),
        verdict("equal.pfs", "tight", version="false selections, equal"),
        _wrong(ONE, "equal", 1600, 0.0686, 20_000),
        _wrong(SLIP, "equal", 300, 0.1409, 20_000),
        _wrong(HETERO, "equal", 1200, 0.0613, 20_000),
    ],
    text="20,000 runs of the simulator are where one integral says, at every recorded pull.",
)


def _at(record: Watched, phase: str, pulls: int) -> float:
    return _wrong_at(record, phase, pulls) / record.config.runs


EPS_GOOD = Finding(
    "knowledge_gradient/eps_good",
    "All arms within epsilon of the best",
    rows=[
        _rate("", "eps_ikg", 0.99999, 3 * 0.0154),
        _rate("", "eps_kg", 0.39389, 3 * 0.0154),
        _rate("", "fluid_eps_ikg", 0.99999, 1e-3),
        _rate("", "fluid_eps_ikg_plain", 0.99572, 1e-3),
        _wrong("", "eps_equal", 1500, 0.070, 300),
        _wrong("", "eps_kg", 1500, 0.021, 300),
        _wrong("", "eps_ikg", 1500, 0.0037, 300),
        _wrong("", "eps_ikg_plain", 1500, 0.048, 300),
        verdict("ikgeps.rate.printed", "tight", version="posterior, ikg"),
        verdict("ikgeps.rate.printed", "tight", version="fluid, ikg"),
        verdict("ikgeps.rate.printed", "contradicted", version="fluid, ikg_plain"),
        verdict("ikgeps.rate.printed", "tight", version="the set"),
        verdict("ikgeps.rate.exact", "tight"),
    ],
    text=(
        "Here the second good arm stands off, so that the printed rate is that of the set. At "
        "1,500 pulls the integral variant is wrong in four sets of 1,000."
    ),
    picture=_picture(""),
    caption="Ten arms, three of them good, 300 runs.",
)

NEAR_TIE = Finding(
    "knowledge_gradient/near_tie",
    "Two good arms that are nearly tied",
    rows=[
        verdict("ikgeps.rate.printed", "tight", version="fluid, ikg"),
        verdict("ikgeps.rate.printed", "contradicted", version="the set"),
        verdict("ikgeps.rate.exact", "tight"),
        Row(
            "exact rate of the set at the printed optimum",
            near(0.0428, within=1e-4),
            lambda r: _data(r[""], "fluid_eps_oracle")["predicted_set_rate"].values[:, -1],
        ),
        Row(
            "best exact rate of the set over the printed one",
            near(0.7992, within=1e-4),
            lambda r: np.array([_best_set(r[""])]),
        ),
    ],
    text=(
        "The printed rate compares every arm with the best one. A good arm also fails if it falls "
        "below another good one, and the allocation that the printed rate calls best leaves the "
        "second arm 7 pulls in 1,000."
    ),
    picture=_picture(""),
    caption="Four arms, the second .01 below the best.",
)


def _best_set(record: Watched) -> float:
    reference = record.constants.reference
    return reference.set_optimum.rate / reference.gamma


FEASIBLE = Finding(
    "knowledge_gradient/feasible",
    "Arms that meet their thresholds",
    rows=[
        *(
            _rate("", f"feasible_{phase}", 1.0, 3 * 0.0078)
            for phase in ("ikg", "ikg_plain", "ikg_variance_only")
        ),
        _wrong("", "feasible_equal", 300, 0.067),
        _wrong("", "feasible_ikg", 300, 0.0043),
        _wrong("", "feasible_ikg_plain", 300, 0.254),
        verdict("ikgf.rate", "tight"),
        Row(
            "feasible_oracle: mean rate",
            below(0.95),
            lambda r: np.array([_rates(r[""], "feasible_oracle").mean()]),
        ),
    ],
    text=(
        "All variants have the best rate. The best shares of the true means do not have it yet at "
        "6,000 pulls: the posterior error is that of the estimates, whose noise a policy balances "
        "and a fixed allocation does not."
    ),
    picture=_picture(""),
    caption="Five arms with two measures each, 1,000 runs.",
)

PLUGIN = Finding(
    "knowledge_gradient/plugin",
    "Variances that are estimated",
    rows=[
        Row(
            f"{phase}: runs wrong at 400 pulls, of 1,000 (known; estimated variances)",
            Nothing(),
            lambda r, p=phase: np.array(
                [_wrong_at(r[f"variance={kind}"], p, 400) for kind in ("known", "plugin")]
            ),
        )
        for phase in ("kg", "ikg", "ikg_plain", "ocba", "ttei", "tt_ids")
    ]
    + [
        Row(
            "equal: runs that differ, of 1,000",
            exactly(0),
            lambda r: np.array(
                [
                    abs(
                        _wrong_at(r["variance=known"], "equal", 400)
                        - _wrong_at(r["variance=plugin"], "equal", 400)
                    )
                ]
            ),
        )
    ],
    text="Estimating variances costs little once every arm has five rewards.",
)

EXAMPLE_2 = Finding(
    "knowledge_gradient/example2",
    "The paper's second example, as it is remembered",
    rows=[
        Row(
            f"{phase}: share of wrong runs at 20,000 pulls",
            above(0.2),
            lambda r, p=phase: np.array([_at(r[""], p, 20_000)]),
            "a guess of ours: n Gamma* = .9 leaves an error of a tenth, and not of a fifth",
        )
        for phase in ("equal", "kg", "ikg", "ikg_plain", "tt_ids")
    ]
    + [verdict("ikg.rate.sharp", "does not apply", version="posterior, ikg")],
    text=(
        "Gamma* is 4.4e-5. At 20,000 pulls every policy is still wrong in one run of ten or more, "
        "and no rate can be told below 10^6."
    ),
)

FINDINGS = [
    FIGURE,
    RATES,
    FLUID,
    PAIRED,
    EQUAL,
    EPS_GOOD,
    NEAR_TIE,
    FEASIBLE,
    PLUGIN,
    EXAMPLE_2,
]
