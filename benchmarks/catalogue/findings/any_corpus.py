"""Corpora that are not realizable: soft labels, cyclic orders, and what a constant step does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import above, below, between, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched

FED = "feed_forward"
WITHIN = 0.05
STEPS = (0.05, 0.1, 0.4)
BY_NGD = ("optimizer=ngd", "train.attention.step_size=0.1", "train.attention.steps=8000")
BY_SPLIT = ("optimizer=split_ngd", "train.attention.step_size=0.25", "train.attention.steps=8000")


def _eta(records: Records, stage: str) -> list[float]:
    return [getattr(r.config.train, stage).step_size for r in records.values()]


def _rate(record: Watched, stage: str, norm: str) -> np.ndarray:
    """(L - L_inf) eta t over ||W_svm||^2 at the end."""
    eta = getattr(record.config.train, stage).step_size
    t = series.steps(record, stage)[-1]
    excess = np.exp(series.last(record, "log_excess_loss", stage))
    return excess * eta * t / series.target(record, norm) ** 2


def _aside(record: Watched, stage: str, layer: str) -> np.ndarray:
    """(1 - cos) 2 ||W||^2 over R^2 at the end."""
    gap = series.last(record, f"direction_gap_{layer}", stage)
    norm = series.last(record, f"norm_{layer}", stage)
    return gap * 2 * norm**2 / series.target(record, f"offset_{layer}")


def _soft_picture(records: Records) -> Sequence[Chart]:
    names = {
        "excess": "log_excess_loss",
        "leak": "log_leak_loss",
        "fluctuation": "log_fluctuation",
    }
    (record,) = (r for key, r in records.items() if "counts" in key)
    t = series.steps(record, FED)
    curves = [Series(n, t, np.exp(series.values(record, x, FED))) for n, x in names.items()]
    gap = series.values(record, "direction_gap_ov", FED)
    return [
        Chart("the excess loss and its two parts", curves),
        Chart("1 - cos(W, W_svm)", [Series("direction", t, gap)]),
    ]


def _every(records: Records, measure, *args) -> np.ndarray:
    return np.concatenate([measure(record, *args) for record in records.values()])


SOFT_LABELS = Finding(
    "soft_labels",
    "Words with several continuations",
    rows=[
        Row(
            "(L - L_inf) eta t over ||W_svm||^2",
            near(1, within=WITHIN),
            lambda r: _every(r, _rate, FED, "norm_ov"),
        ),
        Row(
            "(1 - cos) 2 ||W||^2 over R^2",
            near(1, within=WITHIN),
            lambda r: _every(r, _aside, FED, "ov"),
        ),
        *(verdict(f"any.gd.{name}", "tight") for name in ("rate", "norm", "direction", "finite")),
        verdict("any.gd.bound", "holds"),
        *(verdict(f"soft.{name}", "does not apply") for name in ("entropy", "finite", "direction")),
        verdict("ov.direction", "does not apply"),
    ],
    text=(
        "Eight words, with one to eight continuations each. Among the continuations the logits "
        "settle at the logs of their frequencies, and part from the others as log t; each with the "
        "constant that is known before training. The loss cannot vanish: what falls is its excess "
        "over L_inf, formed without a subtraction, in two parts, the leak and the fluctuation."
    ),
    picture=_soft_picture,
    caption="Gradient descent on soft labels: the excess loss is nearly all leak.",
)

CYCLIC_ORDERS = Finding(
    "cyclic_orders",
    "Orders with cycles",
    rows=[
        Row(
            "gd: (L - L_inf) eta t over ||W_svm||^2",
            near(1, within=WITHIN),
            lambda r: _rate(r[""], "attention", "norm_kq"),
        ),
        Row(
            "gd: (1 - cos) 2 ||W||^2 over R^2",
            near(1, within=WITHIN),
            lambda r: _aside(r[""], "attention", "kq"),
        ),
        *(verdict(f"any.gd.{n}.kq", "tight", of="") for n in ("rate", "norm", "direction")),
        verdict("any.gd.bound.kq", "holds", of=""),
        *(verdict(f"any.ngd.{n}.kq", "tight", of=", ".join(BY_NGD)) for n in ("plateau", "leak")),
        verdict("any.ngd.best.kq", "holds", of=", ".join(BY_NGD)),
        verdict("any.split.direction.kq", "tight", of=", ".join(BY_SPLIT)),
        Row(
            "split_ngd: distance of the finite part",
            below(1e-12),
            lambda r: series.last(r[", ".join(BY_SPLIT)], "finite_distance"),
        ),
        Row(
            "ngd: distance of the finite part",
            above(1e-3),
            lambda r: series.last(r[", ".join(BY_NGD)], "finite_distance"),
        ),
        verdict("kq.direction", "does not apply"),
    ],
    text=(
        "A copy head (each token leads to itself) on random sentences whose labels contradict one "
        "another: under each query tokens fall into components, within which attention settles at "
        "a finite W_fin, and between which it parts for ever. Problem (3) of the paper is "
        "infeasible here; the size-weighted W_svm takes its place, and is certified as W* is."
    ),
    more=[BY_NGD, BY_SPLIT],
)


def _plateau(record: Watched) -> np.ndarray:
    """Fluctuation at the end over lam eta^2 / 8."""
    lam, eta = series.target(record, "curvature_ov"), record.config.train.feed_forward.step_size
    return np.exp(series.last(record, "log_fluctuation", FED)) / (lam * eta**2 / 8)


def _of(records: Records, eta: float) -> Watched:
    return records[f"train.feed_forward.step_size={eta}"]


NGD_TWO_CYCLE = Finding(
    "ngd_two_cycle",
    "Normalised descent cannot learn frequencies",
    rows=[
        *(
            Row(
                f"eta = {eta}: fluctuation over lam eta^2 / 8",
                near(1, within=WITHIN) if eta <= 0.1 else between(0.8, 0.95),
                lambda r, eta=eta: _plateau(_of(r, eta)),
                "the notes have .886 on other corpora: how a long step departs from the law of "
                "short ones is the corpus's own",
            )
            for eta in STEPS
        ),
        verdict("any.ngd.best", "holds"),
        *(
            verdict(f"any.ngd.{name}", "tight", of=f"train.feed_forward.step_size={eta}", said=said)
            for eta, said in ((0.05, "eta = .05"), (0.1, "eta = .1"))
            for name in ("plateau", "leak")
        ),
        verdict(
            "any.ngd.plateau",
            "does not apply",
            of="train.feed_forward.step_size=0.4",
            said="eta = .4",
        ),
    ],
    text=(
        "A step of fixed length cannot stop where a minimum is. It ends in a two-cycle across it, "
        "along the eigenvector of the largest curvature; the rest of the weights then moves as "
        "under plain descent with the step 2 / lam. Shrinking steps, plain descent or `split_ngd`, "
        "which normalises only what has no minimum, do not have this."
    ),
)
