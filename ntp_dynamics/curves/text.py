"""Tables written as text: cells between commas, semicolons, tabs or spaces."""

from __future__ import annotations

import csv

from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError, short

Rows = list[list[str]]
NO_TABLE = "write one row a step: step,loss"


def read_text(text: str, source: str) -> Table:
    """A table with or without a line of names.  Raises UserError."""
    comments, lines = _parted(text)
    if not lines:
        raise UserError(source, "it holds no rows", NO_TABLE)
    rows = _rows(lines, source)
    names = _names(rows[0], comments)
    if names is rows[0]:
        del rows[0]
        names = [name.strip() or "index" for name in names]
    notes = []
    again = [row for row in rows if [cell.strip() for cell in row] == names]
    if again:
        rows = [row for row in rows if [cell.strip() for cell in row] != names]
        notes.append(f"the line of names stands {len(again) + 1} times: the file was appended to")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(source, f"two columns are called '{short(twice)}'", "rename one of them")
    if rows and len(rows[-1]) < len(names):
        del rows[-1]
        notes.append("the last row is cut short and left out")
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            what = f"row {number} has {len(row)} cells, and {len(names)} columns have names"
            raise UserError(source, what, "mend the row")
    if not rows:
        raise UserError(source, "it holds no rows", NO_TABLE)
    columns = {
        name: Column(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    return Table(source, columns, tuple(notes))


def _parted(text: str) -> tuple[list[str], list[str]]:
    """Comments before the first row, and the lines that are none."""
    comments: list[str] = []
    lines: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            if not lines:
                comments.append(line.lstrip().lstrip("#").strip())
        elif line.strip():
            lines.append(line)
    return comments, lines


def _rows(lines: list[str], source: str) -> Rows:
    mark = next((mark for mark in "\t,;" if mark in lines[0]), None)
    if mark is None:
        return [line.split() for line in lines]
    try:
        return list(csv.reader(lines, delimiter=mark, strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise UserError(source, f"it is no table ({error})", NO_TABLE) from error


def _names(first: list[str], comments: list[str]) -> list[str]:
    """Those of the first row, if it is one of names; else of the comment above it, if it fits;
    else c1, c2, ..."""
    if not all(_is_number(cell) for cell in first):
        return first
    if comments:
        for told in (comments[-1].replace(",", " ").split(), comments[-1].split(",")):
            if len(told) == len(first) and not any(map(_is_number, told)):
                return [name.strip() for name in told]
    return [f"c{i}" for i in range(1, len(first) + 1)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return not cell.strip()
    return True
