"""A recorded quantity and what it means, as its record says.

Everything comes from the attributes that `Observable.attributes` wrote, so that a record can be
judged and drawn without the code that measured it.  Records of earlier versions say less: there a
log is known by its unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.observable import Scale
from ntp_dynamics.record.over_runs import OverRuns
from ntp_dynamics.study import SHADOW


@dataclass(frozen=True)
class Quantity:
    """The meaning of a variable of a record."""

    name: str
    attributes: Mapping[str, Any]

    @property
    def log(self) -> bool:
        """Whether the natural log of the quantity was recorded."""
        if "scale" in self.attributes:
            return bool(self.attributes.get("log", 0))
        return str(self.attributes.get("units", "")).startswith("log ")

    @property
    def scale(self) -> Scale:
        """The axes on which its law is a straight line."""
        said = str(self.attributes.get("scale", Scale.log_log))
        return Scale(said) if said in set(Scale) else Scale.log_log

    @property
    def rank(self) -> int:
        """Pages and figures open with the ranked ones, 1 first; 0 is unranked."""
        return int(self.attributes.get("rank", 0))

    @property
    def instead(self) -> str:
        """What is shown where this one has no value."""
        return str(self.attributes.get("instead", ""))

    @property
    def image(self) -> bool:
        """Whether it is an array that is drawn as one."""
        return bool(self.attributes.get("image", 0))

    @property
    def over_runs(self) -> OverRuns:
        """What stands for all runs."""
        return OverRuns.of(self.attributes)

    @property
    def title(self) -> str:
        """What it is called."""
        return str(self.attributes.get("title") or self.attributes.get("long_name") or self.name)

    @property
    def formula(self) -> str:
        """What it is called in a figure (TeX)."""
        return str(self.attributes.get("formula") or "")

    @property
    def unit(self) -> str:
        """Its unit for an axis label; empty for pure numbers."""
        said = str(self.attributes.get("units") or "").removeprefix("log ")
        return "" if said == "1" else said

    @property
    def axis(self) -> str:
        """The label of its axis, with the unit."""
        said = self.attributes.get("axis")
        return (
            str(said) if said else f"{self.name.replace('_', ' ')[:28]} ({self.unit or 'no unit'})"
        )

    def log_floor(self, steps: float) -> float | None:
        """Log of what rounding leaves of it after so many steps; None where there is none."""
        floor = self.attributes.get("floor")
        return None if floor is None else math.log(float(floor) * max(steps, 1))

    @property
    def ceiling(self) -> float | None:
        """The largest value that it can take; None where there is none."""
        ceiling = self.attributes.get("ceiling")
        return None if ceiling is None else float(ceiling)

    def logs(self, values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
        """Natural logs of what was recorded; -inf where it is not positive."""
        if self.log:
            return values
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(values, 0.0))


def quantity(data: Any, name: str) -> Quantity:
    """Of a variable of a dataset."""
    return Quantity(name, data.variables[name].attrs)


def shadow_of(tree: Any, phase: str) -> Any:
    """The dataset of the phase that repeats another by other means; None where there is none."""
    shadow = tree.children.get(f"{SHADOW}{phase}")
    return None if shadow is None else shadow.dataset
