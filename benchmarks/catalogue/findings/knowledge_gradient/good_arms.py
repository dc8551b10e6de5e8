"""Good arms, near ties, and feasible arms."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue.expectation import (
    below,
    near,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.knowledge_gradient.rows import (
    picture,
    rate,
    rates_of,
    recorded,
    wrong,
    wrong_at,
)
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Watched


def at(record: Watched, phase: str, pulls: int) -> float:
    return wrong_at(record, phase, pulls) / record.config.runs


EPS_GOOD = Finding(
    "knowledge_gradient/eps_good",
    "All arms within epsilon of the best",
    rows=[
        rate("", "eps_ikg", 0.99999, 3 * 0.0154),
        rate("", "eps_kg", 0.39389, 3 * 0.0154),
        rate("", "fluid_eps_ikg", 0.99999, 1e-3),
        rate("", "fluid_eps_ikg_plain", 0.99572, 1e-3),
        wrong("", "eps_equal", 1500, 0.070, 300),
        wrong("", "eps_kg", 1500, 0.021, 300),
        wrong("", "eps_ikg", 1500, 0.0037, 300),
        wrong("", "eps_ikg_plain", 1500, 0.048, 300),
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
    picture=picture(""),
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
            lambda r: recorded(r[""], "fluid_eps_oracle")["predicted_set_rate"].values[:, -1],
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
    picture=picture(""),
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
            rate("", f"feasible_{phase}", 1.0, 3 * 0.0078)
            for phase in ("ikg", "ikg_plain", "ikg_variance_only")
        ),
        wrong("", "feasible_equal", 300, 0.067),
        wrong("", "feasible_ikg", 300, 0.0043),
        wrong("", "feasible_ikg_plain", 300, 0.254),
        verdict("ikgf.rate", "tight"),
        Row(
            "feasible_oracle: mean rate",
            below(0.95),
            lambda r: np.array([rates_of(r[""], "feasible_oracle").mean()]),
        ),
    ],
    text=(
        "All variants have the best rate. The best shares of the true means do not have it yet at "
        "6,000 pulls: the posterior error is that of the estimates, whose noise a policy balances "
        "and a fixed allocation does not."
    ),
    picture=picture(""),
    caption="Five arms with two measures each, 1,000 runs.",
)
