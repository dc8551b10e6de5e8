"""Ranges and closed choices that options draw on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Magnitude = Annotated[float, Field(ge=1e-100, le=1e100)]
"""A step size, a norm or a margin: norms are squared on the way, which must stay in the range of
double precision (1e-308 to 1e308), both ways."""
Probability = Annotated[float, Field(ge=0, le=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class When(StrEnum):
    """When something is measured: never, at both ends, at a few log-spaced checkpoints, at every
    step up to 32 and then 30 a decade, or at every step."""

    never = "never"
    ends = "ends"
    checkpoints = "checkpoints"
    recorded = "recorded"
    every = "every"


class Device(StrEnum):
    """What trains: the processor, or a GPU that torch sees."""

    cpu = "cpu"
    cuda = "cuda"


class Figures(StrEnum):
    """`auto`: a single job draws its own, a sweep one overview; `paper`: and the paper's Figure 2;
    `all`: every job draws all, one for each claim too."""

    auto = "auto"
    paper = "paper"
    none = "none"
    all = "all"
