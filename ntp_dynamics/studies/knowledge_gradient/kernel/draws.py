"""Random numbers that depend on (seed, purpose, run, arm or step, number) alone.

Philox-4x32 with ten rounds (Salmon, Moraes, Dror, Shaw, SC 2011): a counter of four words,
scrambled under a key of two, gives 128 random bits.  Normals are the inverse of the normal
distribution (Wichura, AS 241) at 53 of them.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import UInt

from ntp_dynamics.system.compiled import compiled

REWARD, COIN, POSTERIOR = np.int64(0), np.int64(1), np.int64(2)
"""What a draw is for: the n-th reward of an arm, the coins and the posterior draws of a pull.

Numbers of numpy: for each one of Python's numba compiles a function anew that is called with it.
"""

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
FIRST, SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_FIRST, WEYL_SECOND = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ELEVEN = np.uint64(11)


def key_of(seed: int) -> UInt[np.ndarray, " 2"]:
    """The two words of the key that a seed stands for."""
    return np.random.SeedSequence([seed]).generate_state(2, np.uint32).astype(np.uint64)


@compiled()
def philox(c0, c1, c2, c3, k0, k1):
    """Four random words of a counter under a key; all are uint64 below 2^32."""
    for _ in range(10):
        a, b = FIRST * c0, SECOND * c2
        c0, c1, c2, c3 = (b >> HALF) ^ c1 ^ k0, b & LOW, (a >> HALF) ^ c3 ^ k1, a & LOW
        k0, k1 = (k0 + WEYL_FIRST) & LOW, (k1 + WEYL_SECOND) & LOW
    return c0, c1, c2, c3


@compiled()
def uniforms(key, purpose, run, where, number):
    """Two numbers in (0, 1)."""
    words = philox(
        np.uint64(number), np.uint64(where), np.uint64(run), np.uint64(purpose), key[0], key[1]
    )
    first, second = (words[0] << HALF) | words[1], (words[2] << HALF) | words[3]
    unit = 2.0**-53
    return (np.float64(first >> ELEVEN) + 0.5) * unit, (np.float64(second >> ELEVEN) + 0.5) * unit


@compiled()
def normal(key, purpose, run, where, number):
    """A standard normal number."""
    return quantile(uniforms(key, purpose, run, where, number)[0])


@compiled()
def quantile(p):
    """z with Phi(z) = p, to a relative 1e-16 or so (AS 241, PPND16)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(r, CENTRE_UP, CENTRE_DOWN)
    r = math.sqrt(-math.log(p if q < 0 else 1 - p))
    near = r <= 5
    z = _ratio(r - 1.6, MIDDLE_UP, MIDDLE_DOWN) if near else _ratio(r - 5, TAIL_UP, TAIL_DOWN)
    return -z if q < 0 else z


@compiled()
def _ratio(r, up, down):
    above, below = up[7], down[7]
    for i in range(6, -1, -1):
        above, below = above * r + up[i], below * r + down[i]
    return above / below


CENTRE_UP = (
    *(3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3),
    *(1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4),
    *(3.3430575583588128105e4, 2.5090809287301226727e3),
)
CENTRE_DOWN = (
    *(1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3),
    *(2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4),
    5.2264952788528545610e3,
)
MIDDLE_UP = (
    *(1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0),
    *(3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1),
    *(2.27238449892691845833e-2, 7.74545014278341407640e-4),
)
MIDDLE_DOWN = (
    *(1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1),
    *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4),
    1.05075007164441684324e-9,
)
TAIL_UP = (
    *(6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0),
    *(2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3),
    *(2.71155556874348757815e-5, 2.01033439929228813265e-7),
)
TAIL_DOWN = (
    *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
    *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7),
    2.04426310338993978564e-15,
)
