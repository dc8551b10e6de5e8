"""The gradient as notebooks compute it: automatic differentiation of the cross-entropy.

Right while margins stay small; its softmax minus one-hot cancels from a margin of about 15 in
float32 and 35 in float64 on.  Kept to show the artefact (`engine=autograd`, `shadow=true`): the
weights it leads to are measured in the log domain like any others.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import LogScaled


def naive_cross_entropy(
    scores: Float[Tensor, "R V Q"], logits: Float[Tensor, "R J V"], batch: Batch, dtype: torch.dtype
) -> tuple[LogScaled, LogScaled]:
    """dLoss/dS and dLoss/dM of the cross-entropy of all samples, computed in ``dtype``."""
    with torch.enable_grad():
        s = scores.detach().to(dtype).requires_grad_()
        m = logits.detach().to(dtype).requires_grad_()
        index = batch.score_index
        score = torch.gather(s.flatten(1), 1, index.flatten(1)).view_as(index)
        phi = (score + batch.log_copies.to(dtype)).softmax(-1)
        mixture = phi.new_zeros(*phi.shape[:2], batch.vocab_size).scatter_add(2, batch.token, phi)
        logits = torch.bmm(mixture, m.transpose(1, 2))
        log_p = _joined(logits, batch, axis=2).log_softmax(-1)
        right = torch.gather(log_p, 2, batch.next_token[..., None])[..., 0]
        loss = -(batch.log_pi.exp().to(dtype) * right).sum()
        slopes = torch.autograd.grad(loss, (s, m))
    return _plain(slopes[0]), _plain(slopes[1])


def naive_collocation_loss(
    logits: Float[Tensor, "R J V"], batch: Batch, dtype: torch.dtype
) -> LogScaled:
    """dL0/dM, computed in ``dtype``."""
    with torch.enable_grad():
        m = logits.detach().to(dtype).requires_grad_()
        label = batch.collocation.clamp_min(0)[:, None]
        log_p = _joined(m, batch, axis=1).log_softmax(1)
        right = torch.gather(log_p, 1, label)[:, 0]
        loss = -(right * batch.known).sum()
        (slope,) = torch.autograd.grad(loss, m)
    return _plain(slope)


def naive_softmax_linear(
    loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"], dtype: torch.dtype
) -> LogScaled:
    """dL/dW of a softmax-linear loss, computed in ``dtype``."""
    with torch.enable_grad():
        w = matrix.detach().to(dtype).requires_grad_()
        log_share = (loss.reader.read(w) + loss.log_copies.to(dtype)).log_softmax(-1)
        taught = loss.target.to(dtype) * log_share.masked_fill(loss.target == 0, 0.0)
        value = -(loss.log_weight.exp().to(dtype) * taught.sum(-1)).sum()
        (slope,) = torch.autograd.grad(value, w)
    return _plain(slope)


def _joined(logits: Tensor, batch: Batch, axis: int) -> Tensor:
    """Logits whose exponentials are those of all classes that stand together."""
    many = batch.log_multiplicity
    if many is None:
        return logits
    return logits + many.to(logits.dtype).view(-1, *[1] * (2 - axis))


def _plain(slope: Tensor) -> LogScaled:
    return LogScaled(slope.double(), torch.zeros(len(slope), dtype=torch.float64))
