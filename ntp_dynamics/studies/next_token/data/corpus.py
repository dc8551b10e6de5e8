"""A corpus: distinct sentences, their next tokens, their weights.  JSON Lines in and out.

    {"vocab": ["S", "V", "O", "P"]}                          optional first line
    {"tokens": ["S", "V"], "next": "O", "weight": 1.0}       one sample a line
    {"vocab": ["S", "V", "others"], "unused": 50255}         the last one stands for so many tokens
    {"vocab": ["S", "V"], "labels": ["+", "-"]}              "next" is one of two labels, no token

Tokens are strings of the vocabulary or integers ``0 .. V-1``, labels of their own likewise strings
or integers 0, 1.  Without a vocabulary line, strings are numbered by first occurrence and integers
span ``0 .. max``.  Equal samples add up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.data.corpus_file import read_samples
from ntp_dynamics.studies.next_token.data.lines import lines_of
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.data.written import check_sample
from ntp_dynamics.system.errors import UserError, short

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.data.row_kernels import Bags

SPELLED = 20
"""So many tokens of a sentence are spelled out for a person."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Distinct samples (sentence, next token) with positive weights.

    ``pi`` is the relative frequency of eq. 1 of Huang, Liang, Yang (2024): weight / sum of weights.
    """

    vocab: tuple[str, ...]
    rows: Rows
    """The sentences."""
    label: Int[np.ndarray, " N"]
    """The next token of each."""
    weight: Float[np.ndarray, " N"]
    unused: int = 0
    """So many tokens that no sample uses stand together as the last one; 0: each for itself."""
    labels: tuple[str, ...] = ()
    """What can come next where that is no token but one of two labels; empty: the tokens."""

    @classmethod
    def from_samples(
        cls,
        samples: Iterable[tuple[Iterable[int], int] | tuple[Iterable[int], int, float]],
        vocab_size: int | None = None,
        vocab: Iterable[str] | None = None,
        unused: int = 0,
        labels: Iterable[str] = (),
    ) -> Corpus:
        """Collect ``(tokens, next[, weight])``; equal samples add up, first occurrence orders them.

        Raises UserError for an empty corpus, an empty sentence, a token outside the vocabulary (a
        next one outside the ``labels``, if there are any), a weight that is not positive and
        finite, or a sample that uses the ``unused``.
        """
        sentences, following, weights = [], [], []
        for i, (tokens, label, *rest) in enumerate(samples):
            sentences.append([int(x) for x in tokens])
            following.append(int(label))
            weights.append(float(rest[0]) if rest else 1.0)
            check_sample(f"sample {i}", sentences[-1], weights[-1])
        if not sentences:
            raise UserError("corpus", "it holds no samples", "give at least one sentence")
        labels = tuple(labels)
        tokens = [*chain.from_iterable(sentences), *([] if labels else following)]
        if vocab is None:
            vocab = numbers(max(tokens) + 1 if vocab_size is None else vocab_size)
        vocab = tuple(vocab)
        _check_range("token", "vocabulary", tokens, len(vocab))
        if labels:
            _check_range("label", "labels", following, len(labels))
        label, weight = np.array(following, np.int32), np.array(weights)
        return cls.from_arrays(Rows.of(sentences), label, weight, vocab, unused, labels)

    @classmethod
    def from_arrays(
        cls,
        rows: Rows,
        label: Int[np.ndarray, " M"],
        weight: Float[np.ndarray, " M"],
        vocab: tuple[str, ...],
        unused: int = 0,
        labels: tuple[str, ...] = (),
    ) -> Corpus:
        """As `from_samples`, of M samples of tokens within the vocabulary, with positive weights.

        Raises UserError for weights without a sum or beside which one is none, or a sample that
        uses the ``unused``.
        """
        from ntp_dynamics.studies.next_token.data.row_kernels import equals  # takes numba along

        if unused and max(rows.flat.max(), label.max()) == len(vocab) - 1:
            what = f"the last token stands for {unused:,} unused ones, and a sample uses it"
            raise UserError("corpus", what, "mend the sample or the vocab line")
        first = equals(rows.ended_by(label)).first
        distinct = np.flatnonzero(first == np.arange(len(first)))
        if len(distinct) < len(first):
            weight = np.bincount(first, weight, len(first))[distinct]  # in their order
            rows, label = rows.take(distinct), label[distinct]
        return cls.of_distinct(rows, label, weight, vocab, unused, labels)

    @classmethod
    def of_distinct(
        cls,
        rows: Rows,
        label: Int[np.ndarray, " N"],
        weight: Float[np.ndarray, " N"],
        vocab: tuple[str, ...],
        unused: int = 0,
        labels: tuple[str, ...] = (),
    ) -> Corpus:
        """As `from_arrays`, of samples no two of which are equal."""
        with np.errstate(over="ignore"):
            mass = weight.sum()
        if mass > sys.float_info.max:
            raise UserError("corpus", "the weights add up to infinity", "rescale them")
        if weight.min() / mass == 0:
            what = "a weight vanishes in double precision beside their sum"
            raise UserError("corpus", what, "let the weights span less than 300 decades")
        return cls(vocab, rows, label, weight, unused, labels)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Corpus) and self._content == other._content)

    def __hash__(self) -> int:
        return hash(self._digest)

    @property
    def _content(self) -> tuple[Any, ...]:
        arrays = self.rows.flat, self.rows.start, self.label, self.weight
        return (self.vocab, self.unused, self.labels, *(x.tobytes() for x in arrays))

    @cached_property
    def _digest(self) -> int:
        return hash(self._content)

    @cached_property
    def sentences(self) -> tuple[tuple[int, ...], ...]:
        """The sentences as Python has them; made when they are asked for."""
        return tuple(map(tuple, self.rows.lists()))

    @cached_property
    def next_tokens(self) -> tuple[int, ...]:
        """The next token of each sentence."""
        return tuple(self.label.tolist())

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """The weight of each sample."""
        return tuple(self.weight.tolist())

    @cached_property
    def bags(self) -> Bags:
        """The distinct tokens of each sentence."""
        from ntp_dynamics.studies.next_token.data.row_kernels import bags

        return bags(self.rows, self.vocab_size)

    @classmethod
    def read(cls, path: str | Path) -> Corpus:
        """Read a JSON Lines file.  Raises UserError naming the file and line."""
        try:
            corpus = cls.from_arrays(*read_samples(Path(path)))
        except UserError as error:
            if error.where != "corpus":
                raise
            raise UserError(str(path), error.what, error.remedy) from error  # of the whole
        if corpus.classes < 2:
            what = f"its only token is {short(json.dumps(corpus.vocab[0], ensure_ascii=False))}"
            remedy = "nothing is left to predict: give at least two tokens"
            raise UserError(str(path), what, remedy)
        return corpus

    @classmethod
    def from_text(cls, source: Any, **form: Any) -> Corpus:
        """Cut a text, or the Path of one, into samples: a source as `data.text.read_text` takes it;
        ``form`` are the fields of `data.text.Form`.

        Raises UserError for a source that cannot be read, or where nothing is left.
        """
        from ntp_dynamics.studies.next_token.data.text import Form, Weights, read_text

        asked = Form(**form)
        corpus = cls.from_arrays(*read_text(source, asked).samples)
        return corpus.uniform() if asked.weights is Weights.uniform else corpus

    def uniform(self) -> Corpus:
        """The same samples, each of weight one."""
        return replace(self, weight=np.ones(self.size))

    def write(self, path: str | Path) -> None:
        """Write the corpus as JSON Lines (the vocabulary line always, so that V survives)."""
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(line + "\n" for line in self.lines())

    def lines(self) -> Iterator[str]:
        """The JSON Lines of this corpus (`lines`)."""
        return lines_of(self)

    def sample(self, i: int) -> dict[str, Any]:
        """Sample ``i`` as it stands in a file."""
        name = (lambda v: v) if self.unnamed else self.vocab.__getitem__
        following = self.labels.__getitem__ if self.labels else name
        return {
            "tokens": [name(v) for v in self.rows[i].tolist()],
            "next": following(int(self.label[i])),
            "weight": float(self.weight[i]),
        }

    @property
    def size(self) -> int:
        """Number of distinct samples."""
        return len(self.rows)

    @property
    def vocab_size(self) -> int:
        """Length of the axes that tokens have."""
        return len(self.vocab)

    @property
    def token_count(self) -> int:
        """All tokens, those that stand together counted."""
        return self.vocab_size + max(self.unused - 1, 0)

    @property
    def label_names(self) -> tuple[str, ...]:
        """What can come next: labels of their own, or the vocabulary."""
        return self.labels or self.vocab

    @property
    def classes(self) -> int:
        """|V| of the theorems: all that can come next, tokens that stand together counted."""
        return len(self.labels) or self.token_count

    @property
    def multiplicity(self) -> Float[np.ndarray, " J"]:
        """How many classes each one of `label_names` stands for."""
        multiplicity = np.ones(len(self.label_names))
        multiplicity[-1] = self.unused or 1
        return multiplicity

    @cached_property
    def unnamed(self) -> bool:
        """Whether tokens have no names but their numbers."""
        return self.vocab == numbers(len(self.vocab))

    @cached_property
    def pi(self) -> Float[np.ndarray, " N"]:
        """Relative frequency of each sample."""
        return self.weight / self.weight.sum()

    @property
    def max_length(self) -> int:
        """Length of the longest sentence."""
        return int(self.rows.lengths.max())

    @cached_property
    def queries(self) -> tuple[int, ...]:
        """Last tokens of the sentences of length two or more, in increasing order."""
        asked = np.zeros(self.vocab_size, dtype=bool)
        asked[self.rows.last[self.rows.lengths > 1]] = True
        return tuple(np.flatnonzero(asked).tolist())

    def name(self, token: int) -> str:
        """A token for a person: harmless on a terminal, and short; one of blanks in quotes."""
        return _harmless(self.vocab[token])

    def label_name(self, label: int) -> str:
        """The same of what comes next."""
        return _harmless(self.label_names[label])

    def spell(self, i: int) -> str:
        """Sample ``i`` for a person: ``[S V] -> O``; a long sentence by its ends."""
        sentence = self.rows[i].tolist()
        words = [self.name(v) for v in _ends(sentence)]
        if left_out := len(sentence) - len(words):
            words.insert(-1, f"... {left_out:,} more ...")
        return f"[{' '.join(words)}] -> {self.label_name(self.label[i])}"


def numbers(vocab_size: int) -> tuple[str, ...]:
    """A vocabulary without names."""
    return tuple(map(str, range(vocab_size)))


def _check_range(what: str, of: str, found: Sequence[int], size: int) -> None:
    """Raise UserError for a number that names nothing."""
    outside = next((x for x in (min(found), max(found)) if not 0 <= x < size), None)
    if outside is not None:
        raise UserError(
            "corpus",
            f"{what} {outside} is outside the {of} 0..{size - 1}",
            f"enlarge the {of} or mend the sample",
        )


def _harmless(text: str) -> str:
    return short(text if text.strip() else f'"{text}"')


def _ends(sentence: list[int]) -> list[int]:
    """The beginning of a long sentence, and its query."""
    return sentence if len(sentence) <= SPELLED else [*sentence[: SPELLED - 1], sentence[-1]]
