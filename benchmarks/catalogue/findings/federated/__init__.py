"""The findings about federated zeroth-order optimisation."""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.federated.budget import BASELINES, QUERY_BUDGET
from benchmarks.catalogue.findings.federated.lags import STABILITY, STALENESS
from benchmarks.catalogue.findings.federated.noise import HEAVY_TAILS, ROUNDING, SMOOTHING
from benchmarks.catalogue.findings.federated.variance import (
    HETEROGENEITY,
    KAPPA,
    LIMIT,
    PARTICIPATION,
)

OPENING = """\
# Findings: federated zeroth-order optimisation

Clients that descend by differences of their losses, and a server that averages them, against {jobs}
jobs ({minutes} on 2 cores). `python -m benchmarks.catalogue --study federated` runs them and writes
this page; each experiment also runs alone, by the command under its title. What is modelled and
claimed stands in [federated.md](../federated.md).

*Expected* is theory, or a number of our notes on other data, written in the code before the run: a
verdict to the letter; a mean over runs within about four of its standard errors, said as a share; a
ratio of our notes within 10 %, since data of another draw move it only a little.
"""

FINDINGS: list[Finding] = [
    KAPPA,
    LIMIT,
    PARTICIPATION,
    HETEROGENEITY,
    STALENESS,
    HEAVY_TAILS,
    SMOOTHING,
    ROUNDING,
    QUERY_BUDGET,
    STABILITY,
    BASELINES,
]
