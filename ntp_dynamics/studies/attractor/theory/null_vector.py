"""The left null vector of the linearised network in closed form (derived; exact on every grid).

For the CAN alone l = r'(x).  With speed neurons, tau du and tau_v du_+-:

    l = (r', (tau_v/tau) g_v W_+^T r', (tau_v/tau) g_v W_-^T r')            `left`
    den = <r', u'> + (tau_v/tau) g_v w_vs <(W_+ + W_-)^T r', r'>             `overlap` = <l, h*'>

so a perturbation p of h' = F(h) moves the bump at the speed -<l, p>/den.
Consistent with Zhang, Wu, Wu 2022, Eqs. S15e and S16 (projection on the translation mode).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import circulant, product
from ntp_dynamics.studies.attractor.ring import Ring, rates
from ntp_dynamics.studies.attractor.theory.bump import tangents
from ntp_dynamics.studies.attractor.theory.spectrum import rate_jacobian


def rest(ring: Ring, u: Float[np.ndarray, " N"]) -> Float[np.ndarray, "3 N"]:
    """h* = (u*, w_vs r*, w_vs r*)."""
    r = rates(u, ring.k)
    return np.stack([u, ring.w_vs * r, ring.w_vs * r])


def rest_tangent(ring: Ring, u: Float[np.ndarray, " N"]) -> Float[np.ndarray, "3 N"]:
    """h*' = (u', w_vs r', w_vs r')."""
    du, dr = tangents(ring, u)
    return np.stack([du, ring.w_vs * dr, ring.w_vs * dr])


def left(ring: Ring, u: Float[np.ndarray, " N"]) -> Float[np.ndarray, "3 N"]:
    """l of the network at rest at ``u``."""
    _, dr = tangents(ring, u)
    forward = circulant(ring.forward)
    factor = ring.tau_v / ring.tau * ring.g_v
    return np.stack([dr, factor * product(forward.T, dr), factor * product(forward, dr)])


def overlap(ring: Ring, u: Float[np.ndarray, " N"]) -> float:
    """den = <l, h*'>."""
    return float((left(ring, u) * rest_tangent(ring, u)).sum())


def jacobian(ring: Ring, u: Float[np.ndarray, " N"], v: float = 0.0) -> Float[np.ndarray, "N3 N3"]:
    """The 3N x 3N matrix dF/dh at a state with potentials ``u``."""
    n = ring.neurons
    dr, eye, forward = rate_jacobian(u, ring.k), np.eye(n), circulant(ring.forward)
    up, down = max(ring.g_v + v, 0.0), max(ring.g_v - v, 0.0)
    first = np.hstack([circulant(ring.recurrent) @ dr - eye, up * forward, down * forward.T])
    follow = ring.w_vs * dr
    second = np.hstack([follow, -eye, np.zeros((n, n))])
    third = np.hstack([follow, np.zeros((n, n)), -eye])
    return np.vstack([first / ring.tau, second / ring.tau_v, third / ring.tau_v])
