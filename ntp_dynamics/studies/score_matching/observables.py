"""What a job measures: functions of a phase's state, (R, ...) each."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.observe.observable import Measure, Observable, Scale
from ntp_dynamics.record.over_runs import OverRuns
from ntp_dynamics.studies.score_matching.config import PhaseName
from ntp_dynamics.studies.score_matching.dynamics.state import NEAR
from ntp_dynamics.studies.score_matching.measure import (
    agreement,
    all_converged,
    compensated_ball,
    compensated_far,
    effective_rank,
    level_share,
    log_amplification,
    named,
    often,
    path_length,
    running_exponent,
    survivor,
    survivor_rank,
)

DESCENTS = (PhaseName.descent, PhaseName.averaged)
MOVED = (*DESCENTS, PhaseName.flow)
MODEL = "arXiv 2511.22069"
DERIVED = "derived"


def described(
    name: str,
    phases: tuple[str, ...],
    long_name: str,
    measure: Measure,
    units: str = "1",
    source: str = DERIVED,
    scale: Scale = Scale.linear,
    **more: Any,
) -> Observable:
    """An observable of this study."""
    return Observable(name, phases, measure, units, long_name, source, scale=scale, **more)


SADDLES = (
    ("position", "s of the stationary point (s, -s, 0, ...)"),
    ("loss", "L there"),
    ("gradient", "largest entry of the gradient there, in modulus"),
    ("negative", "negative eigenvalues of the Hessian there"),
)
ESTIMATES = (
    ("plain", "loss from plain batches over the exact one"),
    ("importance", "loss from importance sampling over the exact one"),
    ("plain_sd", "standard deviation of a plain batch over the exact loss"),
    ("importance_sd", "standard deviation of an importance batch over the exact loss"),
)

OBSERVABLES = [
    described(
        "log_loss",
        MOVED,
        "ln L; where batches are drawn, by importance sampling",
        lambda s, p: s.log_loss,
        "log 1",
        MODEL,
        Scale.log_log,
        log=True,
        title="loss L",
        axis="loss L",
        rank=1,
    ),
    described(
        "log_batch_loss",
        (PhaseName.descent,),
        "ln of what the batch of the step says of L",
        lambda s, p: s.log_batch,
        "log 1",
        MODEL,
        Scale.log_log,
        log=True,
        title="loss of the batch",
    ),
    described(
        "log_grad_norm",
        MOVED,
        "ln |grad L|",
        lambda s, p: s.log_gradient,
        "log 1",
        MODEL,
        Scale.log_log,
        log=True,
        title="norm of the gradient",
    ),
    described("path_length", MOVED, "s = step size times steps", path_length),
    described(
        "count", MOVED, f"students with |mu_i| < {NEAR}", lambda s, p: s.count, title="converged"
    ),
    described(
        "single",
        MOVED,
        "whether exactly one has converged",
        lambda s, p: (s.count == 1).astype(float),
        over_runs=OverRuns.share,
    ),
    described(
        "survivor", MOVED, "number of the student nearest to the truth, once converged", survivor
    ),
    described(
        "survivor_rank",
        MOVED,
        "students that started nearer to the truth than the nearest one now, once converged",
        survivor_rank,
    ),
    described(
        "far_min",
        MOVED,
        "distance of the nearest student that has not converged",
        lambda s, p: s.far,
        title="nearest far student",
        may_end=True,
    ),
    described(
        "max_distance",
        MOVED,
        "distance of the farthest student",
        lambda s, p: s.distance.max(axis=1),
        scale=Scale.log_log,
    ),
    described(
        "center",
        MOVED,
        "|mean of the means|",
        lambda s, p: np.linalg.norm(s.mu.mean(axis=1), axis=1),
        scale=Scale.log_log,
    ),
    described(
        "log_spread",
        MOVED,
        "ln of the root mean square deviation along the first axis",
        lambda s, p: s.log_spread,
        "log 1",
        scale=Scale.log_log,
        log=True,
        title="spread",
    ),
    described(
        "log_amplification",
        DESCENTS,
        "ln of the spread over that of the start",
        log_amplification,
        title="ln amplification",
    ),
    described(
        "effective_rank",
        MOVED,
        "(sum l)^2 / sum l^2 of the covariance of the means",
        effective_rank,
    ),
    described(
        "quadrature_error",
        MOVED,
        "relative difference of L on every other node, about the root of the error; 0 if drawn",
        lambda s, p: s.error,
        scale=Scale.log_log,
    ),
    described(
        "frozen",
        DESCENTS,
        "whether the last step changed no number",
        lambda s, p: s.still.astype(float),
        over_runs=OverRuns.share,
    ),
    described(
        "running_exponent",
        MOVED,
        "d ln L/d ln s = -s |grad L|^2/L",
        running_exponent,
        title="running exponent",
        rank=2,
    ),
    described(
        "compensated_far",
        (PhaseName.descent, PhaseName.flow),
        "L s (r^2 - 16)/(16 (n - 1)), r the nearest far student, once one has converged",
        compensated_far,
        title="L over the law of far students",
    ),
    described(
        "compensated_ball",
        DESCENTS,
        "L over c_4 sum (l/(1 + 8 c_4 l s/n))^2, of starts within .15",
        compensated_ball,
        title="L over the law of the small ball",
    ),
    described(
        "distance",
        DESCENTS,
        "|mu_i|",
        lambda s, p: s.distance,
        dims=("student",),
        schedule=often,
        scale=Scale.log_log,
    ),
    described(
        "distance",
        (PhaseName.flow,),
        "|mu_i|",
        lambda s, p: s.distance,
        dims=("student",),
        scale=Scale.log_log,
    ),
    described(
        "mu", MOVED, "means of the students", lambda s, p: s.mu, dims=("student", "coordinate")
    ),
    described(
        "level_share",
        (PhaseName.averaged,),
        "share of the loss that each noise level has",
        level_share,
        dims=("level",),
    ),
    described(
        "converged",
        (PhaseName.map,),
        f"students within {NEAR} of the truth",
        lambda s, p: s.count,
        dims=("start_distance", "spread"),
    ),
    described(
        "all_converged",
        (PhaseName.map,),
        "share of cells in which all students have converged",
        all_converged,
        title="cells in which all converge",
        rank=3,
    ),
    described(
        "converged",
        (PhaseName.collapse,),
        f"students within {NEAR} of the truth",
        lambda s, p: s.count,
        dims=("clump_distance", "amplified"),
    ),
    described(
        "agreement",
        (PhaseName.collapse,),
        "share of amplified spreads at which as many converge as at the first distance",
        agreement,
    ),
    *(
        described(
            f"saddle_{name}",
            (PhaseName.saddle,),
            said,
            named(name),
            dims=("students",),
            source=f"{MODEL}, Theorem 3.1",
        )
        for name, said in SADDLES
    ),
    *(
        described(
            name,
            (PhaseName.batches,),
            said,
            named(name),
            dims=("far_distance",),
            scale=Scale.semi_log,
        )
        for name, said in ESTIMATES
    ),
]
"""A name may stand once a phase."""
