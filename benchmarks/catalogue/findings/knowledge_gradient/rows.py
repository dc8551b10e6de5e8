"""Rows and pictures that several findings share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    near,
    share,
)
from benchmarks.catalogue.finding import Row
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.knowledge_gradient.panels import sheets

ONE, SLIP, HETERO, THREE = (
    f"instance={name}" for name in ("one_to_ten", "slippage", "hetero", "three")
)


INSTANCES = {ONE: "1..10", SLIP: "slippage", HETERO: "hetero", THREE: "three"}


EARLIER = 1500
"""Runs of which our notes have the false selections."""


def recorded(record: Watched, phase: str) -> Any:
    return record.stage(phase)


def wrong_at(record: Watched, phase: str, pulls: int) -> int:
    """Runs that are wrong at the recorded pull that is nearest."""
    data = recorded(record, phase)
    at = int(np.abs(data["pull"].values - pulls).argmin())
    return int(data["false_selection"].values[:, at].sum())


def rates_of(record: Watched, phase: str) -> Float[np.ndarray, " R"]:
    """Over the last octave."""
    return recorded(record, phase)["rate"].values[:, -1, -1]


def wrong(key: str, phase: str, pulls: int, pfs: float, among: int = 1000, why: str = "") -> Row:
    """False selections against those of other rewards."""
    named = f"{INSTANCES[key]}, " if key in INSTANCES else ""
    return Row(
        f"{named}{phase}: runs wrong at {pulls} pulls, of {among:,}",
        share(round(pfs * EARLIER), EARLIER, among),
        lambda r: np.array([wrong_at(r[key], phase, pulls)]),
        why,
    )


def rate(key: str, phase: str, ratio: float, within: float, why: str = "") -> Row:
    """The mean rate of simulated runs, or that of the fluid."""
    named = f"{INSTANCES[key]}, " if key in INSTANCES else ""
    mean = "rate" if phase.startswith("fluid") else "mean rate"
    return Row(
        f"{named}{phase}: {mean}",
        near(ratio, within=within),
        lambda r: np.array([rates_of(r[key], phase).mean()]),
        why,
    )


def picture(key: str) -> Callable[[Records], Sequence[Any]]:
    """The panels of a job."""

    def drawn(records: Records) -> Sequence[Any]:
        (sheet,) = sheets(records[key].trajectory, "")
        return sheet.drawings()

    return drawn
