"""The findings, in the order of the page."""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings import (
    extension,
    geometry,
    orders,
    precision,
    rates,
    starts,
    targets,
    training,
)

FINDINGS: list[Finding] = [
    starts.FIGURE_2,
    starts.ZERO_INIT,
    targets.PROPOSITION_2,
    rates.REGIMES,
    rates.LONG_HORIZON,
    rates.BOUNDS,
    extension.GENERALISATION,
    precision.FLOAT_FLOOR,
    training.MARGIN,
    training.STEP_SIZE,
    training.OPTIMIZERS,
    training.TWO_STAGE_VS_JOINT,
    orders.CONFUSED_CHAIN,
    orders.TRAP,
    orders.ASSUMPTION_3,
    orders.NON_INJECTIVE,
    orders.CYCLE,
    geometry.LOW_DIMENSION,
    orders.SUFFICIENT,
    geometry.SUPPORT_VECTORS,
]
