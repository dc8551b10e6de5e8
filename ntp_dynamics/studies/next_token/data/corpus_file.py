"""Reading a corpus file: what its lines may say, and which line to blame where they may not.

The format is that of `data.corpus`.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ntp_dynamics.studies.next_token.data.written import (
    MAX_VOCAB,
    Header,
    Samples,
    Written,
    alike,
    by_vocab,
    is_integer,
    shown,
)
from ntp_dynamics.system.errors import UserError, short

LABELS = 2
"""So many there are where labels are no tokens: votes for and against."""
MARK = "\ufeff"
"""The byte order mark that some editors put before a file."""


class _Twice(Exception):
    """A key that stands twice in one JSON object."""


def read_samples(path: Path) -> Samples:
    """The samples of a JSON Lines file.  Raises UserError naming the file and line."""
    header: Header | None = None
    written = Written(path)
    for number, line in enumerate(_text(path).split("\n"), start=1):
        line = line.removeprefix(MARK)  # within a file where several were joined
        if not line or line.isspace():
            continue
        record = _parse(path, number, line)
        if "vocab" in record:
            where = f"{path}:{number}"
            if written.tokens or header is not None:
                raise UserError(where, "the vocabulary is not the first line", "move it to the top")
            header = _header(where, record)
        else:
            written.add(number, record)
    if not written.tokens:
        raise UserError(str(path), "it holds no samples", "give at least one sentence")
    return alike(written) if header is None else by_vocab(written, header)


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


def _parse(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = DECODER.decode(line)
        if "\\u" in line:  # an escape can say half a character, which nothing can print or store
            json.dumps(record, ensure_ascii=False).encode()
    except (_Twice, ValueError, RecursionError) as error:
        raise _no_json(f"{path}:{number}", error) from error
    if not isinstance(record, dict):
        what, remedy = "the line is not a JSON object", 'write {"tokens": ..., "next": ...}'
        raise UserError(f"{path}:{number}", what, remedy)
    return record


def _no_json(where: str, error: Exception) -> UserError:
    """Why a line cannot be read."""
    remedy = "write one JSON object a line"
    if isinstance(error, _Twice):
        return UserError(where, f"key {short(repr(error.args[0]))} stands twice", "remove one")
    if isinstance(error, UnicodeEncodeError):
        return UserError(where, "it holds half of a surrogate pair", "mend the \\u escape")
    if isinstance(error, json.JSONDecodeError):
        return UserError(where, f"the line is not JSON from column {error.colno:,} on", remedy)
    if isinstance(error, RecursionError):
        return UserError(where, "the line is not JSON of few levels", remedy)
    # Python's limit on the digits of an integer
    return UserError(where, "a number has thousands of digits", "mend the line")


def _constant(name: str) -> float:
    return float(name.replace("Infinity", "inf"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise _Twice(twice)
    return record


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _header(where: str, record: dict[str, Any]) -> Header:
    vocab = record["vocab"]
    unused, labels = record.pop("unused", None), record.pop("labels", None)
    if not (_strings(vocab) and vocab) or len(record) > 1:
        raise UserError(where, "the vocabulary is not a list of strings", 'write {"vocab": ["a"]}')
    if len(set(vocab)) < len(vocab):
        ((double, _),) = Counter(vocab).most_common(1)
        what = f"token {short(repr(double))} stands twice in the vocabulary"
        raise UserError(where, what, "remove one")
    if unused is not None and not (is_integer(unused) and 2 <= unused <= MAX_VOCAB):
        what = f"'unused' is {shown(unused)}"
        raise UserError(where, what, "say for how many tokens, 2 or more, the last one stands")
    if labels is None:
        return Header(where, tuple(vocab), unused or 0)
    if not (_strings(labels) and len(labels) == len(set(labels)) == LABELS):
        what = f"'labels' is {shown(labels)}"
        raise UserError(where, what, 'name two different labels: "labels": ["+", "-"]')
    if unused is not None:
        what = "with labels of its own no token is unused: each can only be read"
        raise UserError(where, what, "leave out 'unused'")
    return Header(where, tuple(vocab), labels=tuple(labels))


def _strings(names: Any) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)
