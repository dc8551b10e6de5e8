"""The configuration of a watched loop: what was asked for, and what model was handed over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from ntp_dynamics.config.job import JobConfig

Setting = bool | int | float | str | None


@dataclass
class WatchConfig(JobConfig):
    """One loop, one run.  ``seed`` is the one that torch was given last."""

    name: str = "watch"
    runs: Annotated[int, Field(ge=1, le=1)] = 1
    every: Annotated[int, Field(ge=0)] = 100
    """How many steps lie between two recorded ones; 0: a function of the step says which."""
    model: str = ""
    """The name of its class; empty for parameters that were handed over by themselves."""
    parameters: Annotated[int, Field(ge=1)] = 1
    """How many numbers are trained."""
    modules: list[str] = field(default_factory=list)
    """Those that hold parameters, as the axis `module` of the record has them."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the user says of the loop (a learning rate, a width), as text: columns of tables."""
