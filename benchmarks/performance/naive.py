"""The same training as notebooks write it: an nn.Module, autograd, numbers logged by `.item()`.

It works on the d x d matrix in float64, full batch, normalised descent, and logs five numbers at
every step.  `torch.compile` of the loss is the usual remedy.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from benchmarks.performance.corpora import Problem
from ntp_dynamics.model.transformer import Transformer, pad


class Naive:
    """One run of the attention stage."""

    def __init__(self, problem: Problem, step_size: float, compiled: bool = False):
        corpus = problem.corpora[0]
        self.model = Transformer(torch.eye(corpus.vocab_size, dtype=torch.float64))
        self.model.feed_forward.weight.data = problem.logits[0].clone()
        self.model.feed_forward.weight.requires_grad_(False)
        self.tokens, self.lengths = pad(corpus.sentences)
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
        log_p = self.model(self.tokens, self.lengths).log_softmax(dim=-1)
        return -(self.weight * log_p[torch.arange(len(self.label)), self.label]).sum()

    def steps(self, count: int) -> None:
        """Take some steps."""
        w = self.model.attention.weight
        for _ in range(count):
            loss = self.loss()
            w.grad = None
            loss.backward()
            grad = w.grad
            assert grad is not None
            with torch.no_grad():
                norm, size = grad.norm(), w.norm()
                cosine = (w * self.target).sum() / (size * self.target.norm())
                alignment = (grad * self.target).sum() / (norm * self.target.norm())
                logged = (loss, norm, size, cosine, alignment)
                self.log.append([x.item() for x in logged])
                w -= self.step_size * grad / norm
