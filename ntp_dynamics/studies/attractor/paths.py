"""Speed inputs v(t) at every half step of a run: sinusoid, smooth random walk, or a file's."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.config import Path as PathConfig
from ntp_dynamics.studies.attractor.config import PathKind
from ntp_dynamics.studies.attractor.noise import Purpose, stream
from ntp_dynamics.system.errors import UserError

WAVES = 12
"""Sines that a random walk is made of."""


STORED = "path.csv"
"""What a path that was read is called in the record."""


@dataclass(frozen=True)
class Trace:
    """A speed input as a file tells it."""

    text: str
    t: Float[np.ndarray, " T"]
    v: Float[np.ndarray, " T"]

    def at(self, times: Float[np.ndarray, " h"]) -> Float[np.ndarray, " h"]:
        """v between its samples, and as at its ends beyond them."""
        return np.interp(times, self.t, self.v)


def speed_input(
    path: PathConfig, g_v: float, times: Float[np.ndarray, " T"], seed: int, run: int
) -> Float[np.ndarray, " T"]:
    """v of a run at these times, of a path that is drawn.

    A walk is a sum of sines of periods ``period`` to 8 ``period`` with random amplitudes, scaled
    to its largest |v|: as smooth as its fastest wave, and from v = 0 as a sinusoid is.
    """
    random = stream(seed, run, Purpose.path)
    top = path.amplitude * g_v * random.uniform(0.5, 1.0)
    if path.kind is PathKind.sinusoid:
        return top * np.sin(2 * math.pi * times / path.period)
    periods = path.period * 8 ** random.uniform(0, 1, WAVES)
    waves = np.sin(2 * math.pi * times[:, None] / periods)
    walk = (waves * random.standard_normal(WAVES)).sum(axis=1)
    return top * walk / np.abs(walk).max()


def read(file: str | Path) -> Trace:
    """Columns t (in tau, increasing) and v of a csv file.  Raises UserError."""
    try:
        with open(file, encoding="utf-8", newline="") as lines:
            text = lines.read()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or "is no csv file"
        raise UserError("path", f"{file}: {why}", "name a csv with columns t and v") from None
    for name in ("t", "v"):
        if not rows or name not in rows[0]:
            raise UserError("path", f"column {name} missing in {file}", "add columns t and v")
    try:
        t, v = (np.array([float(row[name]) for row in rows]) for name in ("t", "v"))
    except (TypeError, ValueError):
        raise UserError("path", f"{file} holds what is no number", "mend t and v") from None
    if not (np.isfinite(t).all() and np.isfinite(v).all() and (np.diff(t) > 0).all()):
        raise UserError("path", f"times of {file} do not increase, or are not finite", "sort them")
    return Trace(text, t, v)
