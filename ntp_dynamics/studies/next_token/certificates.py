"""Certificates of the runs of a job: which of their recorded states prove every later step.

States are asked from the first on whose leak is small, for the first that proves the norm and the
loss, and the first that proves the direction too.  Where one refuses the last is asked at once: if
that refuses as well, its answer is that of the run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Certify, EngineName, Stage
from ntp_dynamics.studies.next_token.theory.asymptotics import SHARP
from ntp_dynamics.studies.next_token.theory.certified import Certificate, certify
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.continuation import Refused, Rule
from ntp_dynamics.studies.next_token.theory.exponentials import Exponentials, exponentials
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_2,
    EQUAL_MARGINS,
    STABLE_STEP,
    ZERO_INIT,
)
from ntp_dynamics.studies.next_token.theory.interval import Interval
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.proved import Proofs
from ntp_dynamics.verdict.terms import Given

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.next_token.config import Config
    from ntp_dynamics.studies.next_token.problem import Known

FORMAT = 1
MOST = 2**16
"""`certify=auto` asks while relations times recorded states, added up over runs, are no more."""
LEAK = 1 / 80
"""A state whose worst sentence may leak more is passed over: nothing was ever proved of one."""
EXACT_TARGET = Precondition(
    "exact target", lambda c: c.kq_gap == 0, "W*_kq is not known in exact numbers"
)
HYPOTHESES = (ASSUMPTION_2, ZERO_INIT, *SHARP, EXACT_TARGET, EQUAL_MARGINS, STABLE_STEP)
"""Those of the claims, and of the proof."""
ALWAYS, DIRECTION = ("kq.norm.sharp", "kq.loss.sharp"), "kq.direction.sharp"
"""Claims that a certificate proves, and the one that it proves with `Bounds.held`."""


A_SHARE, A_RUN = 90, 4_000
"""Bytes in two certificates, of a relation and of everything else."""


def on_disk(known: Known) -> int:
    """About how many bytes the file will have at most."""
    if known.config.certify is Certify.never or Stage.attention not in known.config.stages:
        return 0
    relations = sum(len(found.relations.query) for found in known.recognitions)
    return A_SHARE * relations + A_RUN * known.config.runs


class Found(NamedTuple):
    """What the states of a run prove: certificates by step, or why there are none."""

    certificates: dict[int, Certificate]
    refused: str | None = None

    def since(self, direction: bool) -> int | None:
        """The first step of a certificate, or of one that proves the direction too."""
        steps = (t for t, c in self.certificates.items() if c.bounds.held or not direction)
        return min(steps, default=None)

    def to_json(self, run: int) -> dict[str, Any]:
        listed = [{"step": step, **c.to_json()} for step, c in sorted(self.certificates.items())]
        return {"run": run, "refused": self.refused, "certificates": listed}


def proofs(known: Known, tree: xarray.DataTree, constants: Constants) -> Proofs | None:
    """What recorded scores prove of the runs of a job; None where it is not asked for.

    The file is empty where nothing was proved and `certify` is `auto`.
    """
    config = known.config
    if config.certify is Certify.never or Stage.attention not in constants.trained:
        return None
    states = _states(tree)
    if config.certify is Certify.auto:
        most = MOST if states is None else MOST // len(states.steps)
        relations = sum(len(found.relations.query) for found in known.recognitions)
        if states is None or relations > most:
            return None
    refused = _refusals(config, constants, states is not None)
    runs = [
        Found({}, why) if why is not None or states is None else _of_run(known, run, states)
        for run, why in enumerate(refused)
    ]
    since = {claim: [found.since(False) for found in runs] for claim in ALWAYS}
    since[DIRECTION] = [found.since(True) for found in runs]
    proved = any(found.certificates for found in runs)
    file = {
        "format": FORMAT,
        "claims": since,
        "runs": [found.to_json(run) for run, found in enumerate(runs)],
    }
    kept = proved or config.certify is Certify.always
    return Proofs(file if kept else {}, since, list(_said(runs)))


class States(NamedTuple):
    """Recorded scores, nan where a run has fewer queries, and which these are."""

    steps: list[int]
    scores: Float[np.ndarray, "R C V Q"]
    queries: list[list[int]]

    def at(self, run: int, i: int) -> Float[np.ndarray, "V Q"]:
        return self.scores[run, i, :, : len(self.queries[run])]


def _states(tree: xarray.DataTree) -> States | None:
    """None where no scores were recorded."""
    attention = tree.children.get(Stage.attention)
    if attention is None or "scores" not in attention.variables:
        return None
    scores = attention.variables["scores"]
    queries = [[q for q in row if q >= 0] for row in tree.variables["query_id"].values.tolist()]
    steps = attention.variables[scores.dims[1]].values.tolist()
    return States(steps, scores.values, queries)


def _refusals(config: Config, constants: Constants, recorded: bool) -> list[str | None]:
    """Why a run is not even asked, by the hypotheses of the proof."""
    runs = len(constants.kq_norm)
    if config.engine is EngineName.autograd:
        return ["automatic differentiation loses the gradient where the leak is small"] * runs
    if not recorded:
        return ["no scores were recorded"] * runs
    found: list[str | None] = [None] * runs
    given = Given(constants, runs)
    for hypothesis in HYPOTHESES:
        met = np.broadcast_to(np.asarray(hypothesis.check(constants), dtype=bool), (runs,))
        for run in np.flatnonzero(~met).tolist():
            found[run] = found[run] or str(given.at(hypothesis.failure))
    return found


def _of_run(known: Known, run: int, states: States) -> Found:
    """What the states of one run prove."""
    target = known.targets[run].attention
    assert isinstance(target, AttentionTarget)
    e = exponentials(known.corpora[run], known.recognitions[run].collocation, target)
    rule = Rule(known.config.train.attention.step_size, _margin(known, run))
    last = len(states.steps) - 1

    def ask(i: int) -> Certificate | Refused:
        try:
            return certify(e, states.at(run, i), states.queries[run], rule)
        except Refused as why:
            return why

    found: dict[int, Certificate] = {}
    for i in [*_promising(e, run, states), last]:
        answer = ask(i)
        if isinstance(answer, Refused) and not found:
            i = last
            answer = ask(last)
            if isinstance(answer, Refused):
                return Found({}, str(answer))
        if isinstance(answer, Certificate):
            found[states.steps[i]] = answer
            if i < last and (answer.bounds.held or target.forced_zero):
                break
    return Found(_first(found))


def _promising(e: Exponentials, run: int, states: States) -> Iterator[int]:
    """The states but for the last whose leak is not too large."""
    log_c = np.log(e.coefficient.high)
    for i in range(len(states.steps) - 1):
        at = e.at(states.at(run, i), states.queries[run])
        exponents = log_c - at[e.above] + at[e.below]
        top = exponents.max()
        if top + math.log(np.exp(exponents - top).sum()) < math.log(LEAK * e.least):
            yield i


def _first(found: dict[int, Certificate]) -> dict[int, Certificate]:
    """The first certificate, and the first that holds the direction."""
    kept = sorted(found)[:1]
    kept += [step for step in sorted(found) if found[step].bounds.held][:1]
    return {step: found[step] for step in kept}


def _margin(known: Known, run: int) -> Interval:
    """Delta of the frozen logits: as it is given, or eta0 T / ||W*_ov|| after T steps from zero."""
    train = known.config.train
    if train.margin is not None:
        return Interval.exactly(train.margin)
    stage, corpus = train.feed_forward, known.corpora[run]
    tokens = sum(following >= 0 for following in known.recognitions[run].collocation)
    v = Interval.exactly(corpus.classes)
    norm = (Interval.exactly(tokens) * (v - Interval.exactly(1.0)) / v).root()
    return Interval.exactly(stage.step_size) * Interval.exactly(stage.steps) / norm


def _said(runs: Sequence[Found]) -> Iterator[str]:
    """A line on what was proved, and one for each reason why a run was not."""
    for what, direction in (("norm and loss", False), ("direction", True)):
        steps = [t for found in runs if (t := found.since(direction)) is not None]
        if steps:
            yield f"{what} proved from step {max(steps):,} on: {len(steps)} of {len(runs)} runs"
    for why, count in Counter(f.refused for f in runs if f.refused is not None).items():
        yield f"nothing proved of later steps in {count} of {len(runs)} runs: {why}"
