"""What must hold exactly: bounds, invariances, equal answers of both paths, and the time taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from time import process_time

import numpy as np

from benchmarks.calibration.design import CENTRE, HORIZONS
from benchmarks.calibration.families import FAMILIES, POWER_CLAIM, Cell, Family, draw
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.replicates import judge_rates

LARGE_UNITS = 500.0  # ln of a unit, 1e217
SIX = np.linspace(-0.3, 0.3, 6)[:, None]


def bounds(replicates: int) -> dict[str, int]:
    """The smallest constant that holds is never called broken; one 1e-7 smaller always is."""
    counts = {"judged": 0, "falsely_violated": 0, "missed": 0}
    for i, family in enumerate(f for f in FAMILIES if f.claim is POWER_CLAIM):
        rng = np.random.default_rng([21, i])
        t, log_y = draw(family, Cell(10_000, 5, 0.05, 0.9), replicates, rng)
        log_f = POWER_CLAIM.log_f(t)[0]
        for y in log_y:
            least = float((y - log_f)[:, t >= 2].max())
            held = judge(t, y, POWER_CLAIM, log_constant=least, t_min=2)
            broken = judge(t, y, POWER_CLAIM, log_constant=least - 1e-7, t_min=2)
            counts["judged"] += 1
            counts["falsely_violated"] += held.bound == "violated"
            counts["missed"] += broken.bound != "violated"
    return counts


def invariances(horizons: Sequence[int] = HORIZONS) -> dict[str, dict[str, int]]:
    """Verdicts that change with the units of y, the density of the grid, the base of the log in the
    law and of the logs recorded (converted back), or when judged among many; every family, without
    noise."""
    counts = {name: {"judged": 0, "changed": 0} for name in ("units", "density", "base", "paths")}
    for family in FAMILIES:
        if family.log_floor is not None:
            continue
        for horizon in horizons:
            t, y = _runs(family, horizon)
            plain = judge(t, y, family.claim)
            changed = {
                "units": judge(t, y + LARGE_UNITS, family.claim).rate != plain.rate,
                "density": judge(*_runs(family, horizon, 2), family.claim).rate != plain.rate,
                "base": _other_base(t, y, family) != judge(t, y, family.claim, t_min=2).rate,
                "paths": judge_rates(t, y[None], family.claim).status[0] != plain.rate,
            }
            for name, value in changed.items():
                counts[name]["judged"] += 1
                counts[name]["changed"] += bool(value)
    return counts


def _runs(family: Family, horizon: int, density: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Six runs without noise; a denser grid has the geometric middles too."""
    t = recorded_steps(horizon)[1:].astype(float)
    if density == 2:
        t = np.unique(np.concatenate([t, np.round(np.sqrt(t[1:] * t[:-1]))]))
    return t, SIX + family.curve(t, np.full((1, 1), 0.3))


def _other_base(t: np.ndarray, y: np.ndarray, family: Family) -> str:
    y = (y / math.log(10)) * math.log(10)
    if family.claim is not POWER_CLAIM:
        return judge(t, y, family.claim, t_min=2).rate
    with np.errstate(divide="ignore"):
        law = Law.envelope(np.log(np.log2(t)) - np.log(t))
    return judge(t, y, law, t_min=2).rate


def seconds_for_ten_thousand(runs: int = 5, horizon: int = CENTRE.horizon) -> dict[str, float]:
    """Processor seconds for 1e4 verdicts, one by one (of 300) and together (of all)."""
    t, log_y = draw(FAMILIES[0], Cell(horizon, runs, 0.05, 0.9), 10_000, np.random.default_rng(3))
    start = process_time()
    for y in log_y[:300]:
        judge(t, y, POWER_CLAIM)
    middle = process_time()
    for chunk in np.array_split(log_y, 80):
        judge_rates(t, chunk, POWER_CLAIM)
    end = process_time()
    return {"one_by_one": (middle - start) / 300 * 1e4, "together": end - middle}
