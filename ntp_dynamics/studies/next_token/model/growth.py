"""Does attention on the optimal tokens grow, in every sentence, at every step?"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.gradient import Forward


class Growth(NamedTuple):
    """Of log(phi_+ / phi_-) up to a step.

    The odds rise where phi_+ does, and still tell when phi_+ rounds to 1.
    """

    least: Float[Tensor, " R"]
    """The least change in one step, over all steps and sentences; inf where there is none."""
    log_odds: Float[Tensor, "R N"]
    """At the last step seen; nan before the first."""

    def then(self, forward: Forward, batch: Batch) -> Growth:
        """One step later."""
        odds = log_odds(forward, batch)
        change = (odds - self.log_odds).nan_to_num(math.inf, math.inf, -math.inf)
        return Growth(torch.minimum(self.least.to(change), change.amin(-1)), odds)


def growth_before(batch: Batch, step: int) -> Growth:
    """Before the state of a step is seen: nothing yet at step 0, unknown (nan) later."""
    nothing = torch.full_like(batch.log_pi, math.nan)
    least = nothing.new_full((batch.runs,), math.nan if step else math.inf)
    return Growth(least, nothing)


def log_odds(forward: Forward, batch: Batch) -> Float[Tensor, "R N"]:
    """log(phi_+ / phi_-) of each sentence; not finite without optimal or without wrong tokens."""
    right = forward.log_phi.masked_fill(~batch.optimal, -math.inf).logsumexp(-1)
    return right - forward.log_phi.masked_fill(batch.optimal, -math.inf).logsumexp(-1)
