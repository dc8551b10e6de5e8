"""The design: one factor at a time about a centre, the horizon swept at five places (at the
noisiest of them every third), and the corners."""

from __future__ import annotations

from itertools import product

import numpy as np

from benchmarks.calibration.families import Cell

CENTRE = Cell(10_000, 20, 0.05, 0.9)
HORIZONS = tuple(int(h) for h in np.round(np.geomspace(1e3, 1e6, 31)))
SWEEPS = {  # runs, noise, correlation
    "S = 20, noise .05": (20, 0.05, 0.9),
    "S = 5, noise .05": (5, 0.05, 0.9),
    "S = 20, noise .2": (20, 0.2, 0.9),
    "S = 5, no noise": (5, 0.0, 0.0),
    "S = 1, noise .05": (1, 0.05, 0.9),
}
NOISES = ((0.0, 0.0), (0.05, 0.0), (0.05, 0.9), (0.2, 0.0), (0.2, 0.9))
RUNS = (1, 5, 20)


def cells() -> list[Cell]:
    """Every cell once."""
    sweeps = [
        Cell(h, *place)
        for place in SWEEPS.values()
        for h in HORIZONS[:: 3 if place[:2] == (20, 0.2) else 1]
    ]
    factors = [Cell(CENTRE.horizon, s, 0.05, 0.9) for s in RUNS]
    factors += [Cell(CENTRE.horizon, CENTRE.runs, *noise) for noise in NOISES]
    corners = [
        Cell(h, s, *noise) for h, s, noise in product((1_000, 1_000_000), (1, 20), NOISES[::2])
    ]
    corners += [Cell(h, s, 0.2, 0.0) for h, s in product((1_000, 1_000_000), (1, 20))]
    return list(dict.fromkeys([*sweeps, *factors, *corners]))
