"""What only several fields of a configuration can get wrong together, a line each."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ntp_dynamics.studies.score_matching.config import (
    Pattern,
    PhaseName,
    ScoreMatchingConfig,
    Start,
    Way,
)
from ntp_dynamics.studies.score_matching.starts import identical
from ntp_dynamics.system.errors import UserError

STARTING = {PhaseName.descent, PhaseName.averaged, PhaseName.flow}
"""Phases that begin at `init`."""
MAPPED = {PhaseName.map, PhaseName.collapse}
SUM = 1e-9
"""How far shares may be from 1 together."""


def mistakes(config: ScoreMatchingConfig) -> list[UserError]:
    """Everything that forbids the job."""
    return [*_model(config), *_start(config), *_steps(config), *_noise(config), *_flow(config)]


def warnings(config: ScoreMatchingConfig) -> list[str]:
    """What a reader of the verdicts should know."""
    batch, found = config.expectation.batch, []
    if config.expectation.kind is Way.monte_carlo and STARTING & set(config.phases):
        blind = f"{1 / batch:.0e}".replace("e-0", "e-")
        found.append(
            f"expectation.batch: {batch:,} cannot resolve a loss below {blind}; use importance"
        )
    return found


def _model(config: ScoreMatchingConfig) -> Iterator[UserError]:
    weights, n = config.model.weights, config.model.students
    if not weights:
        return
    if len(weights) != n:
        yield UserError("model.weights", f"{len(weights)} weights for {n} students", f"give {n}")
    elif min(weights) <= 0 or abs(sum(weights) - 1) > SUM:
        what = f"must be positive and sum to 1 (sum {sum(weights):g})"
        yield UserError("model.weights", what, "divide them by their sum")
    if MAPPED & set(config.phases):
        what = "map and collapse are of equal weights"
        yield UserError("model.weights", what, "leave them out of phases")


def _start(config: ScoreMatchingConfig) -> Iterator[UserError]:
    init, n = config.init, config.model.students
    tight = init.kind is Start.clump and STARTING & set(config.phases) and n > 1
    if math.isnan(init.log_spread) or init.log_spread > 100:
        yield UserError("init.log_spread", f"{init.log_spread:g}", "use a number up to 100")
    elif tight and init.log_spread == -math.inf and init.distance > 0:
        what = "-inf with distance > 0: identical students never separate"
        yield UserError("init.log_spread", what, "use a finite value or init.kind=gaussian")
    if (init.kind is Start.points) != bool(init.points):
        if init.points:
            what, remedy = f"kind={init.kind} reads no file", "use init.kind=points"
        else:
            what, remedy = "kind=points needs a file", "name a csv, a row a student"
        yield UserError("init.points", what, remedy)
    if init.pattern is Pattern.list and len(init.deviations) != n:
        what = f"{len(init.deviations)} deviations for {n} students"
        yield UserError("init.deviations", what, f"give {n}")
    if init.pattern is not Pattern.list and init.deviations:
        what = f"pattern={init.pattern} reads no list"
        yield UserError("init.deviations", what, "use init.pattern=list")
    sampled = config.expectation.kind in (Way.importance, Way.monte_carlo)
    if config.runs > 1 and identical(config) and not sampled and STARTING & set(config.phases):
        what = f"{config.runs} equal runs: nothing is drawn at this start"
        yield UserError("runs", what, "use runs=1, or init.pattern=gaussian")


def _steps(config: ScoreMatchingConfig) -> Iterator[UserError]:
    parts = {"train": config.train.step_size, "averaged": config.averaged.step_size}
    for where, eta in {**parts, "map": config.map.step_size}.items():
        if eta >= 1:
            what = f"{eta:g} >= 1: the near student diverges"
            yield UserError(f"{where}.step_size", what, "use less than 1")


def _noise(config: ScoreMatchingConfig) -> Iterator[UserError]:
    noise = config.noise
    for t in noise.t:
        if t < 0:
            yield UserError("noise.t", f"{t:g} is negative", "times start at 0")
    if not noise.weights:
        return
    if len(noise.weights) != len(noise.t):
        what = f"{len(noise.weights)} weights for {len(noise.t)} levels"
        yield UserError("noise.weights", what, f"give {len(noise.t)}")
    elif min(noise.weights) <= 0 or abs(sum(noise.weights) - 1) > SUM:
        what = f"must sum to 1 and be positive (sum {sum(noise.weights):g})"
        yield UserError("noise.weights", what, "divide them by their sum")


def _flow(config: ScoreMatchingConfig) -> Iterator[UserError]:
    kind = config.expectation.kind
    if PhaseName.flow not in config.phases:
        return
    if kind in (Way.monte_carlo, Way.importance):
        where = f"flow with expectation.kind={kind}"
        remedy = "use quadrature, or leave flow out of phases"
        yield UserError(where, "the flow needs a deterministic gradient", remedy)
        return
    init = config.init
    tight = init.kind is Start.clump and init.log_spread < math.log(1e-6)
    if tight and PhaseName.descent not in config.phases and config.model.students > 1:
        what = "a clump tighter than 1e-6 is not resolved by the flow"
        yield UserError("init.log_spread", what, "let the phase descent go before it")
