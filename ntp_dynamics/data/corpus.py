"""A corpus: distinct sentences, their next tokens, their weights.  JSON Lines in and out.

    {"vocab": ["S", "V", "O", "P"]}                          optional first line
    {"tokens": ["S", "V"], "next": "O", "weight": 1.0}       one sample a line

Tokens are strings of the vocabulary or integers ``0 .. V-1``.  Without a vocabulary line, strings
are numbered by first occurrence and integers span ``0 .. max``.  Equal samples add up.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from jaxtyping import Float

from ntp_dynamics.lab.errors import UserError, short

MAX_TOKENS = 4096
MAX_VOCAB = 1_000_000
SAMPLE_KEYS = {"tokens", "next", "weight"}


@dataclass(frozen=True)
class Corpus:
    """Distinct samples (sentence, next token) with positive weights.

    ``pi`` is the relative frequency of eq. 1 of Huang, Liang, Yang (2024): weight / sum of weights.
    """

    vocab: tuple[str, ...]
    sentences: tuple[tuple[int, ...], ...]
    next_tokens: tuple[int, ...]
    weights: tuple[float, ...]

    @classmethod
    def from_samples(
        cls,
        samples: Iterable[tuple[Iterable[int], int] | tuple[Iterable[int], int, float]],
        vocab_size: int | None = None,
        vocab: Iterable[str] | None = None,
    ) -> Corpus:
        """Collect ``(tokens, next[, weight])``; equal samples add up, first occurrence orders them.

        Raises UserError for an empty corpus, an empty sentence, a token outside the vocabulary or
        a weight that is not positive and finite.
        """
        total: dict[tuple[tuple[int, ...], int], float] = {}
        for i, (tokens, following, *rest) in enumerate(samples):
            weight = float(rest[0]) if rest else 1.0
            key = (tuple(int(x) for x in tokens), int(following))
            _check_sample(f"sample {i}", key[0], weight)
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
        )

    @classmethod
    def read(cls, path: str | Path) -> Corpus:
        """Read a JSON Lines file.  Raises UserError naming the file and line."""
        return _read(Path(path))

    def write(self, path: str | Path) -> None:
        """Write the corpus as JSON Lines (the vocabulary line always, so that V survives)."""
        Path(path).write_text("".join(line + "\n" for line in self.lines()), encoding="utf-8")

    def lines(self) -> Iterator[str]:
        """The JSON Lines of this corpus: integers if the vocabulary is unnamed, else strings."""
        yield json.dumps({"vocab": list(self.vocab)}, ensure_ascii=False)
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
        return len(self.vocab)

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

    def spell(self, i: int) -> str:
        """Sample ``i`` for a person: ``[S V] -> O``."""
        words = " ".join(self.vocab[v] for v in self.sentences[i])
        return f"[{words}] -> {self.vocab[self.next_tokens[i]]}"


def _check_sample(where: str, tokens: tuple[Any, ...], weight: Any) -> None:
    if not tokens:
        raise UserError(where, "the sentence is empty", "give at least one token")
    if len(tokens) > MAX_TOKENS:
        raise UserError(
            where,
            f"the sentence has {len(tokens):,} tokens",
            f"at most {MAX_TOKENS:,} are allowed",
        )
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not (number and 0 < weight <= sys.float_info.max):
        what = f"weight {short(repr(weight))} is not a positive double"
        raise UserError(where, what, "give a finite weight > 0")


def _read(path: Path) -> Corpus:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise UserError(str(path), reason, "give a readable corpus file") from error
    except UnicodeDecodeError as error:
        what = f"byte {error.start} is not UTF-8 text"
        raise UserError(str(path), what, "give a JSON Lines file in UTF-8") from error

    vocab: tuple[str, ...] | None = None
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        record = _parse(where, line)
        if "vocab" in record:
            if records or vocab is not None:
                raise UserError(where, "the vocabulary is not the first line", "move it to the top")
            vocab = _vocab(where, record)
        else:
            records.append((where, *_sample(where, record)))
    if not records:
        raise UserError(str(path), "it holds no samples", "give at least one sentence")
    written = [token for _, tokens, y, _ in records for token in (*tokens, y)]
    named = vocab is not None or all(isinstance(token, str) for token in written)
    if vocab is None:
        vocab = tuple(dict.fromkeys(written)) if named else _numbered(str(path), written)
    index: dict[Any, int] = {name: i for i, name in enumerate(vocab)} if named else {}
    samples = [
        (
            [_index(where, token, index, len(vocab)) for token in tokens],
            _index(where, y, index, len(vocab)),
            weight,
        )
        for where, tokens, y, weight in records
    ]
    try:
        return Corpus.from_samples(samples, vocab=vocab)
    except UserError as error:  # of the corpus as a whole
        raise UserError(str(path), error.what, error.remedy) from error


def _parse(where: str, line: str) -> dict[str, Any]:
    try:
        record = json.loads(
            line, parse_constant=lambda name: float(name.replace("Infinity", "inf"))
        )
        if "\\u" in line:  # an escape can say half a character, which nothing can print or store
            json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        what = "it holds half of a surrogate pair"
        raise UserError(where, what, "mend the \\u escape") from error
    except (ValueError, RecursionError) as error:
        raise UserError(where, "the line is not JSON", "write one JSON object a line") from error
    if not isinstance(record, dict):
        raise UserError(
            where, "the line is not a JSON object", 'write {"tokens": ..., "next": ...}'
        )
    return record


def _vocab(where: str, record: dict[str, Any]) -> tuple[str, ...]:
    vocab = record["vocab"]
    strings = isinstance(vocab, list) and vocab and all(isinstance(v, str) for v in vocab)
    if not strings or len(record) > 1:
        raise UserError(where, "the vocabulary is not a list of strings", 'write {"vocab": ["a"]}')
    if len(set(vocab)) < len(vocab):
        ((double, _),) = Counter(vocab).most_common(1)
        what = f"token {short(repr(double))} stands twice in the vocabulary"
        raise UserError(where, what, "remove one")
    return tuple(vocab)


def _sample(where: str, record: dict[str, Any]) -> tuple[list[Any], Any, float]:
    if unknown := sorted(set(record) - SAMPLE_KEYS):
        what = f"unknown key {short(repr(unknown[0]))}"
        raise UserError(where, what, "a sample has tokens, next, weight")
    for key in ("tokens", "next"):
        if key not in record:
            raise UserError(where, f"{key!r} is missing", "a sample has tokens, next, weight")
    tokens, weight = record["tokens"], record.get("weight", 1.0)
    if not isinstance(tokens, list):
        raise UserError(where, "'tokens' is not a list", "write the sentence as a list of tokens")
    _check_sample(where, tuple(tokens), weight)
    return tokens, record["next"], float(weight)


def _numbered(where: str, written: list[Any]) -> tuple[str, ...]:
    """The vocabulary of a file of integers: 0 .. the largest of them."""
    size = 1 + max((t for t in written if _is_integer(t)), default=0)
    if size > MAX_VOCAB:
        remedy = "number the tokens 0..V-1 without gaps, or give a vocab line"
        what = f"token {short(str(size - 1))} asks for more than {MAX_VOCAB:,} tokens"
        raise UserError(where, what, remedy)
    return tuple(str(v) for v in range(size))


def _is_integer(token: Any) -> TypeGuard[int]:
    return isinstance(token, int) and not isinstance(token, bool)


def _index(where: str, token: Any, index: dict[Any, int], vocab_size: int) -> int:
    if isinstance(token, str) and token in index:
        return index[token]
    if _is_integer(token) and 0 <= token < vocab_size:
        return token
    shown = short(json.dumps(token, ensure_ascii=False))
    raise UserError(
        where,
        f"token {shown} is not in the vocabulary",
        f"use its {vocab_size} strings, integers 0..{vocab_size - 1}, or mend the vocab line",
    )
