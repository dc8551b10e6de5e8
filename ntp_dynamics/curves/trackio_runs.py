"""Runs in a trackio project: its sqlite file, read without changing it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ntp_dynamics.curves.objects import table_of_rows
from ntp_dynamics.curves.table import Table
from ntp_dynamics.system.errors import UserError

QUERY = "SELECT run_name, step, metrics FROM metrics ORDER BY id"


def read_trackio(path: Path) -> list[Table]:
    """A table a run.  Raises UserError."""
    rows: dict[str, list[dict]] = {}
    try:
        for run, step, metrics in _rows(path):
            rows.setdefault(str(run), []).append({"step": step, **metrics})
    except (sqlite3.Error, ValueError, TypeError) as error:
        what = "it is no database of trackio, or it is damaged"
        raise UserError(path.name, what, "give PROJECT.db of its folder") from error
    if not rows:
        raise UserError(path.name, "no run of it has logged anything", "log a run first")
    return [table_of_rows(found, run) for run, found in rows.items()]


def _rows(path: Path) -> Iterator[tuple[str, int, dict]]:
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        for run, step, metrics in connection.execute(QUERY):
            yield run, step, json.loads(metrics)
