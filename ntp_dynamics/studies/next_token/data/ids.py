"""Tokens that are numbers already: a matrix of ids, a sentence a row, -1 where there is none.

``.npy`` and ``.npz`` hold one array of integers, of one axis (one sentence) or two; any other file
is text with a sentence a line.  All may be packed by gzip.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.rows import Rows, starts
from ntp_dynamics.studies.next_token.data.source import content_of, told
from ntp_dynamics.studies.next_token.data.tokens import Tokens
from ntp_dynamics.studies.next_token.data.written import MAX_VOCAB
from ntp_dynamics.system.errors import UserError, short

NPY, NPZ = b"\x93NUMPY", b"PK"
REMEDY = "number the tokens from 0 on, and fill rows up with -1"


def read_ids(source: Path) -> Rows:
    """The ids of a file.  Raises UserError for what is no matrix of them."""
    where, content = told(source), content_of(source)
    if content.startswith((NPY, NPZ)):
        return rows_of(_array(where, content), where)
    lines = content.split(b"\n")
    try:
        rows = [np.array(line.split(), dtype=np.int64) for line in lines]
    except (ValueError, OverflowError):
        raise _no_number(where, lines) from None
    flat = np.concatenate(rows)
    return _checked(where, flat, starts(np.fromiter(map(len, rows), np.int64, len(rows))))


def rows_of(array: np.ndarray, where: str) -> Rows:
    """The ids of an array of one axis or two; rows end before the -1 that fill them up."""
    if array.dtype.kind not in "iu":
        what = f"its entries are {array.dtype}, not integers"
        raise UserError(where, what, REMEDY)
    if array.ndim not in (1, 2) or not array.size:
        raise UserError(where, f"its shape is {array.shape}", "give a sentence a row")
    matrix = np.atleast_2d(array)
    start = np.arange(len(matrix) + 1, dtype=np.int64) * matrix.shape[1]
    return _checked(where, matrix.reshape(-1), start)


def _checked(where: str, flat: Int[np.ndarray, " T"], start: Int[np.ndarray, " N+1"]) -> Rows:
    """Without the -1 that fill rows up, and without rows of nothing else."""
    wrong = (flat < -1) | (flat >= MAX_VOCAB)
    if wrong.any():
        what = f"id {short(str(flat[wrong.argmax()]))} is not one of 0..{MAX_VOCAB - 1:,}"
        raise UserError(where, what, REMEDY)
    real = np.flatnonzero(flat >= 0)
    if not len(real):
        raise UserError(where, "it holds no ids", "give at least one sentence")
    last = np.searchsorted(real, start[1:])  # so many real ones before the row ends
    end = np.where(last > 0, real[last - 1] + 1, 0)
    rows = Rows(flat.astype(np.int32), start)
    lengths = np.maximum(end - start[:-1], 0)
    kept = rows.place() < lengths[rows.owner()]
    return Rows(rows.flat[kept], starts(lengths[lengths > 0]))


def numbered(rows: Rows, vocabulary: int | None) -> Tokens:
    """The most frequent ids, named by their numbers; all of them keep their numbers."""
    count = np.bincount(rows.flat[rows.flat >= 0])
    used = np.flatnonzero(count)
    if vocabulary is None or vocabulary >= len(count):
        return Tokens(rows, tuple(map(str, range(len(count)))), len(used))
    chosen = used[np.argsort(-count[used], kind="stable")][:vocabulary]
    number = np.full(len(count) + 1, -1, dtype=np.int32)  # the last one is that of -1
    number[chosen] = np.arange(len(chosen))
    return Tokens(Rows(number[rows.flat], rows.start), tuple(map(str, chosen.tolist())), len(used))


def _array(where: str, content: bytes) -> np.ndarray:
    """The one array that numpy wrote."""
    try:
        loaded: Any = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        names = list(loaded)
        if len(names) == 1:
            return loaded[names[0]]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        what = "numpy cannot read it as an array of numbers"
        raise UserError(where, what, "save it by numpy.save") from error
    what = f"it holds {len(names)} arrays"
    raise UserError(where, what, "save the ids alone, by numpy.savez(file, ids=...)")


def _no_number(where: str, lines: list[bytes]) -> UserError:
    """The first line with something that is no integer is blamed."""
    for number, line in enumerate(lines, start=1):
        for word in line.split():
            try:
                np.array([word], dtype=np.int64)
            except (ValueError, OverflowError):
                shown = short(word.decode(errors="backslashreplace"))
                return UserError(f"{where}:{number}", f"{shown} is no id", REMEDY)
    raise AssertionError("every word is a number")
