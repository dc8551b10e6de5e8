"""Findings about over-parameterised score matching, in the order of their page.

Numbers with a source are of the notes on arXiv 2511.22069 or of the theory; where neither speaks, a
row only shows what was measured.
"""

from __future__ import annotations

from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.average import AVERAGE, LEVELS, WEIGHTS
from benchmarks.catalogue.findings.score_matching.ball import BALL, SMALL
from benchmarks.catalogue.findings.score_matching.batches import BLINDNESS, SAMPLING
from benchmarks.catalogue.findings.score_matching.default import DEFAULT, PAPER
from benchmarks.catalogue.findings.score_matching.necessity import NECESSITY
from benchmarks.catalogue.findings.score_matching.phase import AMPLIFY, PHASE
from benchmarks.catalogue.findings.score_matching.random import DIMENSION, PRINTED, RANDOM
from benchmarks.catalogue.findings.score_matching.tail import TAIL

OPENING = """\
# Findings about score matching

The question is which of n students, a mixture of unit Gaussians, reach the one Gaussian that made
the data, and how fast the loss of the score falls (arXiv 2511.22069). This page holds the theorems,
and what lies around them, against {jobs} jobs. `python -m benchmarks.catalogue --study
score_matching` runs them all ({minutes} on 2 cores) and writes this page; each experiment also runs
alone, by the command under its title. What is modelled, and what each claim says, is in
[score_matching.md](../score_matching.md).

How to read it. Students start at the *distance* M from the truth; one *converged* if it ends within
.5. A *clump* is a start of spread sigma_0, which the way to the truth amplifies by K; c = sigma_0
K. s is the *path length*, step size times steps; r the distance of the nearest student that did not
converge. *Expected* comes from theory or from our notes, with a tolerance that was written before
the run: exact for counts and labels. *Measured* is the median over the runs with their range, and a
row agrees only if **every run** is inside the tolerance, or the one statistic that the row names.
"""

FINDINGS: list[Finding] = [
    DEFAULT,
    PAPER,
    PHASE,
    AMPLIFY,
    RANDOM,
    PRINTED,
    DIMENSION,
    NECESSITY,
    SMALL,
    BALL,
    TAIL,
    AVERAGE,
    LEVELS,
    BLINDNESS,
    SAMPLING,
    WEIGHTS,
]
