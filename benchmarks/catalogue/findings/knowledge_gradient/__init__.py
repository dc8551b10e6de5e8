"""The findings about policies that look for the best arm."""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.knowledge_gradient.best_arm import EQUAL, FIGURE, PAIRED, RATES
from benchmarks.catalogue.findings.knowledge_gradient.fluid import FLUID
from benchmarks.catalogue.findings.knowledge_gradient.good_arms import EPS_GOOD, FEASIBLE, NEAR_TIE
from benchmarks.catalogue.findings.knowledge_gradient.plugins import EXAMPLE_2, PLUGIN

OPENING = """\
# Findings: knowledge gradient

Policies that spend a budget of pulls to find the best arm, the good arms or the feasible arms,
against {jobs} jobs ({minutes} on 2 cores). `python -m benchmarks.catalogue --study
knowledge_gradient` runs them and writes this page; each experiment also runs alone, by the command
under its title. What is modelled and claimed:
[knowledge_gradient.md](../knowledge_gradient.md).

*Expected* is theory, or a count of earlier runs with other rewards, written in the code before the
run: a probability of false selection agrees if Fisher's exact test does not tell both counts apart
at 1 %, a rate if it is within three times the largest standard error 2/sqrt(n Gamma* R), a rate of
the fluid within .001. Rates are in units of Gamma\\*, the best one. Pilot runs with this seed had
been seen when the verdicts expected here, and the rows on frozen arms, the oracle and the second
example, were written; false selections and rates are those of notes made before.
"""

FINDINGS: list[Finding] = [
    FIGURE,
    RATES,
    FLUID,
    PAIRED,
    EQUAL,
    EPS_GOOD,
    NEAR_TIE,
    FEASIBLE,
    PLUGIN,
    EXAMPLE_2,
]
