"""A corpus: distinct sentences, their next tokens, their weights.  JSON Lines in and out.

    {"vocab": ["S", "V", "O", "P"]}                          optional first line
    {"tokens": ["S", "V"], "next": "O", "weight": 1.0}       one sample a line
    {"vocab": ["S", "V", "others"], "unused": 50255}         the last one stands for so many tokens

Tokens are strings of the vocabulary or integers ``0 .. V-1``.  Without a vocabulary line, strings
are numbered by first occurrence and integers span ``0 .. max``.  Equal samples add up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.data.corpus_file import check_sample, read_samples
from ntp_dynamics.system.errors import UserError, short

SPELLED = 20
"""So many tokens of a sentence are spelled out for a person."""


@dataclass(frozen=True)
class Corpus:
    """Distinct samples (sentence, next token) with positive weights.

    ``pi`` is the relative frequency of eq. 1 of Huang, Liang, Yang (2024): weight / sum of weights.
    """

    vocab: tuple[str, ...]
    sentences: tuple[tuple[int, ...], ...]
    next_tokens: tuple[int, ...]
    weights: tuple[float, ...]
    unused: int = 0
    """So many tokens that no sample uses stand together as the last one; 0: each for itself."""

    @classmethod
    def from_samples(
        cls,
        samples: Iterable[tuple[Iterable[int], int] | tuple[Iterable[int], int, float]],
        vocab_size: int | None = None,
        vocab: Iterable[str] | None = None,
        unused: int = 0,
    ) -> Corpus:
        """Collect ``(tokens, next[, weight])``; equal samples add up, first occurrence orders them.

        Raises UserError for an empty corpus, an empty sentence, a token outside the vocabulary, a
        weight that is not positive and finite, or a sample that uses the ``unused``.
        """
        total: dict[tuple[tuple[int, ...], int], float] = {}
        for i, (tokens, following, *rest) in enumerate(samples):
            weight = float(rest[0]) if rest else 1.0
            key = (tuple(int(x) for x in tokens), int(following))
            check_sample(f"sample {i}", key[0], weight)
            total[key] = total.get(key, 0.0) + weight
        if not total:
            raise UserError("corpus", "it holds no samples", "give at least one sentence")
        largest = max(max(*tokens, y) for tokens, y in total)
        if vocab is None:
            vocab = (str(v) for v in range(largest + 1 if vocab_size is None else vocab_size))
        vocab = tuple(vocab)
        smallest = min(min(*tokens, y) for tokens, y in total)
        if smallest < 0 or largest >= len(vocab):
            outside = smallest if smallest < 0 else largest
            raise UserError(
                "corpus",
                f"token {outside} is outside the vocabulary 0..{len(vocab) - 1}",
                "enlarge the vocabulary or mend the sample",
            )
        if unused and largest == len(vocab) - 1:
            what = f"the last token stands for {unused:,} unused ones, and a sample uses it"
            raise UserError("corpus", what, "mend the sample or the vocab line")
        mass = sum(total.values())
        if mass > sys.float_info.max:
            raise UserError("corpus", "the weights add up to infinity", "rescale them")
        if min(total.values()) / mass == 0:
            what = "a weight vanishes in double precision beside their sum"
            raise UserError("corpus", what, "let the weights span less than 300 decades")
        return cls(
            vocab=vocab,
            sentences=tuple(tokens for tokens, _ in total),
            next_tokens=tuple(y for _, y in total),
            weights=tuple(total.values()),
            unused=unused,
        )

    def folded(self) -> Corpus:
        """The same samples, the tokens that none of them uses as one, if there are several.

        From a start at zero nothing tells unused tokens apart: they enter as a number.
        """
        used = sorted({v for sentence in self.sentences for v in sentence} | {*self.next_tokens})
        unused = self.classes - len(used)
        if unused < 2 or (self.unused and len(used) == self.vocab_size - 1):
            return self
        names = [self.vocab[v] for v in used]
        together = f"{unused:,} unused tokens"
        while together in names:
            together += "'"
        number = {v: i for i, v in enumerate(used)}
        return Corpus(
            vocab=(*names, together),
            sentences=tuple(tuple(number[v] for v in s) for s in self.sentences),
            next_tokens=tuple(number[v] for v in self.next_tokens),
            weights=self.weights,
            unused=unused,
        )

    @classmethod
    def read(cls, path: str | Path) -> Corpus:
        """Read a JSON Lines file.  Raises UserError naming the file and line."""
        samples, vocab, unused = read_samples(Path(path))
        try:
            corpus = cls.from_samples(samples, vocab=vocab, unused=unused)
        except UserError as error:
            if error.where != "corpus":
                raise
            raise UserError(str(path), error.what, error.remedy) from error  # of the whole
        if corpus.classes < 2:
            what = f"its only token is {short(json.dumps(corpus.vocab[0], ensure_ascii=False))}"
            remedy = "nothing is left to predict: give at least two tokens"
            raise UserError(str(path), what, remedy)
        return corpus

    def write(self, path: str | Path) -> None:
        """Write the corpus as JSON Lines (the vocabulary line always, so that V survives)."""
        Path(path).write_text("".join(line + "\n" for line in self.lines()), encoding="utf-8")

    def lines(self) -> Iterator[str]:
        """The JSON Lines of this corpus: integers if the vocabulary is unnamed, else strings."""
        unused = {"unused": self.unused} if self.unused else {}
        yield json.dumps({"vocab": list(self.vocab), **unused}, ensure_ascii=False)
        for i in range(self.size):
            yield json.dumps(self.sample(i), ensure_ascii=False)

    def sample(self, i: int) -> dict[str, Any]:
        """Sample ``i`` as it stands in a file."""
        name = (lambda v: v) if self.unnamed else self.vocab.__getitem__
        return {
            "tokens": [name(v) for v in self.sentences[i]],
            "next": name(self.next_tokens[i]),
            "weight": self.weights[i],
        }

    @property
    def size(self) -> int:
        """Number of distinct samples."""
        return len(self.sentences)

    @property
    def vocab_size(self) -> int:
        """Length of the axes that tokens have."""
        return len(self.vocab)

    @property
    def classes(self) -> int:
        """|V|: all tokens that can come next, those that stand together counted."""
        return self.vocab_size + max(self.unused - 1, 0)

    @property
    def multiplicity(self) -> Float[np.ndarray, " V"]:
        """How many tokens each one of `vocab` stands for."""
        multiplicity = np.ones(self.vocab_size)
        multiplicity[-1] = self.unused or 1
        return multiplicity

    @cached_property
    def unnamed(self) -> bool:
        """Whether tokens have no names but their numbers."""
        return self.vocab == tuple(str(v) for v in range(len(self.vocab)))

    @cached_property
    def pi(self) -> Float[np.ndarray, " N"]:
        """Relative frequency of each sample."""
        weights = np.array(self.weights)
        return weights / weights.sum()

    @property
    def max_length(self) -> int:
        """Length of the longest sentence."""
        return max(map(len, self.sentences))

    @cached_property
    def queries(self) -> tuple[int, ...]:
        """Last tokens of the sentences of length two or more, in increasing order."""
        return tuple(sorted({s[-1] for s in self.sentences if len(s) > 1}))

    def name(self, token: int) -> str:
        """A token for a person: harmless on a terminal, and short; one of blanks in quotes."""
        text = self.vocab[token]
        return short(text if text.strip() else f'"{text}"')

    def spell(self, i: int) -> str:
        """Sample ``i`` for a person: ``[S V] -> O``; a long sentence by its ends."""
        words = [self.name(v) for v in _ends(self.sentences[i])]
        if left_out := len(self.sentences[i]) - len(words):
            words.insert(-1, f"... {left_out:,} more ...")
        return f"[{' '.join(words)}] -> {self.name(self.next_tokens[i])}"


def _ends(sentence: tuple[int, ...]) -> tuple[int, ...]:
    """The beginning of a long sentence, and its query."""
    return sentence if len(sentence) <= SPELLED else (*sentence[: SPELLED - 1], sentence[-1])
