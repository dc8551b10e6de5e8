"""Traps against the certificate: none is proved while a sentence is wrong, and sound runs are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from benchmarks.catalogue.expectation import Nothing, above, exactly
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import proved_from
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.next_token.problem import know
from ntp_dynamics.studies.next_token.theory.certified import certify
from ntp_dynamics.studies.next_token.theory.continuation import Refused, Rule
from ntp_dynamics.studies.next_token.theory.exponentials import Exponentials, exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget

TRAPS = {
    "trap": (10, 100, 1000, 1_000_000, 100_000_000),
    "edge": (10, 100, 1000),
    "pit": (10, 100, 1000),
}
"""Ratios of weights at which sentences that are frequent drive a rare one to a margin <= -1."""
SOUND = {"equal weights": "trap_1", "slope, 10": "slope_10", "slope, 1,000": "slope_1000"}
SHAPES = {name: (f"dataset={name}", "runs=8") for name in ("realizable", "prefix_closed")}

States = tuple[Bool[np.ndarray, " C"], Bool[np.ndarray, " C"]]


def _of(records: Records, name: str) -> Watched:
    return records[f"dataset.path=${{corpus:{name}}}"]


def _trapped(records: Records, shape: str) -> list[Watched]:
    return [_of(records, f"{shape}_{ratio}") for ratio in TRAPS[shape]]


def _proved(record: Watched) -> int:
    """Runs of which anything is proved."""
    return int(np.isfinite(proved_from(record, "kq.loss.sharp")).sum())


def _states(record: Watched) -> States:
    """Of the recorded states of the one run: whether a sentence is wrong, and whether the state
    proves anything where no hypothesis is asked."""
    known, train = know(record.config, record.corpora), record.config.train
    target = known.targets[0].attention
    assert isinstance(target, AttentionTarget)
    e = exponentials(record.corpora[0], known.recognitions[0].collocation, target)
    rule = Rule(train.attention.step_size, Interval.exactly(train.margin))
    queries = record.queries[0]
    scores = record.stage("attention")["scores"].values[0, :, :, : len(queries)]
    relations = known.recognitions[0].relations
    at = [queries.index(query) for query in relations.query]
    margins = scores[:, relations.above, at] - scores[:, relations.below, at]
    return margins.min(axis=1) <= 0, np.array(
        [_proves(e, state, queries, rule) for state in scores]
    )


def _proves(
    e: Exponentials, scores: Float[np.ndarray, "V Q"], queries: Sequence[int], rule: Rule
) -> bool:
    try:
        certify(e, scores, queries, rule)
    except Refused:
        return False
    return True


def _trap_rows(shape: str) -> list[Row]:
    """The runs of a shape: certificates, and their states where the refusal is set aside."""

    def states(records: Records) -> list[States]:
        return [_states(record) for record in _trapped(records, shape)]

    return [
        Row(
            f"{shape}: runs that are proved, of {len(TRAPS[shape])}",
            exactly(0),
            lambda r: sum(map(_proved, _trapped(r, shape))),
        ),
        Row(
            f"{shape}: recorded states with a sentence wrong",
            above(1),
            lambda r: sum(wrong.sum() for wrong, _ in states(r)),
        ),
        Row(
            f"{shape}: of these, states that prove anything where no hypothesis is asked",
            exactly(0),
            lambda r: sum((wrong & proves).sum() for wrong, proves in states(r)),
        ),
        Row(
            f"{shape}: states that prove something once every sentence is right",
            Nothing(),
            lambda r: sum((~wrong & proves).sum() for wrong, proves in states(r)),
        ),
    ]


def _sound_rows(name: str, key: str, runs: int) -> list[Row]:
    return [
        Row(f"{name}: runs that are proved, of {runs}", exactly(runs), lambda r: _proved(r[key])),
        Row(
            f"{name}: norm and loss proved from step on",
            Nothing(),
            lambda r: proved_from(r[key], "kq.loss.sharp"),
        ),
    ]


CERTIFICATE_TRAPS = Finding(
    "certificate_traps",
    "No proof in a trap",
    rows=[
        *[row for shape in TRAPS for row in _trap_rows(shape)],
        *[
            row
            for name, corpus in SOUND.items()
            for row in _sound_rows(name, f"dataset.path=${{corpus:{corpus}}}", 1)
        ],
        *[row for name, told in SHAPES.items() for row in _sound_rows(name, ", ".join(told), 8)],
    ],
    text=(
        "A run in a trap can look settled: in `trap_regimes` its norm grows by eta a step and the "
        "weighted accuracy reads .9998. No certificate was issued there. The corpus alone gives "
        "the trap away, and a run is refused by that hypothesis; where it is set aside, each state "
        "with a sentence wrong is refused for itself, as the leak is bounded by too much or no "
        "multipliers lie close. The hypothesis costs something: four of the trap and edge runs "
        "come back, and their late states would prove norm and loss, but a corpus with a trap is "
        "not asked. The same chain with equal weights, and a rare sentence that is opposed with "
        "r > -1, are proved."
    ),
    more=list(SHAPES.values()),
)
