"""Losses of a margin, f(w; x, y) = loss(x.w, y) + lam |w|^2/2: the built-in ones, and a user's own.

A user's is a module with `loss_difference(m, dm, y)` = loss(m + dm, y) - loss(m, y), exact for
small dm, and `loss_slope(m, y)`, both in plain Python that numba compiles.  It may set SIGNS
(labels are +-1, else real; True), CONVEX (True), LIPSCHITZ and SMOOTH: the largest |slope| and
curvature in m, infinity where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from ntp_dynamics.studies.federated.config import Task
from ntp_dynamics.system.errors import UserError

Numbers = Float[np.ndarray, "..."]
STEP = 1e-5
"""Of the difference that a user's curvature is taken by."""
NEWTON = 60
"""Steps to the minimiser at most."""


@dataclass(frozen=True)
class Loss:
    """A loss of a margin m and a label y, elementwise."""

    name: Task
    difference: Callable[[Numbers, Numbers, Numbers], Numbers]
    """loss(m + dm, y) - loss(m, y)."""
    slope: Callable[[Numbers, Numbers], Numbers]
    curvature: Callable[[Numbers, Numbers], Numbers]
    at_zero: float = 0.0
    """loss(0, y); 0 where it depends on y, or is not known."""
    signs: bool = True
    """Labels are +-1."""
    convex: bool = True
    lipschitz: float = math.inf
    """The largest |slope|."""
    smooth: float = math.inf
    """The largest |curvature|."""
    machine: tuple[Any, Any] | None = None
    """A user's difference and slope as machine code."""

    def bounds(self, bound: float, lam: float, radius: Any) -> tuple[Any, float]:
        """L and beta of f for |x| <= ``bound`` and |w| <= ``radius``."""
        return self.lipschitz * bound + lam * radius, self.smooth * bound**2 + lam

    def values(self, m: Numbers, y: Numbers) -> Numbers:
        """loss(m, y), up to loss(0, y) where that is not known."""
        return self.at_zero + self.difference(np.zeros_like(m), m, y)


def _logistic_difference(m: Numbers, dm: Numbers, y: Numbers) -> Numbers:
    z, dz = y * m, y * dm
    small = np.abs(dz) < 1
    near = np.log1p(np.expm1(np.where(small, -dz, 0.0)) * expit(-z))
    return np.where(small, near, np.logaddexp(0, -z - dz) - np.logaddexp(0, -z))


def _sigmoid_difference(m: Numbers, dm: Numbers, y: Numbers) -> Numbers:
    z, dz = y * m, y * dm
    small = np.abs(dz) < 1
    near = -np.expm1(np.where(small, dz, 0.0)) * expit(-z - dz) * expit(z)
    return np.where(small, near, expit(-z - dz) - expit(-z))


def _sigmoid_curvature(m: Numbers, y: Numbers) -> Numbers:
    s = expit(-y * m)
    return s * (1 - s) * (1 - 2 * s)


LOSSES = {
    Task.quadratic: Loss(
        Task.quadratic,
        lambda m, dm, y: dm * (m - y + dm / 2),
        lambda m, y: m - y,
        lambda m, y: np.ones_like(m),
        signs=False,
        smooth=1.0,
    ),
    Task.logistic: Loss(
        Task.logistic,
        _logistic_difference,
        lambda m, y: -y * expit(-y * m),
        lambda m, y: expit(m) * expit(-m),
        math.log(2),
        lipschitz=1.0,
        smooth=0.25,
    ),
    Task.sigmoid: Loss(
        Task.sigmoid,
        _sigmoid_difference,
        lambda m, y: -y * expit(m) * expit(-m),
        _sigmoid_curvature,
        0.5,
        convex=False,
        lipschitz=0.25,
        smooth=math.sqrt(3) / 18,
    ),
}


def loss_of(task: Task, file: str = "") -> Loss:
    """The loss of a task; ``file``: the module of the task `user`.  Raises UserError."""
    return LOSSES[task] if task is not Task.user else _of_module(file)


@cache
def _of_module(file: str) -> Loss:
    module = load("task_file", file, ("loss_difference", "loss_slope"))
    difference = np.vectorize(module.loss_difference, otypes=[float])
    slope = np.vectorize(module.loss_slope, otypes=[float])

    def curvature(m: Numbers, y: Numbers) -> Numbers:
        return (slope(m + STEP, y) - slope(m - STEP, y)) / (2 * STEP)

    return Loss(
        Task.user,
        difference,
        slope,
        curvature,
        signs=getattr(module, "SIGNS", True),
        convex=getattr(module, "CONVEX", True),
        lipschitz=getattr(module, "LIPSCHITZ", math.inf),
        smooth=getattr(module, "SMOOTH", math.inf),
        machine=_compiled(module),
    )


def _compiled(module: ModuleType) -> tuple[Any, Any]:
    """Both functions as machine code that a kernel can call."""
    from numba import cfunc, float64

    try:
        difference = cfunc(float64(float64, float64, float64))(module.loss_difference)
        return difference, cfunc(float64(float64, float64))(module.loss_slope)
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        remedy = "use floats, math and if only"
        raise UserError("task_file", f"numba cannot compile it: {first}", remedy) from error


@cache
def load(where: str, file: str, wanted: tuple[str, ...]) -> ModuleType:
    """A user's module with these functions, imported once in a process.  Raises UserError."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(f"ntp_user_{where}", file)
    try:
        if spec is None or spec.loader is None:
            raise ImportError("it is no Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a module must not end the command
        first = (str(error).splitlines() or [""])[0]
        what = f"{file!r} cannot be imported: {type(error).__name__}: {first}"
        raise UserError(where, what, "run it by itself to see") from error
    missing = [name for name in wanted if not callable(getattr(module, name, None))]
    if missing:
        raise UserError(where, f"{file!r} has no function {missing[0]}", "define it")
    return module


def minimiser(
    loss: Loss, x: Float[np.ndarray, "m d"], y: Float[np.ndarray, " m"], lam: float
) -> Float[np.ndarray, " d"] | None:
    """Of the mean of f over all samples, by Newton's method with halved steps; None where there is
    none, or none was found."""
    if not loss.convex:
        return None
    w, size = np.zeros(x.shape[1]), len(y)
    for _ in range(NEWTON):
        m = x @ w
        gradient = x.T @ loss.slope(m, y) / size + lam * w
        hessian = (x.T * loss.curvature(m, y)) @ x / size + lam * np.eye(len(w))
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            return None
        share = 1.0
        while share > STEP and fall(loss, x, y, lam, w, -share * step) > 0:
            share /= 2
        w = w - share * step
        if np.abs(step).max() <= 1e-14 * max(np.abs(w).max(), 1.0):
            return w
    return w if np.abs(gradient).max() < 1e-10 else None


def fall(
    loss: Loss,
    x: Float[np.ndarray, "m d"],
    y: Float[np.ndarray, " m"],
    lam: float,
    w: Float[np.ndarray, " d"],
    step: Float[np.ndarray, "... d"],
) -> Float[np.ndarray, ...]:
    """F(w + step) - F(w), as a difference."""
    moved = loss.difference(np.broadcast_to(x @ w, (*step.shape[:-1], len(y))), step @ x.T, y)
    return moved.mean(axis=-1) + lam * (step @ w + (step**2).sum(axis=-1) / 2)
