"""The cross-entropy of all samples as a function of the scores, the logits frozen.

What a stage leaves as it is, is laid out once; runs are taken in blocks, so that what a step holds
stays in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.gains import gains, kinds
from ntp_dynamics.studies.next_token.model.gradient import DenseCrossEntropy, Forward
from ntp_dynamics.studies.next_token.model.structured import structured
from ntp_dynamics.studies.next_token.model.token_space import LogScaled

BLOCK = 2**17
"""About how many numbers a tensor of a block has on a CPU: 1 MiB."""


class CrossEntropy(Protocol):
    """A loss of the scores."""

    def gradient(self, scores: Float[Tensor, "R V Q"]) -> tuple[LogScaled, Forward]:
        """dLoss/dS (with its log-scale) and the forward pass it came from."""
        ...


@dataclass(frozen=True)
class Blocks:
    """Runs in blocks, a loss each."""

    losses: Sequence[CrossEntropy]
    size: int
    """Runs of a block; the last may have fewer."""

    def gradient(self, scores: Float[Tensor, "R V Q"]) -> tuple[LogScaled, Forward]:
        """As `CrossEntropy.gradient`, block after block."""
        blocks = zip(self.losses, scores.split(self.size), strict=True)
        slopes, forwards = zip(*(loss.gradient(block) for loss, block in blocks), strict=True)
        if len(forwards) == 1:
            return slopes[0], forwards[0]
        slot_first = [f.log_phi.movedim(-1, 0) for f in forwards]  # as they lie in memory
        forward = Forward(
            torch.cat(slot_first, 1).movedim(0, -1),
            torch.cat([f.log_loss for f in forwards]),
            torch.cat([f.wrong_margin for f in forwards]),
        )
        value = torch.cat([slope.value for slope in slopes])
        return LogScaled(value, torch.cat([slope.log_scale for slope in slopes])), forward


def cross_entropy(logits: Float[Tensor, "R J V"], batch: Batch) -> CrossEntropy:
    """Structured where the logits of every run have gains, else dense."""
    columns = _columns(logits, batch)
    runs, sentences, tokens = batch.token.shape
    width = sentences * (tokens if columns else batch.vocab_size)
    size = max(1, BLOCK // width) if logits.device.type == "cpu" else runs
    losses: list[CrossEntropy] = []
    for start in range(0, runs, size):
        block = slice(start, start + size)
        part = batch.part(block)
        if columns is None:
            losses.append(DenseCrossEntropy(logits[block], part))
        else:
            gain, kind = columns
            losses.append(structured(part, gain[block], kind[block]))
    return Blocks(losses, size)


def _columns(logits: Float[Tensor, "R J V"], batch: Batch) -> tuple[Tensor, Tensor] | None:
    """Gain and kind of every column of every run; None where a run has another form."""
    collocation = batch.collocation.cpu()
    gain = [gains(m, n) for m, n in zip(logits, collocation, strict=True)]
    known = [g for g in gain if g is not None]
    if len(known) < len(gain):
        return None
    kind = [kinds(g, n.numpy()) for g, n in zip(known, collocation, strict=True)]
    return torch.from_numpy(np.stack(known)), torch.from_numpy(np.stack(kind)).long()
