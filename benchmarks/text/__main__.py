"""``python -m benchmarks.text FILE [--words N]``: the table of docs/text.md, a row a vocabulary.

Shares are of the weight of windows within the vocabulary: what the chosen n reaches, what is kept,
what is kept under Assumption 1, and above which share no part is (of the first).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.source import text_of
from ntp_dynamics.studies.next_token.data.tokens import WORD
from ntp_dynamics.studies.next_token.repair.part import realizable_part
from ntp_dynamics.studies.next_token.repair.terms import Terms
from ntp_dynamics.studies.next_token.theory.assumptions import check

VOCABULARIES = 100, 500, 2000
WINDOWS = 4, 8


class Row(NamedTuple):
    """One vocabulary and window."""

    vocabulary: int
    window: int
    samples: int
    reach: float
    greedy: float
    kept: float
    bound: float
    assumption1: float
    seconds: tuple[float, ...]
    """Of the processor: reading, the part, the part under Assumption 1, checking the part."""

    def line(self) -> str:
        shares = self.reach, self.greedy, self.kept, self.bound, self.assumption1
        cells = [f"{x:.3f}" for x in shares] + [f"{x:.1f}" for x in self.seconds]
        first = [str(self.vocabulary), str(self.window), f"{self.samples:,}"]
        return f"| {' | '.join([*first, *cells])} |"


def measured(text: str) -> Iterator[Row]:
    """A row for each vocabulary and window."""
    for vocabulary in VOCABULARIES:
        for window in WINDOWS:
            clock = [time.process_time()]
            corpus = Corpus.from_text(text, vocabulary=vocabulary, window=(window,))
            clock.append(time.process_time())
            part = realizable_part(corpus)
            clock.append(time.process_time())
            strict = realizable_part(corpus, Terms(assumption1=True))
            clock.append(time.process_time())
            if not check(part.corpus()).realizable:
                raise AssertionError("what is kept is not realizable")
            clock.append(time.process_time())
            total = corpus.weight.sum()
            weights = part.reach, part.greedy, part.weight, part.bound, strict.weight
            shares = [weight / total for weight in weights]
            seconds = [b - a for a, b in pairwise(clock)]
            yield Row(vocabulary, window, corpus.size, *shares, seconds=tuple(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--words", type=int, help="so many words of it")
    options = parser.parse_args()
    words = WORD.findall(text_of(options.file).lower())[: options.words]
    text = " ".join(words)
    realizable_part(Corpus.from_text(text[:10_000]))  # compiled, or read from the cache
    print(f"{options.file.name}: {len(words):,} words")
    titles = ["V", "c", "samples", "reach", "greedy", "kept", "bound", "A1"]
    titles += [f"{what} s" for what in ("read", "part", "A1", "check")]
    print(f"| {' | '.join(titles)} |")
    print("|" + "---|" * len(titles))
    for row in measured(text):
        print(row.line(), flush=True)


if __name__ == "__main__":
    main()
