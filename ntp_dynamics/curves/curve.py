"""A curve: one quantity of S runs along a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Curve:
    """What was logged of one quantity.

    ``t`` (T,): positive and increasing places of a clock, steps or samples or sizes or time;
    ``y`` (S, T): the quantity itself, not its log.  ``name`` and ``clock`` are those of the columns
    that y and t were read from, ``runs`` (S,) the names of the runs, ``source`` what was read (a
    file's name, without its folder).  ``notes``: what was left out on the way, a clause each.
    ``bounds`` (S, T) by name: columns that stood beside y, to be held against it.  ``reading``: the
    words by which `ntp-judge` reads it again, files without their folders; empty for arrays.
    """

    t: Float[np.ndarray, " T"]
    y: Float[np.ndarray, "S T"]
    name: str = "y"
    clock: str = "step"
    runs: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()
    bounds: Mapping[str, Float[np.ndarray, "S T"]] = field(default_factory=dict)
    reading: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.t.ndim != 1 or self.y.ndim != 2 or self.y.shape[1] != self.t.size:
            raise ValueError(f"t {self.t.shape} and y {self.y.shape} are not (T,) and (S, T)")
        if not self.runs:
            object.__setattr__(self, "runs", tuple(map(str, range(len(self.y)))))
        if len(self.runs) != len(self.y):
            raise ValueError(f"{len(self.runs)} names for {len(self.y)} runs")
