"""Corpora that the definition rejects: a cyclic order, an unreachable label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import (
    PRINTED,
    Nothing,
    about,
    above,
    below,
    exactly,
    one_of,
)
from benchmarks.catalogue.finding import Correction, Finding, Row
from benchmarks.catalogue.findings.bounds import only
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.next_token.data.realizable import recognise

FLIPPED = "dataset.path=${corpus:cycle}"
MENDED = "dataset.path=${corpus:cycle_mended}"
CLEAN_QUERY, ITS_OPTIMAL = 6, 3


def _feasible(records: Records) -> tuple[str]:
    norm = series.target(records[FLIPPED], "norm_kq")[0]
    return ("infeasible" if np.isnan(norm) else "feasible",)


def _ratio(step: float, notes: float) -> Row:
    return Row(
        f"||W|| / (eta t) at t = {step:,.0f}",
        about(notes, share=PRINTED),
        lambda r: series.at(r[FLIPPED], "norm_ratio", step),
    )


def _clean_margin(record: Watched) -> float:
    """Last score of the optimal token of the clean query g over that of g itself."""
    scores = record.stage("attention")["scores"].values[0, -1]
    column = scores[:, record.queries[0].index(CLEAN_QUERY)]
    return float(column[ITS_OPTIMAL] - column[CLEAN_QUERY])


def _cycle(records: Records) -> Sequence[Chart]:
    curves = [
        Series(name, series.steps(records[key]), series.values(records[key], "norm_ratio"))
        for name, key in (("one label flipped", FLIPPED), ("mended", MENDED))
    ]
    return [Chart("||W_kq|| / path length", curves)]


def _reason(records: Records) -> tuple[str]:
    found = recognise(only(records).corpora[0])
    return (f"no: {found.certificate.reason.value}" if found.certificate else "yes",)


def _mixture(records: Records) -> Sequence[Chart]:
    record = only(records)
    loss = np.exp(series.values(record, "log_loss", "joint"))
    return [
        Chart("cross-entropy L", [Series("joint training", series.steps(record, "joint"), loss)])
    ]


CYCLE = Finding(
    "cycle",
    "One flipped label",
    rows=[
        Row("problem (3)", one_of("infeasible"), _feasible),
        Row(
            "loss at t = 20,000",
            about(0.121, share=PRINTED),
            lambda r: np.exp(series.last(r[FLIPPED], "log_loss")),
        ),
        *[_ratio(*at) for at in ((1e2, 0.58), (1e3, 0.091), (1e4, 0.014), (2e4, 0.0077))],
        Row(
            "label mended: ||W|| / (eta t) at t = 20,000",
            above(0.95),
            lambda r: series.last(r[MENDED], "norm_ratio"),
        ),
        Row(
            "margin of the clean query g at t = 20,000",
            Nothing(),
            lambda r: _clean_margin(r[FLIPPED]),
        ),
        Row("label mended: margin of g", Nothing(), lambda r: _clean_margin(r[MENDED])),
    ],
    text=(
        "A flipped label closes a cycle of orders: no direction separates, the loss has a floor, "
        "and the norm grows like log t although the path grows like t. Because the norm of the "
        "step is shared, clean queries slow down with the cyclic one. A ratio of norm to path that "
        "falls like log t / t is a sign of such a corpus, not a proof: a rare sentence held down "
        "by frequent ones makes it fall in a realizable corpus too, and a ratio near 1 does not "
        "mean that the direction is right (`confused_chain`)."
    ),
    picture=_cycle,
    caption="The ratio of norm to path.",
    corrections=[
        Correction(
            "the ratio of norm to path tells: near 1 for a realizable corpus",
            "4 of 40 realizable corpora in `confused_chain` end with a sentence wrong: the ratio "
            "is .9995 in two of them and .007 in the other two",
        )
    ],
)
SUFFICIENT = Finding(
    "sufficient_not_necessary",
    "Realizable is sufficient, not necessary",
    rows=[
        Row("realizable", one_of("no: unreachable label"), _reason),
        Row(
            "log10 of the loss at t = 40,000, both layers trained",
            below(-15),
            lambda r: series.last(only(r), "log_loss", "joint") / series.LOG_10,
        ),
        Row(
            "accuracy at t = 40,000, sentences alike",
            exactly(1),
            lambda r: series.last(only(r), "accuracy_unweighted", "joint"),
        ),
    ],
    text=(
        "A realizable corpus has weights of loss zero, so the definition is sufficient for that; "
        "it is not necessary: the sum of two columns of W_ov can peak at a label that neither of "
        "them predicts. The theory of max-margin directions says nothing about such a corpus. Nor "
        "is realizable sufficient for descent to find these weights (`trap_regimes`)."
    ),
    picture=_mixture,
    caption="a -> A, b -> B, (a, b) -> C.",
)
