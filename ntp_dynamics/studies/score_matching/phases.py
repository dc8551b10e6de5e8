"""The phases of a job: their clocks, where they start, and what moves them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.config import PhaseName, ScoreMatchingConfig
from ntp_dynamics.studies.score_matching.dynamics.batches import Batches
from ntp_dynamics.studies.score_matching.dynamics.cells import Cells
from ntp_dynamics.studies.score_matching.dynamics.descent import Clump, Descent
from ntp_dynamics.studies.score_matching.dynamics.flow import Flow
from ntp_dynamics.studies.score_matching.dynamics.saddle import Saddle
from ntp_dynamics.studies.score_matching.outline import outlines
from ntp_dynamics.studies.score_matching.problem import ScoreMatchingProblem
from ntp_dynamics.studies.score_matching.theory.clump import log_amplification
from ntp_dynamics.study import Dynamics, Phase

States = Mapping[str, Any]
Build = Callable[[ScoreMatchingProblem, int, States], Dynamics]


def phases(problem: ScoreMatchingProblem) -> list[Phase]:
    """Those of a job in order."""
    return [
        Phase(outline, _start(problem, PhaseName(outline.name), outline.horizon),
              engine=_engine(problem, PhaseName(outline.name)), alone=True)
        for outline in outlines(problem.config)
    ]  # fmt: skip


def _engine(problem: ScoreMatchingProblem, name: PhaseName) -> str:
    """Which engine moves a phase, and why not a faster one."""
    if name in (PhaseName.descent, PhaseName.averaged):
        return problem.engine.why
    if name is PhaseName.flow:
        return f"LSODA, {problem.engine.why}"
    if name is PhaseName.batches:
        return f"batches of {problem.config.expectation.batch:,}"
    return "students on a line: numba, trapezoid rule"


def _start(
    problem: ScoreMatchingProblem, name: PhaseName, horizon: int
) -> Callable[[States], Dynamics]:
    return lambda states: BUILDERS[name](problem, horizon, states)


def _descent(name: PhaseName) -> Build:
    def build(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
        start, clump = problem.start, None
        if problem.engine.clumped:
            sizes = np.full(problem.runs, start.log_spread)
            clump = Clump.of(float(start.centre[0]), sizes, start.z[:, :, 0])
        return Descent(problem.task(name), clump)

    return build


def _flow(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
    """From where the descent ended."""
    task = problem.task(PhaseName.flow)
    if PhaseName.descent not in states:
        return Flow(task, horizon, problem.before_flow)
    frame = task.frame
    y = (states[PhaseName.descent].mu - frame.rest) @ frame.basis.swapaxes(1, 2)
    return Flow(replace(task, frame=replace(frame, coordinates=y)), horizon, problem.before_flow)


def _map(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
    part = problem.config.map
    sizes = np.array(part.log10_spreads) * math.log(10)
    log_size = np.tile(sizes, (len(part.distances), 1))
    return Cells(part.distances, log_size, problem.patterns, part.step_size)


def _collapse(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
    """The same amplified spreads at every distance."""
    part, eta = problem.config.collapse, problem.config.map.step_size
    n = problem.config.model.students
    log_k = np.array([log_amplification(m, eta, n)[0] for m in part.distances])
    log_size = np.log(part.amplified) - log_k[:, None]
    return Cells(part.distances, log_size, problem.patterns, eta)


def _saddle(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
    return Saddle(problem.config.saddle.students, problem.runs)


def _batches(problem: ScoreMatchingProblem, horizon: int, states: States) -> Dynamics:
    config: ScoreMatchingConfig = problem.config
    given = config.batches.distances, config.expectation.batch, config.seed
    return Batches(*given, problem.numbers)


BUILDERS: dict[PhaseName, Build] = {
    PhaseName.descent: _descent(PhaseName.descent),
    PhaseName.averaged: _descent(PhaseName.averaged),
    PhaseName.flow: _flow,
    PhaseName.map: _map,
    PhaseName.collapse: _collapse,
    PhaseName.saddle: _saddle,
    PhaseName.batches: _batches,
}
