"""Coordinates of a job's axes, and what theory says of it: group `theory` of the trajectory.

Theory's curves are what figures and pages draw; claims are judged by laws of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.federated import evaluated, law
from ntp_dynamics.studies.federated.config import COPIES, PhaseName, Task

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.federated.problem import FederatedProblem

SOURCE = "derived"
Curve = tuple[Any, ...]


def tables(problem: FederatedProblem) -> Mapping[str, xarray.Dataset]:
    """By group."""
    import xarray

    config = problem.config
    cells = np.array(list(evaluated.cells(config)))
    everything: dict[str, dict[str, Curve]] = {
        PhaseName.estimator: {"b2": ("b2", np.array(config.estimator.num_directions))},
        PhaseName.limit: {
            "b2_limit": ("b2_limit", np.array(config.limit.num_directions)),
            "H": ("H", np.array(config.limit.local_steps)),
            "ratio": ("ratio", np.array(config.limit.ratios)),
        },
        PhaseName.delay: {"tau": ("tau", np.array(config.delay.lags))},
        PhaseName.bias: {"mu": ("mu", np.array(config.bias.smoothing))},
        PhaseName.tails: {"theta": ("theta", np.array(config.tails.theta))},
        PhaseName.budget: {
            "cell": ("cell", np.arange(len(cells)) + 1),
            "num_directions": ("cell", cells[:, 0]),
            "local_steps": ("cell", cells[:, 1]),
            "participants": ("cell", cells[:, 2]),
        },
    }
    copies = {"n": ("n", np.array(config.copies.samples))}
    everything |= {f"{task}{COPIES}": copies for task in Task}
    groups = {
        f"/{stage}": xarray.Dataset(coords=everything[stage])
        for stage in config.stages
        if stage in everything
    }
    found: dict[str, Curve] = {}
    for stage in config.stages:
        found |= _curves(problem, stage)
    found["t0"] = (), config.t0, said("t0 of the schedule", source="configuration")
    theory = xarray.Dataset(found)
    runs = xarray.Dataset({"draw": ("run", problem.draws)})
    return {"/": runs, "/theory": theory, **groups}


def _curves(problem: FederatedProblem, stage: str) -> dict[str, Curve]:
    """What theory says of a phase."""
    if stage == PhaseName.estimator:
        values = law.ratios(problem)
        return {"kappa2": ("b2", values, said("1 + (d-1)/b2 or (d+1)/b2", source=SOURCE))}
    if stage == PhaseName.limit:
        return {
            "eta": (
                "ratio",
                evaluated.step_sizes_around(problem),
                said("step size", source=SOURCE),
            ),
            "eta_ms": ("b2_limit", evaluated.limit_formula(problem), said("limit", source=SOURCE)),
        }
    if stage == PhaseName.delay:
        words = said("2 sin(pi/(2 (2 tau + 1)))/l_max", source=SOURCE)
        return {"delay_formula": ("tau", law.delay_formula(problem), words)}
    if stage in (Task.quadratic, Task.logistic):
        return _training(problem, Task(stage))
    if stage.endswith(COPIES):
        return _copies(problem, stage)
    return {}


def _training(problem: FederatedProblem, task: Task) -> dict[str, Curve]:
    clock = f"round_{task}"
    t = recorded_steps(problem.config.rounds)
    found: dict[str, Curve] = {clock: (clock, t, said("round"))}
    eta = problem.step_sizes(task)
    found[f"eta_{task}"] = (clock, eta[np.minimum(t, len(eta) - 1)], said("step size"))
    if task is Task.quadratic and problem.exact:
        values = np.log(problem.exact_excess(tuple(t.tolist())))
        words = said("log of E[F_S - F*], exact", source=SOURCE)
        found["log_excess_exact"] = (clock, values, words)
    if law.has_rate(problem, task):
        words = said("C of (t + t0) E[F_S - F*] -> C", source=SOURCE)
        found[f"rate_{task}"] = ((), law.rate(problem, task), words)
    return found


def _copies(problem: FederatedProblem, stage: str) -> dict[str, Curve]:
    clock, t = f"round_{stage}", recorded_steps(problem.config.copies.rounds)
    found: dict[str, Curve] = {clock: (clock, t, said("round"))}
    due, at = tuple(t[1:].tolist()), t[1:].astype(float)

    def curve(name: str, log_y: np.ndarray, words: str) -> None:
        start = np.append(-np.inf, log_y)
        found[f"{name}_{stage}"] = (clock, start, said(f"log of {words}", source=SOURCE))

    if stage == f"{Task.quadratic}{COPIES}":
        if problem.exact:
            curve("exact", np.log(problem.exact_distance2(due)) / 2, "the root of E |w - w'|^2")
            curve("path", np.log(problem.path_bound(due)), "the bound from the run's moments")
        return found
    bounds = law.smoothness(problem, Task(stage.removesuffix(COPIES)), 0.0)
    eta = problem.config.copies.step_size
    if np.isfinite(bounds.lipschitz):
        curve("any", bounds.any_loss(at, eta), "the bound for any loss, without the ridge's slope")
        if problem.loss(Task(stage.removesuffix(COPIES))).convex:
            curve("convex", bounds.convex(at, eta), "the bound for convex losses, likewise")
    return found
