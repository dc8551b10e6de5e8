"""Reading a corpus file: what its lines may say, and which line to blame where they may not.

The format is that of `data.corpus`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from ntp_dynamics.system.errors import UserError, short

MAX_VOCAB = 1_000_000
MAX_TOKENS = 4096
SAMPLE_KEYS = {"tokens", "next", "weight"}
MARK = "\ufeff"
"""The byte order mark that some editors put before a file."""

Samples = list[tuple[list[int], int, float]]


class Kind(StrEnum):
    """How a token is written."""

    named = "name"
    numbered = "number"


class Line(NamedTuple):
    """A sample, and where it stands."""

    where: str
    tokens: list[Any]
    next_token: Any
    weight: float

    @property
    def written(self) -> list[Any]:
        return [*self.tokens, self.next_token]


class _Twice(Exception):
    """A key that stands twice in one JSON object."""


def read_samples(path: Path) -> tuple[Samples, tuple[str, ...], int]:
    """The samples of a JSON Lines file (tokens, next, weight), its vocabulary, and for how many
    unused tokens the last one stands.  Raises UserError naming the file and line."""
    vocab: tuple[str, ...] | None = None
    vocab_line, unused = "", 0
    lines: list[Line] = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        line = line.removeprefix(MARK)  # within a file where several were joined
        if not line.strip():
            continue
        where = f"{path}:{number}"
        record = _parse(where, line)
        if "vocab" in record:
            if lines or vocab is not None:
                raise UserError(where, "the vocabulary is not the first line", "move it to the top")
            vocab, unused, vocab_line = *_vocab(where, record), where
        else:
            lines.append(_sample(where, record))
    if not lines:
        raise UserError(str(path), "it holds no samples", "give at least one sentence")
    if vocab is None:
        return (*_alike(lines), 0)
    return _by_vocab(lines, vocab, vocab_line), vocab, unused


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # the latter: a zero in the name
        reason = (getattr(error, "strerror", None) or "it cannot be read").lower()
        raise UserError(str(path), reason, "give a readable corpus file") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, byte = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        what = f"byte {byte} of the line is not UTF-8 text"
        remedy = "give a JSON Lines file in UTF-8"
        raise UserError(f"{path}:{line}", what, remedy) from error


def _parse(where: str, line: str) -> dict[str, Any]:
    remedy = "write one JSON object a line"
    try:
        record = json.loads(line, parse_constant=_constant, object_pairs_hook=_object)
        if "\\u" in line:  # an escape can say half a character, which nothing can print or store
            json.dumps(record, ensure_ascii=False).encode()
    except _Twice as error:
        what = f"key {short(repr(error.args[0]))} stands twice"
        raise UserError(where, what, "remove one") from None
    except UnicodeEncodeError as error:
        what = "it holds half of a surrogate pair"
        raise UserError(where, what, "mend the \\u escape") from error
    except json.JSONDecodeError as error:
        what = f"the line is not JSON from column {error.colno:,} on"
        raise UserError(where, what, remedy) from error
    except RecursionError as error:
        raise UserError(where, "the line is not JSON of few levels", remedy) from error
    except ValueError as error:  # Python's limit on the digits of an integer
        raise UserError(where, "a number has thousands of digits", "mend the line") from error
    if not isinstance(record, dict):
        raise UserError(
            where, "the line is not a JSON object", 'write {"tokens": ..., "next": ...}'
        )
    return record


def _constant(name: str) -> float:
    return float(name.replace("Infinity", "inf"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _Twice(twice)
    return record


def _vocab(where: str, record: dict[str, Any]) -> tuple[tuple[str, ...], int]:
    """The names, and for how many unused tokens the last one stands (0: for itself)."""
    vocab = record["vocab"]
    unused = record.pop("unused", None)
    strings = isinstance(vocab, list) and vocab and all(isinstance(v, str) for v in vocab)
    if not strings or len(record) > 1:
        raise UserError(where, "the vocabulary is not a list of strings", 'write {"vocab": ["a"]}')
    if len(set(vocab)) < len(vocab):
        ((double, _),) = Counter(vocab).most_common(1)
        what = f"token {short(repr(double))} stands twice in the vocabulary"
        raise UserError(where, what, "remove one")
    if unused is not None and not (_is_integer(unused) and 2 <= unused <= MAX_VOCAB):
        what = f"'unused' is {_shown(unused)}"
        raise UserError(where, what, "say for how many tokens, 2 or more, the last one stands")
    return tuple(vocab), unused or 0


def _sample(where: str, record: dict[str, Any]) -> Line:
    remedy = "a sample has tokens, next, weight"
    if unknown := sorted(set(record) - SAMPLE_KEYS):
        raise UserError(where, f"unknown key {short(repr(unknown[0]))}", remedy)
    for key in ("tokens", "next"):
        if key not in record:
            raise UserError(where, f"{key!r} is missing", remedy)
    tokens, weight = record["tokens"], record.get("weight", 1.0)
    if not isinstance(tokens, list):
        raise UserError(where, "'tokens' is not a list", "write the sentence as a list of tokens")
    check_sample(where, tuple(tokens), weight)
    return Line(where, tokens, record["next"], float(weight))


def check_sample(where: str, tokens: tuple[Any, ...], weight: Any) -> None:
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


def _alike(lines: Sequence[Line]) -> tuple[Samples, tuple[str, ...]]:
    """The samples of a file without a vocabulary, and the vocabulary that they have.

    Most lines decide whether tokens are names or numbers; the first that is otherwise is blamed.
    """
    votes = Counter(kind for line in lines if (kind := _kind_of(line)))
    prevailing = votes.most_common(1)[0][0] if votes else Kind.named
    for line in lines:
        for token in line.written:
            if _kind(token) is not prevailing:
                where = ", as in most lines" * (len(lines) > 2)
                what = f"token {_shown(token)} is not a {prevailing}{where}"
                raise UserError(line.where, what, "write all tokens alike, or give a vocab line")
    written = [token for line in lines for token in line.written]
    if prevailing is Kind.named:
        vocab = tuple(dict.fromkeys(written))
        number = {name: i for i, name in enumerate(vocab)}
        return [_numbered(line, number.__getitem__) for line in lines], vocab
    for line in lines:
        _check_numbers(line)
    vocab = tuple(str(v) for v in range(1 + max(written)))
    return [_numbered(line, int) for line in lines], vocab


def _by_vocab(lines: Sequence[Line], vocab: tuple[str, ...], vocab_line: str) -> Samples:
    """The samples of a file with a vocabulary, tokens by name or number.

    The first line with another token is blamed; where most lines have one, the vocabulary is.
    """
    number: dict[Any, int] = {name: i for i, name in enumerate(vocab)}

    def find(token: Any) -> int | None:
        if _is_integer(token):
            return token if 0 <= token < len(vocab) else None
        return number.get(token) if isinstance(token, str) else None

    unknown = [
        (line.where, next(token for token in line.written if find(token) is None))
        for line in lines
        if None in map(find, line.written)
    ]
    if unknown:
        where, token = unknown[0]
        what, size = f"token {_shown(token)} is not in the vocabulary", len(vocab)
        remedy = f"use its {size} strings, integers 0..{size - 1}, or mend the vocab line"
        if len(unknown) > max(1, len(lines) / 2):
            what = f"{len(unknown):,} of {len(lines):,} lines have tokens that it lacks"
            what += f", the first is {_shown(token)}"
            where, remedy = vocab_line, "mend the vocab line"
        raise UserError(where, what, remedy)
    return [_numbered(line, lambda token: find(token) or 0) for line in lines]


def _numbered(line: Line, number: Callable[[Any], int]) -> tuple[list[int], int, float]:
    return [number(token) for token in line.tokens], number(line.next_token), line.weight


def _kind(token: Any) -> Kind | None:
    if isinstance(token, str):
        return Kind.named
    return Kind.numbered if _is_integer(token) else None


def _kind_of(line: Line) -> Kind | None:
    """How a line writes its tokens; None where not all alike."""
    first, *others = {_kind(token) for token in line.written}
    return None if others else first


def _check_numbers(line: Line) -> None:
    """Raise UserError for a number that no token of an unnamed vocabulary has."""
    for token in line.written:
        if token < 0:
            what = f"token {_shown(token)} is negative"
            raise UserError(line.where, what, "number the tokens 0..V-1")
        if token >= MAX_VOCAB:
            remedy = "number the tokens 0..V-1 without gaps, or give a vocab line"
            what = f"token {_shown(token)} asks for more than {MAX_VOCAB:,} tokens"
            raise UserError(line.where, what, remedy)


def _is_integer(token: Any) -> TypeGuard[int]:
    return isinstance(token, int) and not isinstance(token, bool)


def _shown(token: Any) -> str:
    try:
        return short(json.dumps(token, ensure_ascii=False))
    except RecursionError:
        return "of very many levels"
