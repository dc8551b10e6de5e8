"""What a rule needs beside an iterate, where it does not go along the slope of the entries itself.

Kernels are compiled for rules that need nothing (None) apart from those that do: most jobs never
wait for the others.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.coordinates import Coordinates, own_coordinates

PLAIN, NORMALISED, POLYAK, SIGN, ADAM, SPLIT = range(6)
"""What a rule does with the gradient, or with the sum of gradients that momentum makes of it; only
softmax-linear losses have parts to split."""
FADED = 1e-100
"""A memory whose largest entry is below this gets another unit."""


class Rule(NamedTuple):
    """A rule and its numbers."""

    kind: int
    step_size: float
    momentum: float = 0.0
    """beta of B <- beta B + gradient; beta_1 of Adam."""
    beta2: float = 0.0
    epsilon: float = 0.0
    decay: float = 0.0
    """lambda of W <- (1 - eta lambda) W + step."""

    @property
    def memories(self) -> int:
        """How many matrices it remembers."""
        return 2 if self.kind == ADAM else int(self.momentum > 0)

    @property
    def is_plain(self) -> bool:
        """Whether it goes along the slope, and neither remembers, forgets nor asks for the loss."""
        plain = self.kind in (PLAIN, NORMALISED, SPLIT)
        return plain and self.momentum == 0.0 and self.decay == 0.0


class Memory(NamedTuple):
    """What a rule remembers of earlier gradients; arrays are empty where it remembers none."""

    first: Float[np.ndarray, " weights"]
    """The sum, or the mean, of earlier gradients in units of e^scale[0]."""
    second: Float[np.ndarray, " weights"]
    """The mean of their squares in units of e^scale[1]."""
    scale: Float[np.ndarray, " 2"]
    """-inf before the first step."""
    taken: Float[np.ndarray, " 1"]
    """How many gradients there were."""


class Trained(NamedTuple):
    """The matrix that a rule trains."""

    within: Coordinates
    lifted: Float[np.ndarray, " weights"]
    """The slope in these coordinates; empty where entries are weights."""
    memory: Memory


def trained_by(rule: Rule, entries: int, within: Coordinates | None) -> Trained | None:
    """Before the first step, of so many entries; None where a plain rule moves them."""
    if within is None and rule.is_plain:
        return None
    weights = entries if within is None else within.rows * within.width
    memory = Memory(
        first=np.zeros(weights if rule.memories > 0 else 0),
        second=np.zeros(weights if rule.memories > 1 else 0),
        scale=np.full(2, -math.inf),
        taken=np.zeros(1),
    )
    lifted = np.zeros(0 if within is None else weights)
    within = own_coordinates() if within is None else within
    return aligned(Trained(within, lifted, memory))
