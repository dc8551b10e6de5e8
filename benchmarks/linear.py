"""``python -m benchmarks.linear``: a step on soft labels and on the log head, kernel and tensors.

One run, one thread, CPU seconds of the process, medians of rounds in which both take their turns.
Words are drawn by Zipf's law, each alone: pairs for soft labels, windows of eight that hold their
label for the log head.  Writes benchmarks/linear.json and prints the section of the page.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.any_corpus import Problem, log_problem, soft_problem
from benchmarks.performance.steps import stepped
from benchmarks.timing import interleaved
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.linear_dynamics import LinearKernel
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule

RECORD = Path(__file__).with_suffix(".json")
RULES: dict[str, Optimizer] = {
    "ngd": NormalisedGradientDescent(),
    "gd": GradientDescent(),
    "split_ngd": SplitNormalisedGradientDescent(),
    "polyak": Polyak(),
}
ETA, ROUNDS, WINDOW = 0.3, 5, 8
PAIRS = {100: 5_000, 500: 60_000, 2000: 300_000}
"""Vocabulary and words, soft labels."""
WINDOWS = {100: 5_000, 500: 5_000, 2000: 5_000}
"""Vocabulary and windows, the log head."""
START = 0.01
"""Size of an entry of the start that is not zero."""

SECTION = """
## Soft labels and the log head

`python -m benchmarks.linear`: one run, CPU time of one thread, medians of {rounds} rounds in turns,
load average {load:.1f}. Milliseconds a step of the kernel, which measures nothing, and in brackets
how many times longer tensors take. Soft labels: pairs of words drawn by Zipf's law; the log head:
{windows:,} windows of eight such words that hold their label. P entries of the matrix move: from
zero, tokens that never follow a word stay alike, and one entry stands for them.

| | V | P | {heads} |
|---|---|---|{lines}|
{rows}
"""


def zipf(v: int, shape: tuple[int, ...]) -> np.ndarray:
    """Words drawn one by one."""
    chance = 1 / np.arange(1, v + 1)
    return np.random.default_rng(0).choice(v, shape, p=chance / chance.sum())


def soft(v: int, words: int) -> Problem:
    """Soft labels of all pairs among so many."""
    pair, count = np.unique(zipf(v, (words, 2)), axis=0, return_counts=True)
    each = zip(pair.tolist(), count.tolist(), strict=True)
    return soft_problem([Corpus.from_samples([([x], z, n) for (x, z), n in each], vocab_size=v)])


def head(v: int, windows: int) -> Problem:
    """The log head on windows whose label is one of their words, with a copy head."""
    words = zipf(v, (windows, WINDOW))
    label = words[np.arange(windows), np.arange(windows) % WINDOW]
    each = zip(words.tolist(), label.tolist(), strict=True)
    corpus = Corpus.from_samples([(x, y, 1.0) for x, y in each], vocab_size=v)
    return log_problem([corpus], [list(range(v))])


def problems() -> Iterator[tuple[str, int, LinearObjective]]:
    """Every kind of job."""
    for v, words in PAIRS.items():
        objective = soft(v, words).objective
        yield "soft labels", v, objective
        start = torch.randn(objective.matrix.start.shape, dtype=torch.float64) * START
        matrix = replace(objective.matrix, start=start)
        yield "soft labels, from a random start", v, replace(objective, matrix=matrix)
    for v, windows in WINDOWS.items():
        yield "log head", v, head(v, windows).objective


def compare(objective: LinearObjective, name: str) -> tuple[dict[str, float], int]:
    """Milliseconds a step of both, and how many entries move."""
    rule = RULES[name]
    objective = replace(objective, keeps_least=name == "ngd")
    kernel = LinearKernel(objective, kernel_rule(rule, ETA), None)
    tensors = Descent(objective, make_rule(rule), [ETA])
    many = max(3, int(2e6 / len(kernel.laid[0].place)))

    ours, theirs = stepped(kernel), stepped(tensors)
    found = interleaved(
        ROUNDS, time.process_time, kernel=lambda: ours(many), tensors=lambda: theirs(2)
    )
    each = {"kernel": 1e3 * found["kernel"] / many, "tensors": 1e3 * found["tensors"] / 2}
    return each, len(kernel.laid[0].place)


def section(found: dict[str, Any]) -> str:
    """The section of the page."""
    rows = []
    for x in found["jobs"]:
        each = (x["rules"][rule] for rule in RULES)
        cells = (f"{t['kernel']:.3g} ({t['tensors'] / t['kernel']:.0f})" for t in each)
        rows.append(f"| {x['kind']} | {x['V']:,} | {x['P']:,} | {' | '.join(cells)} |")
    return SECTION.format(
        rounds=ROUNDS,
        load=found["load"],
        windows=WINDOWS[500],
        heads=" | ".join(RULES),
        lines="|".join("---" for _ in RULES),
        rows="\n".join(rows),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linear", description=__doc__)
    parser.add_argument("--page", action="store_true", help="the section from the last numbers")
    options = parser.parse_args()
    if not options.page:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        found: dict[str, Any] = {"load": os.getloadavg()[0], "jobs": []}
        for kind, v, objective in problems():
            each = {name: compare(objective, name) for name in RULES}
            entries = next(iter(each.values()))[1]
            told = {"kind": kind, "V": v, "P": entries}
            found["jobs"].append(told | {"rules": {name: t for name, (t, _) in each.items()}})
        RECORD.write_text(json.dumps(found, indent=1) + "\n")
    print(section(json.loads(RECORD.read_text())))


if __name__ == "__main__":
    main()
