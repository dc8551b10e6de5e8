"""Small systems whose rate is a theorem, simulated step by step: S = 6 runs each."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.hooks import recorded_steps

RUNS = 6
Series = tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]


def grid(horizon: int) -> Float[np.ndarray, " T"]:
    """The lab's recorded steps from step 1 on."""
    return recorded_steps(horizon)[1:].astype(float)


def logistic(horizon: int) -> Series:
    """Gradient descent on log(1 + e^-w.(1,1)) + b log(1 + e^-w.(1,-1)), b unlike 1.

    w_1 grows like log t and w_2 stays near -log(b)/2 (Soudry et al. 2018): the angle to the
    max-margin direction (1, 0) is of order 1/log t.  Returns ln |w_2| / ||w||.
    """
    weight = np.linspace(1.5, 6.0, RUNS)

    def step(w: np.ndarray) -> np.ndarray:
        first, second = _sigmoid(-w[0] - w[1]), weight * _sigmoid(w[1] - w[0])
        return w + 0.5 * np.stack([first + second, first - second])

    t, w = grid(horizon), _iterate(np.zeros((2, RUNS)), lambda w, k: step(w), horizon)
    return t, np.log(np.abs(w[:, 1]) / np.hypot(w[:, 0], w[:, 1])).T


def two_points(horizon: int) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "T 2 S"]]:
    """Loss-normalised descent on e^-w.(1,a) + b e^-w.(1,-a): the SVM of two points, W* = (1, 0).

    w_1 = eta t exactly, w_2 goes to the constant -log(b)/(2a): the angle is O(1/t), hence
    1 - cos ~ (log(b) / (2 a eta t))^2 / 2.  Returns w itself.
    """
    a, weight, eta = 0.8, np.linspace(2.0, 9.0, RUNS), two_point_steps()

    def step(w: np.ndarray) -> np.ndarray:
        share = _sigmoid(2 * a * w[1] + np.log(weight))  # of the second point in the loss
        return w + eta * np.stack([np.ones(RUNS), a * (1 - 2 * share)])

    return grid(horizon), _iterate(np.zeros((2, RUNS)), lambda w, k: step(w), horizon)


def two_point_steps() -> Float[np.ndarray, " S"]:
    """The step sizes of the six runs."""
    return np.linspace(0.25, 0.5, RUNS)


def gap_to(w: Float[np.ndarray, "T 2 S"], angle: float = 0.0) -> Float[np.ndarray, "S T"]:
    """ln(1 - cos) of w to the direction at an angle from (1, 0), as half a squared distance."""
    unit = w / np.hypot(w[:, 0], w[:, 1])[:, None]
    target = np.array([np.cos(angle), np.sin(angle)])[:, None]
    return np.log(0.5 * ((unit - target) ** 2).sum(axis=1)).T


def quadratic(horizon: int) -> Series:
    """Gradient descent on sum_i l_i x_i^2 / 2: the loss decays like (1 - eta l_min)^2t.

    Kept as ln |x_i|, which a step moves by ln |1 - eta l_i|.  Returns the log of the loss.
    """
    curvature, eta = np.array([0.01, 0.1, 1.0])[:, None], 1.0 / 1.1
    start = np.random.default_rng(0).normal(size=(3, RUNS))
    shrink = np.log(np.abs(1 - eta * curvature))
    log_x = _iterate(np.log(np.abs(start)), lambda x, k: x + shrink, horizon)
    return grid(horizon), np.logaddexp.reduce(np.log(curvature / 2) + 2 * log_x, axis=1).T


QUADRATIC_RATE = float(-2 * np.log(1 - 0.01 / 1.1))


def averaged(horizon: int) -> Series:
    """Stochastic descent on E||w - z||^2 / 2, z standard normal in 1,000 dimensions, and the mean
    of its iterates, whose squared error falls like 1/t (Polyak and Juditsky 1992)."""
    rng = np.random.default_rng(1)

    def step(state: np.ndarray, k: int) -> np.ndarray:
        w = 0.5 * (state[0] + rng.standard_normal(state[0].shape))
        return np.stack([w, state[1] + (w - state[1]) / k])

    state = _iterate(np.zeros((2, RUNS, 1000)), step, horizon)
    return grid(horizon), np.log((state[:, 1] ** 2).sum(axis=-1)).T


def log_squared(horizon: int) -> Series:
    """y <- y (1 - 1/t + 2/(t log t)), of order log^2 t / t."""
    log_start = np.linspace(-1, 1, RUNS)[:, None]
    t = np.arange(1, horizon + 1, dtype=float)
    factor = np.log1p(-1 / t[2:] + 2 / (t[2:] * np.log(t[2:])))
    log_y = np.concatenate([[0.0, 0.0, 0.0], np.cumsum(factor)])[:horizon]
    steps = grid(horizon)
    return steps, log_start + log_y[steps.astype(int) - 1]


def subgradient(horizon: int) -> Series:
    """Subgradient descent on the mean of |x_i| over 500 coordinates with steps 1/sqrt(t), half of
    the coordinates (new ones each time) a step.

    Once a coordinate has crossed zero, it stays within its last step and hops across zero: the
    value is of order t^-1/2 and no better.
    """
    rng = np.random.default_rng(2)

    def step(x: np.ndarray, k: int) -> np.ndarray:
        return x - np.sign(x) * (rng.random(x.shape) < 0.5) / np.sqrt(k)

    x = _iterate(rng.uniform(-2, 2, (RUNS, 500)), step, horizon)
    return grid(horizon), np.log(np.abs(x).mean(axis=-1)).T


def _iterate(state: np.ndarray, step, horizon: int) -> np.ndarray:
    """The states after the recorded steps; ``step(state, k)`` makes step k = 1, 2, ..."""
    recorded, found = set(grid(horizon).tolist()), []
    for k in range(1, horizon + 1):
        state = step(state, k)
        if k in recorded:
            found.append(state)
    return np.stack(found)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
