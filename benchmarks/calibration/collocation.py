"""Stage 1 trained by the lab's own model and optimiser, and held against its own claims.

From zero, normalised descent on the collocation loss is exact (claims ``ov.exact.*``).  Plain
gradient descent from a random start converges in direction like 1/log t only, and breaks the bound
of Proposition 1, whose hypotheses it does not meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.observe.quantity import Quantity
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.groups import GradientDescent, NormalisedGradientDescent
from ntp_dynamics.studies.next_token.model import token_space
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, frobenius
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import FeedForwardObjective
from ntp_dynamics.studies.next_token.optim.rules import (
    gradient_descent,
    normalised_gradient_descent,
)
from ntp_dynamics.studies.next_token.theory.max_margin import ClosedFormTarget
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.verdict import Verdict

Values = Float[np.ndarray, "S T"]


@dataclass(frozen=True)
class Trajectory:
    """What was recorded of S runs: gap (1 - cos to W*_ov), norm, natural log of the loss, and the
    zero-sum residual; ``constants`` are what the claims of stage 1 ask for."""

    t: Float[np.ndarray, " T"]
    gap: Values
    norm: Values
    log_loss: Values
    residual: Values
    constants: SimpleNamespace

    def judge(self, claim: Claim, **changes: object) -> Verdict:
        """The claim on its observable; ``changes`` replace steps, constants, schedule or
        residual."""
        with np.errstate(divide="ignore"):
            values = {
                "direction_gap_ov": np.log(self.gap),
                "norm_ov": np.log(self.norm),
                "log_loss": self.log_loss,
            }
        given = {
            "t": self.t,
            "log_y": values[claim.observable],
            "constants": self.constants,
            "residual": self.residual,
            "log_floor": _log_floor(claim.observable, self.t[-1]),
        }
        return claim.judge(**{**given, **changes})  # type: ignore[arg-type]


def _log_floor(name: str, t: float) -> float | None:
    """Of an observable of stage 1 after so many steps."""
    found = next(o for o in BUILT_IN if o.name == name and o.measured_in(Stage.feed_forward))
    return Quantity(name, found.attributes).log_floor(t)


def exact(horizon: int, step_size: float = 0.5) -> Trajectory:
    """Normalised descent from zero; the six runs know 3 to 8 continuations of 8 tokens."""
    known = [[(x + 1) % 8 if x < k else -1 for x in range(8)] for k in range(3, 9)]
    matrix = token_space.zeros(len(known), 8, 8)
    return train(known, matrix, step_size, horizon, normalised=True, zero_init=True)


def train(
    known: Sequence[Sequence[int]],
    matrix: TokenMatrix,
    step_size: float,
    horizon: int,
    *,
    normalised: bool,
    zero_init: bool,
) -> Trajectory:
    """Train S runs with these continuations and record them on the lab's grid."""
    size = len(known[0])
    corpora = [
        Corpus.from_samples([((x,), y, 1.0) for x, y in enumerate(n) if y >= 0], vocab_size=size)
        for n in known
    ]
    targets = [ClosedFormTarget(n, size) for n in known]
    target = torch.stack([torch.from_numpy(x.matrix) for x in targets])
    rule = normalised_gradient_descent() if normalised else gradient_descent()
    recorded, found = set(recorded_steps(horizon).tolist()) - {0}, []
    descent = Descent(FeedForwardObjective(pack(corpora, known), matrix), rule, [step_size])
    for state in every_state(descent, horizon):
        if state.step in recorded:
            layer, gradient = state.layer, state.layer.slope.value
            found.append((
                direction_gap(layer.value, target),
                matrix.norm(layer.coefficients),
                state.forward.log_loss.logsumexp(-1),
                frobenius(gradient.sum(1, keepdim=True)) / frobenius(gradient),
            ))  # fmt: skip
    gap, norm, log_loss, residual = (torch.stack(x, 1).numpy() for x in zip(*found, strict=True))
    constants = SimpleNamespace(
        vocab_size=size,
        eta0=step_size,
        ov_norm=np.array([x.norm for x in targets]),
        known=np.array([sum(y >= 0 for y in n) for n in known], float),
        complete=np.array([min(n) >= 0 for n in known]),
        realizable=True,
        injective=True,
        unconfused=True,
        orthonormal=True,
        zero_init=zero_init,
        hard=True,
        normalised=normalised,
        departures=[],
        optimizer=NormalisedGradientDescent() if normalised else GradientDescent(),
        trained=frozenset([Stage.feed_forward]),
    )
    t = np.array(sorted(recorded), float)
    return Trajectory(t, gap, norm, log_loss, residual, constants)


def direction_gap(x: Float[Tensor, "S V V"], target: Float[Tensor, "S V V"]) -> Tensor:
    """1 - cos as half the squared distance of unit matrices."""
    unit = x / frobenius(x)[:, None, None] - target / frobenius(target)[:, None, None]
    return 0.5 * unit.square().sum((1, 2))
