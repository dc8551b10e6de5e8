"""``python -m benchmarks.any_corpus``: proved bounds against random corpora, realizable or not.

`any.gd.bound` and `any.ngd.best` are proved of every corpus; here they are held against soft labels
and cyclic orders of every shape, at every recorded step.  A ratio above 1 would be a fault.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.choices import Counted, Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
)
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.linear_losses import log_head_loss, soft_loss
from ntp_dynamics.studies.next_token.model.token_space import zeros
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.theory.any_corpus_gd import gd_bound
from ntp_dynamics.studies.next_token.theory.any_corpus_ngd import ngd_best
from ntp_dynamics.studies.next_token.theory.linear_constants import linear_constants
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget
from ntp_dynamics.studies.next_token.theory.log_head import log_target
from ntp_dynamics.studies.next_token.theory.soft_labels import soft_target, taught

TOGETHER = 50
"""Corpora of one vocabulary that are trained at a time."""
RULES: dict[str, tuple[Optimizer, Sequence[float]]] = {
    "any.gd.bound": (GradientDescent(), (0.5, 2.0)),  # beta is at most 1/2
    "any.ngd.best": (NormalisedGradientDescent(), (0.05, 0.5)),
}


class Problem(NamedTuple):
    """Runs of one stage, and what is known of them."""

    objective: LinearObjective
    targets: list[LinearTarget]


def soft_corpus(size: int, rng: np.random.Generator) -> Corpus:
    """Tokens with no continuation, one, several or all of them; weights over two decades."""
    weight = np.exp(rng.uniform(0, 5, (size, size)))
    seen = rng.random((size, size)) < rng.random((1, size))
    seen[rng.integers(size), rng.integers(size)] = True
    pairs = np.argwhere(seen).tolist()
    return Corpus.from_samples([([x], z, weight[z, x]) for z, x in pairs], vocab_size=size)


def cyclic_corpus(size: int, rng: np.random.Generator) -> Corpus:
    """Sentences of random tokens, each labelled by one of them: cycles and confusions as they
    come; weights over two decades."""
    n = rng.permutation(size)
    samples = [([x], int(n[x]), 1.0) for x in range(size)]
    for _ in range(int(rng.integers(1, 3 * size))):
        sentence = rng.integers(0, size, int(rng.integers(2, 6))).tolist()
        label = int(n[rng.choice(sentence)])
        samples.append((sentence, label, float(np.exp(rng.uniform(0, 5)))))
    return Corpus.from_samples(samples, vocab_size=size)


def soft_problem(corpora: Sequence[Corpus], counted: Counted = Counted.counts) -> Problem:
    """The feed-forward stage with soft labels, from zero."""
    targets = [soft_target(corpus, counted) for corpus in corpora]
    loss = soft_loss([taught(corpus, counted)[0] for corpus in corpora], targets)
    batch = pack(corpora, [recognise(corpus).collocation for corpus in corpora])
    start = zeros(batch.runs, batch.vocab_size, batch.vocab_size)
    logits = torch.zeros(loss.shape, dtype=torch.float64)
    stage = Stage.feed_forward
    return Problem(LinearObjective(stage, batch, start, loss, logits, keeps_least=True), targets)


def log_problem(
    corpora: Sequence[Corpus], collocations: Sequence[Sequence[int]] | None = None
) -> Problem:
    """The attention stage with the log head, from zero; ``collocations`` None: as they state it."""
    if collocations is None:
        collocations = [recognise(corpus).collocation for corpus in corpora]
    targets = [log_target(*each) for each in zip(corpora, collocations, strict=True)]
    batch = pack(corpora, collocations)
    start = zeros(batch.runs, batch.vocab_size, batch.n_queries)
    logits = torch.zeros(batch.runs, batch.vocab_size, batch.vocab_size, dtype=torch.float64)
    loss = log_head_loss(batch, targets)
    stage = Stage.attention
    return Problem(LinearObjective(stage, batch, start, loss, logits, keeps_least=True), targets)


def ratios(problem: Problem, claim: str, eta: float, last: int) -> Float[np.ndarray, " R"]:
    """The largest ratio of the excess loss and its bound over the recorded steps, each run."""
    optimizer, _ = RULES[claim]
    k = linear_constants(problem.targets, eta)
    law = gd_bound(k) if claim == "any.gd.bound" else ngd_best(k)
    descent = Descent(problem.objective, make_rule(optimizer), [eta])
    worst = np.full(len(problem.targets), -np.inf)
    for t in recorded_steps(last):
        if t < max(1, 1 / eta):
            continue
        descent.advance(int(t), NO_STEPS)
        state = descent.state()
        least = state.least if claim == "any.ngd.best" else problem.objective.log_gap(state)
        assert least is not None
        with np.errstate(divide="ignore"):  # of a corpus that teaches nothing both are zero
            bound = law.log_f(np.array([float(t)]))[:, 0]
        over = np.full(len(bound), -np.inf)
        np.subtract(least.numpy(), bound, out=over, where=np.isfinite(bound))
        worst = np.maximum(worst, over)
    return np.exp(worst)


def drawn(count: int, seed: int) -> list[Problem]:
    """So many random corpora, half of each kind, of three to eight tokens."""
    rng = np.random.default_rng(seed)
    problems, left = [], count
    while left > 0:
        size, together = int(rng.integers(3, 9)), min(TOGETHER, left)
        if len(problems) % 2:
            problems.append(log_problem([cyclic_corpus(size, rng) for _ in range(together)]))
        else:
            problems.append(soft_problem([soft_corpus(size, rng) for _ in range(together)]))
        left -= together
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.any_corpus", description=__doc__)
    parser.add_argument("--corpora", type=int, default=1000, help="how many (1,000)")
    parser.add_argument("--steps", type=int, default=3000, help="of each descent (3,000)")
    parser.add_argument("--seed", type=int, default=0, help="of the corpora (0)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    problems = drawn(options.corpora, options.seed)
    broken = False
    for claim, (_, etas) in RULES.items():
        for eta in etas:
            found = [ratios(problem, claim, eta, options.steps) for problem in problems]
            worst = np.concatenate(found)
            broken |= bool((worst > 1).any())
            print(
                f"{claim}, eta = {eta:g}: {len(worst):,} corpora, {(worst > 1).sum()} broken, "
                f"largest ratio {worst.max():.3f}, median {np.median(worst):.3f}"
            )
    raise SystemExit(int(broken))


if __name__ == "__main__":
    main()
