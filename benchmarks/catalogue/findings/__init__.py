"""The findings, in the order of the page."""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings import (
    assumptions,
    bounds,
    confused,
    dimensions,
    extension,
    horizon,
    joint,
    margin,
    optimizers,
    precision,
    regimes,
    small_vocabulary,
    starts,
    step_size,
    support,
    targets,
    trap,
    trap_regimes,
    unfit,
)

FINDINGS: list[Finding] = [
    starts.FIGURE_2,
    starts.ZERO_INIT,
    targets.PROPOSITION_2,
    regimes.REGIMES,
    horizon.LONG_HORIZON,
    bounds.BOUNDS,
    small_vocabulary.SMALL_VOCABULARY,
    extension.GENERALISATION,
    precision.FLOAT_FLOOR,
    margin.MARGIN,
    step_size.STEP_SIZE,
    optimizers.OPTIMIZERS,
    joint.TWO_STAGE_VS_JOINT,
    confused.CONFUSED_CHAIN,
    trap.TRAP,
    trap_regimes.TRAP_REGIMES,
    assumptions.ASSUMPTION_3,
    assumptions.NON_INJECTIVE,
    unfit.CYCLE,
    dimensions.LOW_DIMENSION,
    unfit.SUFFICIENT,
    support.SUPPORT_VECTORS,
]
