"""The same training as notebooks write it: an nn.Module, autograd, numbers logged by `.item()`.

`torch.compile` of the loss is the usual remedy.  Both work on the d x d matrix in float64, full
batch, with the five numbers of the field logged at every step.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.model.transformer import Transformer, pad


class Naive:
    """One run of the attention stage by normalised descent."""

    def __init__(
        self, corpus: Corpus, logits: np.ndarray, target: np.ndarray, eta: float, compiled: bool
    ):
        v = corpus.vocab_size
        self.model = Transformer(torch.eye(v, dtype=torch.float64))
        self.model.feed_forward.weight.data = torch.from_numpy(logits.copy())
        self.model.feed_forward.weight.requires_grad_(False)
        self.tokens, self.lengths = pad(corpus.sentences)
        self.label = torch.tensor(corpus.next_tokens)
        self.weight = torch.from_numpy(corpus.pi)
        self.target = torch.from_numpy(target / np.linalg.norm(target))
        self.eta = eta
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
                norm = grad.norm()
                size = w.norm()
                cosine = (w * self.target).sum() / size
                self.log.append(
                    [x.item() for x in (loss, norm, size, cosine, (grad * self.target).sum())]
                )
                w -= self.eta * grad / norm
