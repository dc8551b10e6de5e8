"""The data that a page carries: as CSV, and as the JSON of the judgement."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ntp_dynamics.judging.pages.schema import curve_json, to_json
from ntp_dynamics.judging.pages.thinned import thinned
from ntp_dynamics.record.plain import text

if TYPE_CHECKING:
    from ntp_dynamics.curves.curve import Curve
    from ntp_dynamics.judging.judged import Judged

ROOM = 100_000
"""Values of curves that a page carries, so that it stays a file for a mail: about 3 MB."""
LEAST = 300
"""Places of a curve that it carries in any case."""


def shown(curve: Curve) -> Curve:
    """As much of a curve as a page has room for; a note says what is left out."""
    most = max(ROOM // max(len(curve.runs), 1), LEAST)
    if curve.t.size <= most:
        return curve
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = thinned(curve.t, np.log(curve.y), most)
    note = f"{kept.size:,} of {curve.t.size:,} places are in this file; all were judged"
    notes = (*curve.notes, note)
    bounds = {name: values[:, kept] for name, values in curve.bounds.items()}
    return replace(curve, t=curve.t[kept], y=curve.y[:, kept], notes=notes, bounds=bounds)


def csv_of(curve: Curve) -> str:
    """A row a place and a column a run."""
    body = io.StringIO()
    writer = csv.writer(body, lineterminator="\n")
    writer.writerow(map(text, (curve.clock, *curve.runs)))
    for t, row in zip(curve.t.tolist(), curve.y.T.tolist(), strict=True):
        writer.writerow([int(t) if t.is_integer() else t, *row])
    return body.getvalue()


def json_of(judged: Judged, curve: Curve) -> str:
    """The JSON of a judgement with this curve as it may stand inside of a page: without "<"."""
    record = {**to_json(judged, data=False), "curve": curve_json(curve)}
    written = json.dumps(record, allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c")
