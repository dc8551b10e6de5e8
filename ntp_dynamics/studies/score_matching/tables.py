"""What is known of a job before its first step: coordinates, and the curves of theory.

Curves are what figures and pages draw; claims are judged by laws of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.score_matching.config import PhaseName
from ntp_dynamics.studies.score_matching.loss.line import line_loss
from ntp_dynamics.studies.score_matching.theory import clump

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.score_matching.problem import ScoreMatchingProblem

SOURCE = "derived"
POSITIONS = np.linspace(0, 4, 81)
"""s of the landscape L(s, -s, 0, ...)."""


def tables(problem: ScoreMatchingProblem) -> Mapping[str, xarray.Dataset]:
    """Datasets by group."""
    import xarray

    config = problem.config
    coordinates: dict[str, dict[str, Any]] = {
        PhaseName.averaged: {"level": ("level", np.array(config.noise.t))},
        PhaseName.map: {
            "start_distance": ("start_distance", np.array(config.map.distances)),
            "spread": ("spread", np.array(config.map.log10_spreads)),
        },
        PhaseName.collapse: {
            "clump_distance": ("clump_distance", np.array(config.collapse.distances)),
            "amplified": ("amplified", np.array(config.collapse.amplified)),
        },
        PhaseName.saddle: {"students": ("students", np.array(config.saddle.students))},
        PhaseName.batches: {"far_distance": ("far_distance", np.array(config.batches.distances))},
    }
    kept = {
        f"/{name}": xarray.Dataset(coords=own)
        for name, own in coordinates.items()
        if name in config.phases
    }
    words = said("distance of the nearest student at the start", source="configuration")
    runs = xarray.Dataset({"nearest": ("run", problem.start_distance.min(axis=1), words)})
    return {"/": runs, "/theory": xarray.Dataset(_theory(problem)), **kept}


def _theory(problem: ScoreMatchingProblem) -> dict[str, Any]:
    config, found = problem.config, dict[str, Any]()
    found["students"] = ((), config.model.students, said("students", source="configuration"))
    if {PhaseName.map, PhaseName.collapse} & set(config.phases):
        eta, n = config.map.step_size, config.model.students
        reach = np.array(config.map.distances)
        log_k = np.array([clump.log_amplification(m, eta, n)[0] for m in reach])
        lines = (np.log(problem.thresholds)[:, None] - log_k) / math.log(10)
        found["threshold"] = ("run", problem.thresholds, said("c* of the pattern", source=SOURCE))
        words = said("log10 sigma_0 at c = c*", source=SOURCE)
        found["boundary"] = (("run", "boundary_distance"), lines, words)
        found["boundary_distance"] = ("boundary_distance", reach, said("distance M"))
    if PhaseName.descent in config.phases and problem.clumped:
        eta, part = config.train.step_size, config.train
        steps = np.unique(np.round(np.logspace(0, math.log10(part.steps), 200)))
        grown = clump.log_amplification(config.init.distance, eta, config.model.students, steps)
        words = said("ln prod(1 + 4 eta A^2/n)", source=SOURCE)
        found["log_amplification"] = ("amplification_path", grown, words)
        found["amplification_path"] = ("amplification_path", eta * steps, said("path length"))
    if PhaseName.saddle in config.phases:
        losses = [[_landscape(s, n) for s in POSITIONS] for n in config.saddle.students]
        words = said("L(s, -s, 0, ...)", source=SOURCE)
        found["landscape"] = (("landscape_students", "landscape_s"), np.array(losses), words)
        found["landscape_s"] = ("landscape_s", POSITIONS, said("s"))
        found["landscape_students"] = ("landscape_students", np.array(config.saddle.students))
    return found


def _landscape(s: float, n: int) -> float:
    mu = np.zeros(n)
    mu[:2] = s, -s
    log_loss, _, _, _ = line_loss(mu, np.full(n, -math.log(n)))
    return math.exp(log_loss)
