"""The phases of a job, before anything is drawn."""

from __future__ import annotations

from ntp_dynamics.studies.score_matching.config import PhaseName, ScoreMatchingConfig
from ntp_dynamics.study import Outline


def outlines(config: ScoreMatchingConfig) -> list[Outline]:
    """The phases a job goes through; the clock of the flow counts path length."""
    eta = config.train.step_size
    mapped = max(1, round(config.map.path_length / config.map.step_size))
    every = {
        PhaseName.descent: Outline("descent", config.train.steps),
        PhaseName.averaged: Outline("averaged", config.averaged.steps),
        PhaseName.flow: Outline(
            "flow",
            max(1, round(config.flow.path_length / eta)),
            clock="time",
            unit=eta,
            clock_unit="path length",
        ),
        PhaseName.map: Outline("map", mapped),
        PhaseName.collapse: Outline("collapse", mapped),
        PhaseName.saddle: Outline("saddle", config.saddle.iterations, clock="iteration"),
        PhaseName.batches: Outline("batches", config.batches.batches, clock="batch"),
    }
    return [every[name] for name in PhaseName if name in config.phases]
