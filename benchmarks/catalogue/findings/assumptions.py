"""Without Assumption 3; without an injective collocation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import (
    PREFACTOR,
    PRINTED,
    Nothing,
    about,
    above,
    below,
    near,
    order,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.bounds import only
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records
from ntp_dynamics.studies.next_token.data.realizable import recognise

ALONE = "dataset.path=${corpus:non_injective}"
EVEN = "dataset.path=${corpus:non_injective_symmetric}"
Q = 5
"""The query of the two tokens with one continuation."""


def _against(records: Records) -> np.ndarray:
    """Share of the sentences of two tokens or more that break Assumption 3."""
    corpora = only(records).corpora
    against = [len(recognise(corpus).assumption3_violations) for corpus in corpora]
    return np.divide(against, [sum(len(s) > 1 for s in c.sentences) for c in corpora])


def _assumption_3(records: Records) -> Sequence[Chart]:
    record = only(records)
    curve = Series("8 runs", series.steps(record), series.values(record, GAP))
    return [Chart("1 - cos(W_kq, W*_kq)", [curve])]


def _under_q(records: Records, token: int) -> float:
    """The last score of a token under q, the whole scaled to ||W*||."""
    record = records[ALONE]
    scores = record.stage("attention")["scores"].values[0, -1]
    scale = series.target(record, "norm_kq")[0] / np.linalg.norm(scores)
    return float(scale * scores[token, record.queries[0].index(Q)])


def _shared(records: Records) -> Sequence[Chart]:
    curves = []
    for name, record in (("a also alone", records[ALONE]), ("symmetric", records[EVEN])):
        stage = record.stage("attention")
        t = stage["checkpoint"].values
        column = stage["scores"].values[0][:, :, record.queries[0].index(Q)]
        curves += [
            Series(f"{name}: score of {token}", t[t >= 1].astype(float), column[t >= 1, i][None])
            for i, token in enumerate("ab")
        ]
    return [Chart("scores under query q", curves, plain=True, log_x=False)]


ASSUMPTION_3 = Finding(
    "assumption3",
    "Assumption 3 is not needed here",
    rows=[
        Row(
            "1 - cos at path 2,000",
            order(3.4e-7, factor=PREFACTOR),
            lambda r: series.at(only(r), GAP, 2e3),
            "the notes have one corpus, to whose sentences three random wrong tokens were added; "
            "here every wrong token stands three times",
        ),
        Row(
            "exponent of 1 - cos, last decade, no forced-zero relation",
            near(-2, within=0.05),
            lambda r: series.exponent(only(r), GAP, 2e3)[series.free(only(r))],
        ),
        Row(
            "least change of log(phi_+ / phi_-) of any sentence in any step, to rounding",
            above(-1e-9),
            lambda r: series.last(only(r), "log_attention_growth"),
        ),
        verdict("kq.direction", "does not apply"),
        verdict("kq.direction.sharp", "tight"),
        Row("share of sentences against Assumption 3", Nothing(), _against),
    ],
    text=(
        "Assumption 3 fails in four of five sentences, and nothing else does: the leak of no "
        "sentence ever grows and the exponent is -2. The assumption looks sufficient, not "
        "necessary."
    ),
    picture=_assumption_3,
    caption="Assumption 3 violated.",
)
NON_INJECTIVE = Finding(
    "non_injective",
    "Two tokens with one continuation",
    rows=[
        Row(
            "one of them also alone: 1 - cos at t = 20,000",
            about(8.6e-2, share=PRINTED),
            lambda r: series.last(r[ALONE], GAP),
        ),
        Row(
            "its column on a (scaled to ||W*||)",
            near(0.73, within=0.01),
            lambda r: _under_q(r, 0),
        ),
        Row("its column on b", near(0, within=0.01), lambda r: _under_q(r, 1)),
        Row("its column on the wrong token x", near(-0.37, within=0.01), lambda r: _under_q(r, 4)),
        Row(
            "symmetric: 1 - cos at t = 20,000",
            below(1e-6),
            lambda r: series.last(r[EVEN], GAP),
        ),
        Row(
            "one of them also alone: log10 of the worst leak",
            below(-50),
            lambda r: series.decades(r[ALONE], "log_leak"),
        ),
        verdict("kq.direction", "does not apply"),
    ],
    text=(
        "Injectivity is an assumption of its own. Where two tokens lead to the same label and one "
        "of them also occurs without the other, it takes the attention of the shared sentences "
        "too, and descent ends elsewhere than the solution of problem (3), which asks both to win. "
        "The loss does not notice. In the symmetric corpus neither is ahead and W*_kq is reached."
    ),
    picture=_shared,
    caption="A shared continuation.",
)
