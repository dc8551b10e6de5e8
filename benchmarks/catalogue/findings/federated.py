"""The findings about federated zeroth-order optimisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import about, below, between, near, order
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Decades, Series
from benchmarks.catalogue.watched import Records, Watched

OPENING = """\
# Findings: federated zeroth-order optimisation

Clients that descend by differences of their losses, and a server that averages them, against {jobs}
jobs ({minutes} on 2 cores). `python -m benchmarks.catalogue --study federated` runs them and writes
this page; each experiment also runs alone, by the command under its title. What is modelled and
claimed stands in [federated.md](../federated.md).

*Expected* is theory, or a number of our notes on other data, written in the code before the run: a
verdict to the letter; a mean over runs within about four of its standard errors, said as a share; a
ratio of our notes within 10 %, since data of another draw move it only a little.
"""


def _late(record: Watched, name: str = "log_excess", stage: str = "quadratic") -> float:
    """The mean over runs and over the second half of the rounds, in rounds recorded."""
    data = record.stage(stage)
    late = data["round"].values >= data["round"].values[-1] / 2
    return float(np.exp(data[name].values[:, late]).mean())


def _over_kappa(record: Watched) -> Float[np.ndarray, " b2"]:
    data = record.stage("estimator")
    b2, d = data["b2"].values, record.config.dim
    sign = 1 if record.config.directions == "gaussian" else -1
    return data["ratio_by_directions"].values[:, -1].mean(axis=0) / (1 + (d + sign) / b2)


def _excess(records: Records, stage: str = "quadratic") -> Sequence[Chart]:
    series = [
        Series(key, r.stage(stage)["round"].values[1:], r.stage(stage)["log_excess"].values[:, 1:])
        for key, r in records.items()
    ]
    return [Decades("F_S - F*", series, x="round t")]


KAPPA = Finding(
    "federated/kappa",
    "An estimate is kappa times as large as its gradient",
    rows=[
        verdict("fz.kappa", "tight"),
        Row(
            "mean of |ghat|^2/|g_B|^2 over 1 + (d-1)/b2, every b2, sphere",
            near(1, within=0.05),
            lambda r: _over_kappa(r["directions=sphere"]),
        ),
        Row(
            "the same over 1 + (d+1)/b2, Gaussian directions",
            near(1, within=0.05),
            lambda r: _over_kappa(r["directions=gaussian"]),
        ),
    ],
    text=(
        "Second moments of the two-point estimator are those of the formula, for the sphere and "
        "for Gaussian directions, which cost two more in d."
    ),
)

PARTICIPATION = Finding(
    "federated/participation",
    "Fewer participants, a higher floor",
    rows=[
        verdict("fz.moments", "tight"),
        verdict("fz.floor", "tight"),
        Row(
            "floor of one participant over that of ten",
            about(10, share=0.2),
            lambda r: _late(r["participants=1"]) / _late(r["participants=10"]),
        ),
    ],
    text=(
        "The floor falls like 1/M, as the noise of estimates is independent between "
        "participants; what unlike clients add comes on top, and is small where they share "
        "w_true."
    ),
    picture=_excess,
    caption="Four numbers of participants, 128 runs each.",
)

HETEROGENEITY = Finding(
    "federated/heterogeneity",
    "Unlike clients, and how many local steps they take",
    rows=[
        verdict("fz.moments", "tight", "does not apply"),
        verdict("fz.rate", "tight", "inconclusive", version="quadratic"),
        Row(
            "excess of the second half, H = 5 over H = 1 at equal rounds, het = 0",
            about(0.2, share=0.25),
            lambda r: _late(r["het=0.0, local_steps=5"]) / _late(r["het=0.0, local_steps=1"]),
        ),
    ],
    text=(
        "The recursion holds with every client's own Hessian. Where it does not apply the first "
        "steps are above half the mean-square limit (unlike clients, one local step, a small "
        "l_min)."
    ),
)

STALENESS = Finding(
    "federated/staleness",
    "Late clients",
    rows=[
        *(
            verdict("fz.moments.async", "tight", of=f"staleness={lag}", said=f"staleness {lag}")
            for lag in (1, 5, 20)
        ),
        verdict("fz.moments", "tight", of="staleness=0"),
        verdict("fz.delay", "tight"),
        Row(
            "excess of the second half, lags up to 20 over none",
            about(1, share=0.2),
            lambda r: _late(r["staleness=20"]) / _late(r["staleness=0"]),
            "delay adds to the variance of a floor: a share of eta H l times the mean lag, that is "
            ".045 times 10; the exact recursion says the same",
        ),
    ],
    text=(
        "The moments of all lags predict late clients as well. At this small step lags of up to 20 "
        "rounds quicken the start, since old and larger steps are still taken, and raise the floor "
        "by a half."
    ),
    picture=_excess,
    caption="Lags up to 0, 1, 5 and 20 rounds, 128 runs each.",
)

HEAVY_TAILS = Finding(
    "federated/heavy_tails",
    "Heavy tails cost what their second moment says",
    rows=[
        verdict("fz.subweibull", "tight"),
        *(
            verdict("fz.floor", "tight", of=f"noise.theta={t}", said=f"theta {t}")
            for t in ("0.5", "1.0", "1.5")
        ),
        verdict("fz.floor", "tight", "inconclusive", of="noise.theta=2.0", said="theta 2.0"),
    ],
    text=(
        "Noise enters through its second moment alone, Gamma(2 theta + 1), and what runs do "
        "agrees up to theta = 2, where the notes expected too few draws: a round averages a "
        "hundred of them."
    ),
)

SMOOTHING = Finding(
    "federated/smoothing",
    "Smoothing adds mu^2 to the floor",
    rows=[
        verdict("fz.smoothing", "tight"),
        verdict("fz.floor", "tight"),
        Row(
            "floor of mu = .001 over that of mu = 1e-9, same streams",
            near(1, within=1e-4),
            lambda r: _late(r["smoothing=0.001"]) / _late(r["smoothing=1e-09"]),
        ),
    ],
    text=(
        "On quadratics estimates are unbiased at every mu, and differences computed as such are "
        "exact at 1e-9: the same streams give the same curve."
    ),
    picture=_excess,
    caption="Four smoothings, 256 runs each.",
)


def _changes(records: Records, mu: str) -> Float[np.ndarray, " R"]:
    """Of the cosine of estimate and gradient, by naive differences."""
    stable, naive = (
        records[f"difference={name}, smoothing={mu}"].stage("estimator")["estimator_cosine"].values
        for name in ("stable", "naive")
    )
    return np.abs(naive[:, -1] - stable[:, -1])


ROUNDING = Finding(
    "federated/rounding",
    "What the difference of two losses loses",
    rows=[
        *(
            verdict(
                "fz.kappa",
                "tight",
                of=f"difference=stable, smoothing={mu}",
                said=f"stable, mu = {mu}",
            )
            for mu in ("0.001", "1e-09", "1e-14")
        ),
        Row(
            "change of the mean cosine of estimate and gradient by naive differences, mu = 1e-9",
            below(1e-6),
            lambda r: _changes(r, "1e-09"),
        ),
        Row(
            "the same, largest of the runs, mu = 1e-14",
            between(1e-4, 0.2, "a few per cent of an estimate"),
            lambda r: _changes(r, "1e-14").max(),
        ),
    ],
    text=(
        "A naive difference at mu = 1e-14 rounds its estimates to a few per cent; a stable one "
        "costs the same and rounds nothing, at any mu."
    ),
)

LIMIT = Finding(
    "federated/limit",
    "How large a step may be",
    rows=[
        verdict("fz.limit", "tight"),
        verdict("fz.delay", "tight"),
        Row(
            "largest ratio of the limit of these clients to that of fewer local steps",
            between(0.3, 1, "falling with H"),
            lambda r: np.max(_ratios(r[""])),
        ),
        Row(
            "limit of these clients times H: 20 local steps over 1",
            between(1, 20, "falls more slowly than 1/H"),
            lambda r: (
                20
                * r[""].stage("limit")["ms_limit_own"].values[0, -1][[-1]]
                / r[""].stage("limit")["ms_limit_own"].values[0, -1][[0]]
            ),
        ),
    ],
    text=(
        "The closed form of one local step and equal clients is where the spectral radius of "
        "the exact map passes one, to twelve digits; with unlike clients and more local steps "
        "the radius itself says."
    ),
)


def _ratios(record: Watched) -> Float[np.ndarray, " H-1"]:
    own = record.stage("limit")["ms_limit_own"].values[0, -1]
    return own[1:] / own[:-1]


def _best(records: Records, b2: int, h: int, m: int) -> float:
    data = records[""].stage("budget")
    mine = (
        (data["num_directions"].values == b2)
        & (data["local_steps"].values == h)
        & (data["participants"].values == m)
    )
    return float(data["best_excess"].values[0, -1, mine][0])


QUERY_BUDGET = Finding(
    "federated/query_budget",
    "How 1e5 queries are best spent",
    rows=[
        *(
            Row(
                f"least excess of b2 = {b2} over that of b2 = 4, H = 1, M = 10",
                about(ratio, share=0.1),
                lambda r, b2=b2: _best(r, b2, 1, 10) / _best(r, 4, 1, 10),
            )
            for b2, ratio in ((1, 1.215), (2, 1.025), (9, 1.215), (20, 1.77))
        ),
        Row(
            "H = 20 over H = 1, b2 = 4, M = 10",
            about(1, share=0.1),
            lambda r: _best(r, 4, 20, 10) / _best(r, 4, 1, 10),
        ),
        Row(
            "M = 1 over M = 10, b2 = 4, H = 1",
            order(3, factor=1.5),
            lambda r: _best(r, 4, 1, 1) / _best(r, 4, 1, 10),
            "these clients share w_true, so that their gradients at the minimum are nearly equal "
            "and the sampling of clients adds little",
        ),
    ],
    text=(
        "Two to four directions are best: fewer make every estimate noisy, more buy fewer "
        "rounds. Local steps gain nothing at equal queries; they save rounds."
    ),
)

STABILITY = Finding(
    "federated/stability",
    "How much one sample matters",
    rows=[
        verdict("fz.stability.exact", "tight"),
        verdict("fz.stability.path", "holds"),
        verdict("fz.stability.convex", "holds", "faster"),
        verdict("fz.stability.nonconvex", "holds", "vacuous"),
        verdict("fz.stability.scale", "tight", "holds"),
        verdict("fz.gap", "holds", "faster"),
        Row(
            "n N |w - w'| at the end, ten clients over two, n = 20, logistic",
            about(1, share=0.2),
            lambda r: _scaled(r["copies.clients=10"]) / _scaled(r["copies.clients=2"]),
        ),
    ],
    text=(
        "Copies drift apart like 1/(n N), in n and in N. The bound for any loss is of no use "
        "after twenty rounds, that for convex losses a factor 10 to 34 above, since data pull "
        "copies together again."
    ),
)


def _scaled(record: Watched) -> float:
    return float(record.stage("logistic_copies")["scaled_distance"].values[:, -1, 0].mean())


BASELINES = Finding(
    "federated/baselines",
    "What true gradients save",
    rows=[
        verdict("fz.moments", "tight"),
        verdict("fz.rate", "tight"),
        Row(
            "excess at the end, estimates over true gradients",
            between(2, 5, "about kappa^2 = 3.25"),
            lambda r: _late(r["method=fedzo"]) / _late(r["method=fedavg"]),
        ),
        Row(
            "the same, infinitely many directions over true gradients",
            about(1, share=0.1),
            lambda r: _late(r["method=smoothed"]) / _late(r["method=fedavg"]),
        ),
    ],
    text=(
        "Without estimates the constant of the 1/t law is smaller by about kappa^2; the mean "
        "over all directions is as good as the gradient."
    ),
    picture=_excess,
    caption="Three methods on the quadratic task, 256 runs each.",
)

FINDINGS: list[Finding] = [
    KAPPA,
    LIMIT,
    PARTICIPATION,
    HETEROGENEITY,
    STALENESS,
    HEAVY_TAILS,
    SMOOTHING,
    ROUNDING,
    QUERY_BUDGET,
    STABILITY,
    BASELINES,
]
