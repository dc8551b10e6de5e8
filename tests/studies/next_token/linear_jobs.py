"""Softmax-linear losses of corpora, made by hand or drawn, and their loss in many digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import torch
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import Counted, Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.linear_losses import soft_loss
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import zeros
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget
from ntp_dynamics.studies.next_token.theory.soft_labels import soft_target, taught

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "any_corpus.json").read_text()
)["corpora"]
SOFT = {name: case for name, case in GOLDEN.items() if case["kind"].startswith("soft labels, orth")}


def bigrams(counts: dict[str, dict[str, int]], vocab_size: int) -> Corpus:
    """Sentences of one token and what follows it, so often."""
    samples = [([int(x)], int(z), n) for x, row in counts.items() for z, n in row.items()]
    return Corpus.from_samples(samples, vocab_size=vocab_size)


def drawn_bigrams(rng: np.random.Generator) -> Corpus:
    """A random corpus of two to seven tokens, some with every continuation, some with none."""
    size = int(rng.integers(2, 8))
    count = rng.integers(1, 30, (size, size)) * (rng.random((size, size)) < rng.random((size, 1)))
    count[rng.integers(size), rng.integers(size)] += 1
    rows = {
        str(x): {str(z): int(count[x, z]) for z in np.flatnonzero(count[x])} for x in range(size)
    }
    return bigrams(rows, size)


def soft_objective(
    corpora: list[Corpus], counted: Counted = Counted.counts
) -> tuple[LinearObjective, list[LinearTarget]]:
    """The feed-forward stage of corpora of one vocabulary, from zero."""
    targets = [soft_target(corpus, counted) for corpus in corpora]
    loss = soft_loss([taught(corpus, counted)[0] for corpus in corpora], targets)
    batch = pack(corpora, [recognise(corpus).collocation for corpus in corpora])
    start = zeros(len(corpora), batch.vocab_size, batch.vocab_size)
    logits = torch.zeros(loss.shape, dtype=torch.float64)
    return LinearObjective(Stage.feed_forward, batch, start, loss, logits), targets


def many_digits(loss: SoftmaxLinear, matrix: Tensor) -> tuple[mpmath.mpf, list[mpmath.mpf]]:
    """Loss and slope of the only run in 60 digits, formed as they are written down; the flattened
    slope."""
    with mpmath.workdps(60):
        index = torch.arange(matrix.numel(), dtype=torch.float64).view(matrix.shape)
        place = loss.reader.read(index)[0].long().tolist()
        w = [mpmath.mpf(x) for x in matrix.flatten().tolist()]
        value, slope = mpmath.mpf(0), [mpmath.mpf(0)] * matrix.numel()
        for n, log_weight in enumerate(loss.log_weight[0].tolist()):
            if log_weight == -mpmath.inf:
                continue
            weight = mpmath.exp(log_weight)
            kept = [k for k, c in enumerate(loss.log_copies[0, n].tolist()) if c > -mpmath.inf]
            odds = [
                mpmath.exp(w[place[n][k]]) * round(mpmath.exp(loss.log_copies[0, n, k].item()))
                for k in kept
            ]
            whole = sum(odds)
            for k, e in zip(kept, odds, strict=True):
                p = mpmath.mpf(loss.target[0, n, k].item())
                value -= weight * p * mpmath.log(e / whole) if p else 0
                slope[place[n][k]] += weight * (e / whole - p)
        return value, slope


def sentences(case: dict[str, Any]) -> Corpus:
    """The sentences of a golden case, of two tokens and more."""
    samples = [(x, y, n) for x, y, n in case["samples"] if len(x) > 1]
    return Corpus.from_samples(samples, vocab_size=len(case["collocation"]))
