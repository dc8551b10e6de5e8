"""Does attention on the optimal tokens grow, in every sentence, at every step?"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.gradient import Forward


class LeastGrowth:
    """Over all steps so far and all sentences, the least change of log(phi_+ / phi_-) in one step.

    The odds rise where phi_+ does, and still tell when phi_+ rounds to 1.
    """

    def __init__(self, batch: Batch):
        self._batch = batch
        self._least = torch.full((batch.runs,), math.inf, dtype=torch.float64)
        self._step = -1
        self._odds: Float[Tensor, "R N"] | None = None

    def at(self, step: int, forward: Forward) -> Float[Tensor, " R"]:
        """The least change up to this step; inf before the first and where no sentence has a wrong
        token beside an optimal one, nan from a step on whose predecessor was not seen."""
        odds = log_odds(forward, self._batch)
        if step != self._step + 1:
            self._least = torch.full_like(odds[:, 0], math.nan)
        elif self._odds is not None:
            change = (odds - self._odds).nan_to_num(math.inf, math.inf, -math.inf)
            self._least = torch.minimum(self._least.to(change), change.amin(-1))
        self._step, self._odds = step, odds
        return self._least


def log_odds(forward: Forward, batch: Batch) -> Float[Tensor, "R N"]:
    """log(phi_+ / phi_-) of each sentence; not finite without optimal or without wrong tokens."""
    right = forward.log_phi.masked_fill(~batch.optimal, -math.inf).logsumexp(-1)
    return right - forward.log_phi.masked_fill(batch.optimal, -math.inf).logsumexp(-1)
