"""What the configuration of a job has in every study.

Dataclasses are Hydra schema and validator at once: OmegaConf reads the types and defaults, pydantic
the ranges (``Field``), a study's rules what only several fields together can get wrong.  An option
enters when it is implemented, not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from omegaconf import MISSING
from pydantic import Field

from ntp_dynamics.config.choices import Count, Device, Figures, Seconds, When
from ntp_dynamics.config.tracking import Tracking


@dataclass
class Hooks:
    """What is measured, and when (a config group of presets)."""

    scalars: When = When.recorded
    arrays: When = When.checkpoints
    """Whole arrays, such as attention maps."""
    modules: list[str] = field(default_factory=list)
    """Python files or modules with observables and claims of your own."""


@dataclass
class Runtime:
    """How the machine is used; no number depends on it, but for last bits on the device."""

    threads: Count = 1
    device: Device = Device.cpu
    """What trains, where the study can choose (`Study.devices`)."""
    checkpoint_seconds: Seconds | None = 10.0
    """How often a job keeps where it stands, for at most 2 % of its time; null: only when it is
    asked to stop."""
    allow_changed: bool = False
    """Go on although the version, a library or the processor has changed; the record says so."""


@dataclass
class JobConfig:
    """One job: R runs that differ only by their random streams.  Studies add what is theirs."""

    study: str = MISSING
    """What is studied; chosen by `study=NAME`."""
    name: str = "default"
    """Names the directory of the record; each experiment sets its own."""
    runs: Annotated[int, Field(ge=1, le=100_000)] = 8
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    hooks: Hooks = field(default_factory=Hooks)
    tracking: Tracking = MISSING
    figures: Figures = Figures.auto
    overwrite: bool = False
    fail_fast: bool = False
    """Once a job of a sweep has failed, no other begins."""
    runtime: Runtime = field(default_factory=Runtime)
