"""The usual loop with any rule, token vectors and stage: an nn.Module, autograd, five numbers
logged by `.item()` at every step.

Rules that torch has are torch's own; the others are three lines under `no_grad`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.performance.naive import five_numbers
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.transformer import pad

STEP_SIZE = 0.01


class Model(nn.Module):
    """Self-attention and a linear layer on given token vectors (V x d), W_ov (V x d)."""

    vectors: Tensor
    w_ov: Tensor

    def __init__(self, vectors: Tensor, w_kq: Tensor, w_ov: Tensor, trained: str):
        super().__init__()
        self.register_buffer("vectors", vectors)
        kq, ov = trained in ("attention", "joint"), trained in ("feed_forward", "joint")
        self.w_kq = nn.Parameter(w_kq.clone(), requires_grad=kq)
        self.w_ov = nn.Parameter(w_ov.clone(), requires_grad=ov)

    def forward(self, tokens: Tensor, last: Tensor, absent: Tensor) -> Tensor:
        """Logits (N, V) of padded sentences."""
        x = self.vectors[tokens]  # (N, L, d)
        asked = self.vectors[last] @ self.w_kq.T  # (N, d)
        score = torch.bmm(x, asked[:, :, None])[:, :, 0].masked_fill(absent, -torch.inf)
        mixed = torch.bmm(score.softmax(-1)[:, None], x)[:, 0]
        return mixed @ self.w_ov.T


class NaiveJob:
    """One run of a stage under a rule."""

    def __init__(self, model: Model, corpus: Corpus, follows: list[int], rule: str, infimum: float):
        self.model, self.infimum, self.log = model, infimum, []
        tokens, lengths = pad(corpus.sentences)
        last = tokens[torch.arange(len(tokens)), lengths - 1]
        self.inputs = tokens, last, torch.arange(tokens.shape[1]) >= lengths[:, None]
        self.label, self.pi = torch.tensor(corpus.next_tokens), torch.from_numpy(corpus.pi)
        self.follows = torch.tensor(follows)
        self.trained = [p for p in model.parameters() if p.requires_grad]
        self.target = torch.randn_like(self.trained[0])
        self.move = mover(rule, self.trained)

    def loss(self) -> Tensor:
        """The collocation loss where attention is not trained, else that of the samples."""
        if not self.model.w_kq.requires_grad:
            return cross_entropy(
                self.model.vectors @ self.model.w_ov.T, self.follows, reduction="sum"
            )
        each = cross_entropy(self.model(*self.inputs), self.label, reduction="none")
        return (self.pi * each).sum()

    def steps(self, count: int) -> None:
        """Take some steps."""
        w = self.trained[0]
        for _ in range(count):
            loss = self.loss()
            for p in self.trained:
                p.grad = None
            loss.backward()
            grad = w.grad
            assert grad is not None
            with torch.no_grad():
                self.log.append(five_numbers(loss, w, grad, self.target))
                self.move(loss.item() - self.infimum)


def mover(rule: str, trained: list[nn.Parameter]) -> Callable[[float], object]:
    """What a rule does with the gradients; it is told the loss above its infimum."""
    made = {
        "gd": lambda: torch.optim.SGD(trained, lr=STEP_SIZE),
        "gd + momentum": lambda: torch.optim.SGD(trained, lr=STEP_SIZE, momentum=0.9),
        "adam": lambda: torch.optim.Adam(trained, lr=STEP_SIZE),
        "adamw": lambda: torch.optim.AdamW(trained, lr=STEP_SIZE),
    }
    if rule in made:
        optimizer = made[rule]()
        return lambda gap: optimizer.step()
    buffers = [torch.zeros_like(p) for p in trained]

    def update(gap: float) -> None:
        for p, buffer in zip(trained, buffers, strict=True):
            grad = p.grad
            assert grad is not None
            if rule == "ngd + momentum":
                grad = buffer.mul_(0.9).add_(grad)
            if rule == "ngd + decay":
                p.mul_(1 - STEP_SIZE * 0.01)
            if rule == "sign":
                p -= STEP_SIZE * grad.sign()
            elif rule == "polyak":
                p -= STEP_SIZE * gap * grad / grad.square().sum()
            else:
                p -= STEP_SIZE * grad / grad.norm()

    return update
