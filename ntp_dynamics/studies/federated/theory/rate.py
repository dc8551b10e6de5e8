"""The constant of the 1/t law of decaying step sizes (derived).

With eta_t = a/(t + t0) and a H l_min > 1/2, (t + t0) E[F - F*] -> C = tr(A Sigma)/2,

    (a H A - I/2) Sigma + Sigma (a H A - I/2) = a^2 V,
    V = (H/(NM)) sum_i (E ghat_i ghat_i^T - g_i g_i^T) + H^2 (N-M)/(M(N-1)) mean_i g_i g_i^T,

all at w*: exactly so on quadratics, with the Hessian and the noise at w* for other smooth losses.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_continuous_lyapunov

from ntp_dynamics.studies.federated.theory.estimator import Oracle


def noise_at(
    gradients: Float[np.ndarray, "N n d"], oracle: Oracle, local_steps: int, participants: int
) -> Float[np.ndarray, "d d"]:
    """V of samples' gradients at w*."""
    clients, n, d = gradients.shape
    k, mean = oracle.mixing(n), gradients.mean(axis=1)
    every = np.einsum("izn,izm->inm", gradients, gradients) / n
    outer = mean[:, :, None] * mean[:, None, :]
    power = k * every + (1 - k) * outer + np.eye(d) * oracle.noise_power / d / oracle.batch
    own = (oracle.spread(power) - outer).mean(axis=0)
    rest = (clients - participants) / (participants * max(clients - 1, 1))
    return local_steps / participants * own + local_steps**2 * rest * outer.mean(axis=0)


def rate_constant(
    hessian: Float[np.ndarray, "d d"],
    noise: Float[np.ndarray, "d d"],
    scale: float,
    local_steps: int,
) -> float:
    """C for eta_t = ``scale``/(t + t0)."""
    drift = scale * local_steps * hessian - np.eye(len(hessian)) / 2
    sigma = solve_continuous_lyapunov(drift, scale**2 * noise)
    return float(np.trace(hessian @ sigma) / 2)


def settled(
    excess: float, t0: float, product: float, constant: float, share: float = 0.05
) -> float:
    """The first round at which what is left of the start, excess (t0/(t+t0))^(2 product), is below
    this share of C/(t+t0); ``product`` = a H l_min."""
    power = 2 * product - 1
    with np.errstate(over="ignore"):
        reach = (excess * t0 ** (2 * product) / (share * constant)) ** (1 / power)
    return max(float(reach) - t0, 0.0)
