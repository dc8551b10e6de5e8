"""A small made-up record: phases on clocks of their own, quantities over axes of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import xarray

from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record.record import Record
from ntp_dynamics.record.written import Written, write_down
from ntp_dynamics.study import Outline
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law

TIME = np.arange(0, 401, 4) * 0.05
CHECKPOINTS = TIME[::10]
MODES = np.array([4.0, 1.0, 2.0, 3.0, 5.0, 6.0])
RATE = -0.3
STUDY = SimpleNamespace(
    name="made",
    stages=("motion", "modes"),
    clocks={"position": "position"},
    returns=("motion", "amplitude"),
    views=[],
    outline=lambda config: [
        Outline("motion", 400, clock="time", unit=0.05, label="free motion"),
        Outline("modes", 9, clock="round"),
    ],
    facts=lambda config, inputs: ["12 neurons"],
)


class MadeRecord(Record):
    """A record of a study that is not installed."""

    @property
    def study(self) -> Any:
        return STUDY


def said(name: str, **more: Any) -> dict[str, Any]:
    return {"units": "1", "long_name": name, "source": "made", "scale": "log-log", **more}


def tree() -> xarray.DataTree:
    """Two runs."""
    runs = np.array([1.0, 1.1])[:, None]
    angle = 2 * np.pi * np.arange(12) / 12
    bump = np.cos(angle - CHECKPOINTS[:, None]) * np.exp(RATE * CHECKPOINTS)[:, None]
    planes = np.stack([bump, -bump], -1)
    motion = xarray.Dataset(
        {
            "amplitude": (("run", "time"), runs * np.exp(RATE * TIME), said("amplitude")),
            "position": (("run", "time"), runs * TIME - 5, said("position", units="degree")),
            "potential": (("run", "checkpoint", "neuron"), np.stack([bump] * 2), said("u")),
            "planes": (
                ("run", "checkpoint", "neuron", "side"),
                np.stack([planes] * 2),
                said("two sides", image=1),
            ),
        },
        coords={"time": TIME, "checkpoint": CHECKPOINTS, "neuron": np.rad2deg(angle)},
    )
    spectrum = np.stack([np.stack([2 / MODES, 3 / MODES**2])] * 2)
    modes = xarray.Dataset(
        {
            "eigenvalue": (("run", "checkpoint", "mode"), spectrum, said("eigenvalue")),
            "tuning": (("run", "checkpoint", "case"), spectrum + 1, said("tuning")),
        },
        coords={"checkpoint": [0, 9], "round": [0, 9], "mode": MODES},
    )
    return xarray.DataTree.from_dict({"motion": motion, "modes": modes})


def laws() -> list[Written]:
    """A decay in time, and the eigenvalue against the mode number."""

    def claim(name: str, phase: str, observable: str, clock: str, law: Law) -> Claim:
        return Claim(name, name, "made", "text", phase, observable, law, clock=clock)

    decay = claim("decay", "motion", "amplitude", "time", Law.exponential(-RATE))
    falls = claim("falls", "modes", "eigenvalue", "mode", Law.equals(lambda t: np.log(3 / t**2)))
    grids = (TIME[TIME > 0], np.sort(MODES))
    return [write_down(c, None, t, 2) for c, t in zip((decay, falls), grids, strict=True)]


def record(path: Path) -> Record:
    (path / "status.json").write_text("{}")
    config = SimpleNamespace(study="made", runs=2, seed=0, name="made")
    return MadeRecord(path, config, {}, tree(), [])


def job(path: Path) -> Job:
    return Job("0" * 12, path, ".", "made", "done", "", 1.0, {}, {}, {}, {})
