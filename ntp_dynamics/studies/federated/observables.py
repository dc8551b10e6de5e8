"""What a job measures: units, names and sources.  All of it is logged on the way, or evaluated."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.observe.observable import Measure, Observable, OverRuns, Scale
from ntp_dynamics.studies.federated.config import COPIES, PhaseName, Task

DERIVED = "derived"
CHEN = "Chen et al., NeurIPS 2023"
CONVEX = (str(Task.quadratic), str(Task.logistic), str(Task.user))
TRAINING = tuple(str(task) for task in Task)
COPYING = tuple(f"{task}{COPIES}" for task in Task)


def on_the_way(state: Any, reference: Any) -> Any:
    """Raises TypeError: the dynamics itself logs it."""
    raise TypeError("this is measured by the dynamics, not of a state")


def entry(name: str) -> Measure:
    """A value by name of a phase whose state is a mapping."""

    def measure(state: Any, reference: Any) -> np.ndarray:
        return state[name]

    return measure


def described(
    name: str,
    phases: tuple[str, ...],
    long_name: str,
    units: str = "1",
    source: str = DERIVED,
    measure: Measure = on_the_way,
    scale: Scale = Scale.log_log,
    **more: Any,
) -> Observable:
    """An observable of this study."""
    return Observable(name, phases, measure, units, long_name, source, scale=scale, **more)


def evaluated(name: str, phase: PhaseName, long_name: str, *dims: str, **more: Any) -> Observable:
    """An array of a phase whose state is a mapping."""
    return described(
        name, (phase,), long_name, dims=dims, measure=entry(name), scale=Scale.linear, **more
    )


OBSERVABLES = [
    described(
        "estimator_ratio",
        (PhaseName.estimator,),
        "mean of |ghat|^2/|g_B|^2 over the estimates so far",
        title="second moment of the estimator",
        axis="|ghat|^2/|g_B|^2",
        scale=Scale.linear,
        rank=3,
        over_runs=OverRuns.mean,
    ),
    described(
        "estimator_cosine",
        (PhaseName.estimator,),
        "mean cosine of ghat and g_B over the estimates so far",
        title="cosine of estimate and gradient",
        scale=Scale.linear,
        over_runs=OverRuns.mean,
    ),
    evaluated(
        "ratio_by_directions",
        PhaseName.estimator,
        "mean of |ghat|^2/|g_B|^2 by number of directions",
        "b2",
        title="second moment by number of directions",
    ),
    described(
        "log_excess",
        CONVEX,
        "log of F_S(w) - F*",
        log=True,
        title="excess",
        axis="F_S - F*",
        rank=1,
        over_runs=OverRuns.mean,
    ),
    described(
        "log_grad_norm2",
        TRAINING,
        "log of |grad F_S|^2",
        log=True,
        title="squared gradient norm",
        axis="|grad F_S|^2",
        rank=4,
        over_runs=OverRuns.mean,
    ),
    described(
        "test_loss",
        TRAINING,
        "loss on fresh samples of the clients",
        scale=Scale.linear,
        over_runs=OverRuns.mean,
    ),
    described(
        "generalisation_gap",
        (*TRAINING, *COPYING),
        "test loss less F_S",
        source=CHEN,
        title="generalisation gap",
        scale=Scale.linear,
        over_runs=OverRuns.mean,
    ),
    described(
        "log_client_drift",
        TRAINING,
        "log of mean |v_i - mean v|^2 over the clients of the last round",
        log=True,
        title="client drift",
        axis="mean |v_i - mean v|^2",
        over_runs=OverRuns.mean,
    ),
    described(
        "radius",
        (*TRAINING, *COPYING),
        "largest |w| on the way, local steps included",
        scale=Scale.linear,
    ),
    described("queries", TRAINING, "function queries so far: M H b1 (1 + b2) a round", "query"),
    described("uplink", TRAINING, "floats sent to the server so far: M d a round", "float"),
    described(
        "uplink_scalars",
        TRAINING,
        "scalars sent so far with shared seeds: M H b2 a round",
        "float",
    ),
    described("downlink", TRAINING, "floats sent to clients so far: M d a round", "float"),
    described(
        "log_model_distance",
        COPYING,
        "log of |w - w'|, in the mean over replaced samples",
        source=CHEN,
        log=True,
        title="distance of copies",
        axis="|w - w'|",
        rank=2,
        over_runs=OverRuns.mean,
    ),
    described(
        "log_model_distance2",
        COPYING,
        "log of |w - w'|^2, in the mean over replaced samples",
        log=True,
        title="squared distance of copies",
        axis="|w - w'|^2",
        over_runs=OverRuns.mean,
    ),
    described(
        "scaled_distance",
        COPYING,
        "n N |w - w'|, in the mean over replaced samples",
        dims=("n",),
        title="n N times the distance of copies",
        scale=Scale.linear,
        over_runs=OverRuns.mean,
    ),
    described(
        "collapse",
        COPYING,
        "n N |w - w'| over its mean over n",
        dims=("n",),
        title="collapse over n",
        scale=Scale.linear,
        over_runs=OverRuns.mean,
    ),
    evaluated(
        "ms_limit",
        PhaseName.limit,
        "step size at which the mean-square radius passes 1: equal Hessians, one local step",
        "b2_limit",
        title="mean-square limit",
    ),
    evaluated(
        "ms_limit_own",
        PhaseName.limit,
        "step size at which the mean-square radius of these clients passes 1",
        "H",
        title="mean-square limit of these clients",
    ),
    evaluated(
        "ms_radius",
        PhaseName.limit,
        "mean-square radius by local steps and step size",
        "H",
        "ratio",
        title="mean-square radius",
        image=True,
    ),
    evaluated(
        "delay_limit",
        PhaseName.delay,
        "step size at which the mean of delayed descent stops contracting",
        "tau",
        title="limit of delayed descent",
    ),
    evaluated(
        "floor_of_smoothing",
        PhaseName.bias,
        "stationary excess with smoothing, less that without",
        "mu",
        title="floor of smoothing",
    ),
    evaluated(
        "noise_floor",
        PhaseName.tails,
        "stationary excess that noise adds, over K0^2 Gamma(2 theta + 1) times that of unit power",
        "theta",
        title="floor of sub-Weibull noise",
    ),
    evaluated(
        "best_excess",
        PhaseName.budget,
        "least expected excess after the queries over constant step sizes",
        "cell",
        title="best excess for the queries",
    ),
    evaluated(
        "best_step_size",
        PhaseName.budget,
        "step size of the least excess",
        "cell",
        title="best step size for the queries",
    ),
]
