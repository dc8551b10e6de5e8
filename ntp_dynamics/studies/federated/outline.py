"""The phases of a job, before anything is drawn."""

from __future__ import annotations

from ntp_dynamics.studies.federated.config import COPIES, EVALUATED, FederatedConfig, PhaseName
from ntp_dynamics.study import Outline


def outlines(config: FederatedConfig) -> list[Outline]:
    """Those a job goes through; an evaluated one has a single step."""
    found = []
    for stage in config.stages:
        if stage in EVALUATED:
            found.append(Outline(stage, 1, clock="step"))
        elif stage == PhaseName.estimator:
            found.append(Outline(stage, config.estimator.draws, clock="estimate"))
        else:
            rounds = config.copies.rounds if stage.endswith(COPIES) else config.rounds
            found.append(Outline(stage, rounds, clock="round"))
    return found
