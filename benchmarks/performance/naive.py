"""The same training as notebooks write it: an nn.Module, autograd, numbers logged by `.item()`.

It works on the d x d matrix in float64, full batch, normalised descent, and logs five numbers at
every step.  Its products are taken in the cheap order.  `torch.compile` of the loss is the usual
remedy.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.transformer import pad


class Model(nn.Module):
    """softmax(W_ov X softmax(X^T W_kq x_L)) of padded sentences; W_ov is frozen."""

    feed_forward: torch.Tensor
    embedding: torch.Tensor

    def __init__(self, logits: torch.Tensor):
        super().__init__()
        v = len(logits)
        self.weight = nn.Parameter(torch.zeros(v, v, dtype=torch.float64))
        self.register_buffer("feed_forward", logits.clone())
        self.register_buffer("embedding", torch.eye(v, dtype=torch.float64))

    def forward(self, tokens: torch.Tensor, last: torch.Tensor, absent: torch.Tensor):
        x = self.embedding[tokens]  # (N, L, d)
        asked = self.embedding[last] @ self.weight.T  # (N, d)
        score = torch.bmm(x, asked[:, :, None])[:, :, 0].masked_fill(absent, -torch.inf)
        mixed = torch.bmm(score.softmax(-1)[:, None], x)[:, 0]  # (N, d)
        return mixed @ self.feed_forward.T


class Naive:
    """One run of the attention stage."""

    def __init__(
        self,
        corpus: Corpus,
        logits: Float[Tensor, "V V"],
        step_size: float,
        compiled: bool = False,
    ):
        self.model = Model(logits)
        tokens, lengths = pad(corpus.sentences)
        last = tokens[torch.arange(len(tokens)), lengths - 1]
        absent = torch.arange(tokens.shape[1]) >= lengths[:, None]
        self.inputs = tokens, last, absent
        self.label = torch.tensor(corpus.next_tokens)
        self.weight = torch.from_numpy(corpus.pi)
        self.target = torch.randn(
            corpus.vocab_size,
            corpus.vocab_size,
            dtype=torch.float64,
            generator=torch.Generator().manual_seed(0),
        )
        self.step_size = step_size
        self.loss: Callable[[], torch.Tensor] = (
            torch.compile(self._loss) if compiled else self._loss
        )
        self.log: list[list[float]] = []

    def _loss(self) -> torch.Tensor:
        log_p = self.model(*self.inputs).log_softmax(dim=-1)
        return -(self.weight * log_p[torch.arange(len(self.label)), self.label]).sum()

    def steps(self, count: int) -> None:
        """Take some steps."""
        w = self.model.weight
        for _ in range(count):
            loss = self.loss()
            w.grad = None
            loss.backward()
            grad = w.grad
            assert grad is not None
            with torch.no_grad():
                self.log.append(five_numbers(loss, w, grad, self.target))
                w -= self.step_size * grad / self.log[-1][1]  # their second is its norm


def five_numbers(loss: Tensor, w: Tensor, grad: Tensor, target: Tensor) -> list[float]:
    """What the usual loop logs: loss, norms, and cosines with a target."""
    norm, size = grad.norm(), w.norm()
    cosine = (w * target).sum() / (size * target.norm())
    alignment = (grad * target).sum() / (norm * target.norm())
    return [x.item() for x in (loss, norm, size, cosine, alignment)]


class NaiveJoint(Naive):
    """One run of the joint stage from zero, after its first step: there the gradient of the scores
    is zero, and divided by its norm it is not a number.  What is logged is of the attention."""

    def __init__(self, corpus: Corpus, step_size: float, logit_step_size: float):
        v = corpus.vocab_size
        super().__init__(corpus, torch.zeros(v, v, dtype=torch.float64), step_size)
        self.logits = self.model.feed_forward.requires_grad_()
        self.logit_step_size = logit_step_size
        self.loss().backward()
        self._move_logits()

    def steps(self, count: int) -> None:
        """Take some steps."""
        for _ in range(count):
            self.logits.grad = None
            super().steps(1)
            self._move_logits()

    def _move_logits(self) -> None:
        grad = self.logits.grad
        assert grad is not None
        with torch.no_grad():
            self.logits -= self.logit_step_size * grad / grad.norm()
