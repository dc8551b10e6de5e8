"""The samples of a corpus file as its lines have them, and the numbers of their tokens."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.data.rows import Rows, starts
from ntp_dynamics.system.errors import UserError, short

MAX_VOCAB = 1_000_000
MAX_TOKENS = 4096
SAMPLE_KEYS = {"tokens", "next", "weight"}


class Kind(StrEnum):
    """How a token is written."""

    named = "name"
    numbered = "number"


class Line(NamedTuple):
    """A sample, and where it stands."""

    where: str
    tokens: list[Any]
    next_token: Any

    @property
    def written(self) -> list[Any]:
        return [*self.tokens, self.next_token]


class Samples(NamedTuple):
    """What a file holds, its tokens numbered."""

    rows: Rows
    label: Int[np.ndarray, " M"]
    weight: Float[np.ndarray, " M"]
    vocab: tuple[str, ...]
    unused: int
    """For how many unused tokens the last one stands; 0: for itself."""
    labels: tuple[str, ...] = ()
    """What can come next where that is no token."""


class Header(NamedTuple):
    """What a vocab line says, and where it stands."""

    where: str
    vocab: tuple[str, ...]
    unused: int = 0
    labels: tuple[str, ...] = ()


@dataclass
class Written:
    """The samples of a file as its lines have them."""

    path: Path
    numbers: list[int] = field(default_factory=list)
    """Of the lines."""
    tokens: list[list[Any]] = field(default_factory=list)
    following: list[Any] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, number: int, record: dict[str, Any]) -> None:
        """One sample.  Raises UserError for one that no corpus can have."""
        tokens, weight = record.get("tokens"), record.get("weight", 1.0)
        if not (record.keys() <= SAMPLE_KEYS and "next" in record and isinstance(tokens, list)):
            raise _no_sample(f"{self.path}:{number}", record)
        if not (type(weight) is float and 0 < weight < math.inf and 0 < len(tokens) <= MAX_TOKENS):
            check_sample(f"{self.path}:{number}", tokens, weight)
        self.numbers.append(number)
        self.tokens.append(tokens)
        self.following.append(record["next"])
        self.weights.append(float(weight))

    @property
    def lines(self) -> list[Line]:
        """Where each sample stands, to blame one."""
        samples = zip(self.numbers, self.tokens, self.following, strict=True)
        return [Line(f"{self.path}:{number}", *sample) for number, *sample in samples]

    def flat(self) -> list[Any]:
        """All tokens as they are written, each sentence followed by its next token."""
        each = zip(self.tokens, zip(self.following), strict=True)
        return list(chain.from_iterable(chain.from_iterable(each)))

    def numbered(self, flat: list[int], vocab: tuple[str, ...], unused: int) -> Samples:
        """With numbers for what `flat` gave."""
        lengths = np.fromiter(map(len, self.tokens), dtype=np.int64, count=len(self.tokens))
        longer = starts(lengths + 1)
        every, ends = np.array(flat, dtype=np.int32), longer[1:] - 1
        weight = np.array(self.weights)
        rows = Rows(np.delete(every, ends), starts(lengths))
        return Samples(rows, every[ends], weight, vocab, unused)


def _no_sample(where: str, record: dict[str, Any]) -> UserError:
    """What keeps a line from being a sample."""
    remedy = "a sample has tokens, next, weight"
    if unknown := sorted(set(record) - SAMPLE_KEYS):
        return UserError(where, f"unknown key {short(repr(unknown[0]))}", remedy)
    for key in ("tokens", "next"):
        if key not in record:
            return UserError(where, f"{key!r} is missing", remedy)
    return UserError(where, "'tokens' is not a list", "write the sentence as a list of tokens")


def check_sample(where: str, tokens: Sequence[Any], weight: Any) -> None:
    """Raise UserError for a sentence or a weight that no corpus can have."""
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


def alike(written: Written) -> Samples:
    """The samples of a file without a vocabulary, and the vocabulary that they have."""
    flat = written.flat()
    kinds = set(map(type, flat))
    if kinds == {int}:
        largest = max(flat)
        if min(flat) < 0 or largest >= MAX_VOCAB:
            for line in written.lines:
                _check_numbers(line)
        return written.numbered(flat, tuple(map(str, range(largest + 1))), 0)
    if kinds != {str}:
        raise _unlike(written.lines)
    number = {name: i for i, name in enumerate(dict.fromkeys(flat))}
    return written.numbered(list(map(number.__getitem__, flat)), tuple(number), 0)


def _unlike(lines: Sequence[Line]) -> UserError:
    """Most lines decide whether tokens are names or numbers; the first other one is blamed."""
    votes = Counter(kind for line in lines if (kind := _kind_of(line)))
    prevailing = votes.most_common(1)[0][0] if votes else Kind.named
    line, token = next(
        (line, token) for line in lines for token in line.written if _kind(token) is not prevailing
    )
    where = ", as in most lines" * (len(lines) > 2)
    what = f"token {shown(token)} is not a {prevailing}{where}"
    return UserError(line.where, what, "write all tokens alike, or give a vocab line")


def by_vocab(written: Written, header: Header) -> Samples:
    """The samples of a file with a vocabulary, tokens by name or number."""
    if header.labels:
        return _by_labels(written, header)
    vocab, unused = header.vocab, header.unused
    flat = written.flat()
    kinds = set(map(type, flat))
    if kinds == {int} and min(flat) >= 0 and max(flat) < len(vocab):
        return written.numbered(flat, vocab, unused)
    find = _finder(vocab)
    number: dict[Any, int] = {name: i for i, name in enumerate(vocab)}
    found = list(map(number.get if kinds == {str} else find, flat))
    if None in found:
        raise _unknown(written.lines, find, len(vocab), header.where)
    return written.numbered([x for x in found if x is not None], vocab, unused)


def _by_labels(written: Written, header: Header) -> Samples:
    """Tokens by the vocabulary, what comes next by the labels."""
    found = list(map(_finder(header.labels), written.following))
    if None in found:
        line = written.lines[found.index(None)]
        what = f"label {shown(line.next_token)} is none of {shown(list(header.labels))}"
        raise UserError(line.where, what, "use these, integers 0 and 1, or mend the vocab line")
    own = replace(written, following=[sentence[0] for sentence in written.tokens])
    samples = by_vocab(own, header._replace(labels=()))
    return samples._replace(label=np.array(found, dtype=np.int32), labels=header.labels)


def _finder(names: tuple[str, ...]) -> Callable[[Any], int | None]:
    """The number of a name, or a number as it is; None for what is neither."""
    number: dict[Any, int] = {name: i for i, name in enumerate(names)}

    def find(token: Any) -> int | None:
        if is_integer(token):
            return token if 0 <= token < len(names) else None
        return number.get(token) if isinstance(token, str) else None

    return find


def _unknown(
    lines: Sequence[Line], find: Callable[[Any], int | None], size: int, vocab_line: str
) -> UserError:
    """The first line with a token that no vocabulary has is blamed; where most lines have one, the
    vocabulary is."""
    unknown = [
        (line.where, next(token for token in line.written if find(token) is None))
        for line in lines
        if None in map(find, line.written)
    ]
    where, token = unknown[0]
    what = f"token {shown(token)} is not in the vocabulary"
    remedy = f"use its {size} strings, integers 0..{size - 1}, or mend the vocab line"
    if len(unknown) > max(1, len(lines) / 2):
        what = f"{len(unknown):,} of {len(lines):,} lines have tokens that it lacks"
        what += f", the first is {shown(token)}"
        where, remedy = vocab_line, "mend the vocab line"
    return UserError(where, what, remedy)


def _kind(token: Any) -> Kind | None:
    if isinstance(token, str):
        return Kind.named
    return Kind.numbered if is_integer(token) else None


def _kind_of(line: Line) -> Kind | None:
    """How a line writes its tokens; None where not all alike."""
    first, *others = {_kind(token) for token in line.written}
    return None if others else first


def _check_numbers(line: Line) -> None:
    """Raise UserError for a number that no token of an unnamed vocabulary has."""
    for token in line.written:
        if token < 0:
            what = f"token {shown(token)} is negative"
            raise UserError(line.where, what, "number the tokens 0..V-1")
        if token >= MAX_VOCAB:
            remedy = "number the tokens 0..V-1 without gaps, or give a vocab line"
            what = f"token {shown(token)} asks for more than {MAX_VOCAB:,} tokens"
            raise UserError(line.where, what, remedy)


def is_integer(token: Any) -> TypeGuard[int]:
    return isinstance(token, int) and not isinstance(token, bool)


def shown(token: Any) -> str:
    try:
        return short(json.dumps(token, ensure_ascii=False))
    except RecursionError:
        return "of very many levels"
