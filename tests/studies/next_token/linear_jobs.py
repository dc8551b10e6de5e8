"""Softmax-linear losses of corpora, made by hand or drawn, and their loss in many digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import torch
from torch import Tensor

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "any_corpus.json").read_text()
)["corpora"]
CYCLIC = {name: case for name, case in GOLDEN.items() if "samples" in case}
SOFT = {name: case for name, case in GOLDEN.items() if case["kind"].startswith("soft labels, orth")}


def bigrams(counts: dict[str, dict[str, int]], vocab_size: int) -> Corpus:
    """Sentences of one token and what follows it, so often."""
    samples = [([int(x)], int(z), n) for x, row in counts.items() for z, n in row.items()]
    return Corpus.from_samples(samples, vocab_size=vocab_size)


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


def sentences(case: dict[str, Any]) -> tuple[Corpus, list[int]]:
    """The sentences of a golden case, and its collocation, which they do not state."""
    samples = [(s["tokens"], s["next"], s["weight"]) for s in case["samples"]]
    n = case["collocation"]
    return Corpus.from_samples(samples, vocab_size=len(n)), n
