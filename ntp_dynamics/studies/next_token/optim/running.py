"""Decaying sums over the steps of descent, whose terms leave the range of floats.

Such a memory is a value and a log-scale for each run.  A new one is formed in the unit of the
larger of its own scale and that of the new term; where its largest entry is then below SMALLEST, it
becomes the unit.  What counts is the ratio of entries: an entry a 1e-208th of the largest is 0.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.token_space import LogScaled

SMALLEST = 1e-100


def nothing(like: Float[Tensor, "R A B"]) -> LogScaled:
    """A memory of no steps."""
    return LogScaled(torch.zeros_like(like), like.new_full(like.shape[:1], -math.inf))


def running(memory: LogScaled, decay: float, term: LogScaled, weight: float = 1.0) -> LogScaled:
    """decay * memory + weight * term."""
    unit = torch.maximum(memory.log_scale, term.log_scale)
    before = memory.value * (decay * _in_unit(memory.log_scale, unit))
    value = before + term.value * (weight * _in_unit(term.log_scale, unit))
    largest = value.abs().amax((1, 2))
    small = (largest < SMALLEST) & (largest > 0)
    divisor = largest.where(small, 1.0)
    return LogScaled(value / divisor[:, None, None], unit + divisor.log())


def squared(x: LogScaled) -> LogScaled:
    """Entry by entry."""
    return LogScaled(x.value.square(), 2 * x.log_scale)


def _in_unit(log_scale: Float[Tensor, " R"], unit: Float[Tensor, " R"]) -> Float[Tensor, "R 1 1"]:
    """e^(log_scale - unit), 0 where the scale is that of nothing."""
    return (log_scale - unit).masked_fill(log_scale == -math.inf, -math.inf).exp()[:, None, None]
