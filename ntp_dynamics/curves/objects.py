"""Tables written as JSON: an object a line, a list of objects, or an object of lists."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ntp_dynamics.curves.arrays import table_of
from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError, short

NO_TABLE = 'write one object a line: {"step": 1, "loss": 0.5}'
Row = dict[str, Any]


def read_json(text: str, source: str) -> Table:
    """A table of any of these forms.  Raises UserError."""
    text = text.strip()
    try:
        whole, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        told = short(str(error).partition(":")[0])
        raise UserError(source, f"it cannot be read as JSON ({told})", NO_TABLE) from error
    if end < len(text):
        return _of_lines(text.split("\n"), source)
    if isinstance(whole, dict):
        histories = [x for x in whole.values() if isinstance(x, list) and x and _is_row(x[0])]
        if len(histories) == 1:  # a state that holds its log, as trainers write it
            whole = histories[0]
        elif any(isinstance(x, list) for x in whole.values()):
            return _of_lists(whole, source)
        else:
            whole = [whole]
    if not isinstance(whole, list):
        raise UserError(source, f"it holds a {type(whole).__name__}, and no rows", NO_TABLE)
    return table_of_rows(_checked(whole, source), source)


def _is_row(x: Any) -> bool:
    return isinstance(x, dict)


def _checked(rows: list[Any], source: str) -> list[Row]:
    for number, row in enumerate(rows, 1):
        if not _is_row(row):
            raise UserError(source, f"row {number} is no object", NO_TABLE)
    return rows


def _of_lines(lines: list[str], source: str) -> Table:
    rows, notes = [], []
    lines = [line for line in lines if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                notes.append("the last line is cut short and left out")
                break
            raise UserError(source, f"line {number} is no JSON object", NO_TABLE) from error
    return table_of_rows(_checked(rows, source), source, tuple(notes))


def _of_lists(whole: Row, source: str) -> Table:
    arrays = {}
    for name, value in whole.items():
        if isinstance(value, list):
            try:
                arrays[name] = np.array(
                    [
                        [np.nan if x is None else x for x in row] if isinstance(row, list) else row
                        for row in value
                    ]
                )
            except ValueError as error:
                raise UserError(
                    source, f"the lists of {name} differ in length", NO_TABLE
                ) from error
    return table_of(arrays, source)


def table_of_rows(rows: list[Row], source: str, notes: tuple[str, ...] = ()) -> Table:
    """Columns of rows that need not have the same keys; what is inside a key is ``outer/inner``."""
    if not rows:
        raise UserError(source, "it holds no rows", NO_TABLE)
    if any(isinstance(x, dict) for row in rows[:50] for x in row.values()):
        rows = [_flat(row) for row in rows]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: Column([row.get(name) for row in rows]) for name in names}
    return Table(source, columns, notes)


def _flat(row: Row, above: str = "") -> Row:
    found: Row = {}
    for name, value in row.items():
        found |= _flat(value, f"{above}{name}/") if _is_row(value) else {f"{above}{name}": value}
    return found
