"""The data that a page carries: as CSV, and as the JSON of the judgement."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ntp_dynamics.judging.pages.schema import to_json
from ntp_dynamics.judging.pages.thinned import thinned
from ntp_dynamics.record.plain import text

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

ROOM = 100_000
"""Values of curves that a page carries, so that it stays a file for a mail: about 3 MB."""
LEAST = 300
"""Places of a curve that it carries in any case."""


def shown_of(judged: Judged) -> Judged:
    """The judgement with as much of its curve as a page has room for.  The verdict stays."""
    curve = judged.curve
    most = max(ROOM // max(len(curve.runs), 1), LEAST)
    if curve.t.size <= most:
        return judged
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = thinned(curve.t, np.log(curve.y), most)
    note = f"{kept.size:,} of {curve.t.size:,} places are in this file; all were judged"
    notes = (*curve.notes, note)
    return replace(judged, curve=replace(curve, t=curve.t[kept], y=curve.y[:, kept], notes=notes))


def csv_of(judged: Judged) -> tuple[str, tuple[str, ...]]:
    """The curves, a row a place and a column a run; and what was left out, a clause each."""
    shown = shown_of(judged)
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(map(text, (shown.curve.clock, *shown.curve.runs)))
    for t, row in zip(shown.curve.t.tolist(), shown.curve.y.T.tolist(), strict=True):
        writer.writerow([int(t) if t.is_integer() else t, *row])
    return body.getvalue(), shown.curve.notes[len(judged.curve.notes) :]


def json_of(judged: Judged) -> str:
    """The JSON of the judgement as it may stand inside of a page: it holds no "<"."""
    written = json.dumps(to_json(shown_of(judged)), allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c")
