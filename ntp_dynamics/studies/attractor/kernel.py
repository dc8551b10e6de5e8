"""Gaussian kernels on a ring, and what translations do to functions on it.

N neurons stand at x_i = -180 + i 360/N degrees with density rho = N/360, so that the integral
rho dx' is the plain sum over neurons.  g_b is the Gaussian density of standard deviation b, summed
over its images.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Complex, Float

PERIOD = 360.0
"""Of the ring, in degrees."""


def positions(neurons: int) -> Float[np.ndarray, " N"]:
    """Preferred positions x_i in degrees."""
    return -PERIOD / 2 + np.arange(neurons) * (PERIOD / neurons)


def gaussian(
    x: Float[np.ndarray, " ..."], width: float, period: float = PERIOD
) -> Float[np.ndarray, " ..."]:
    """g_b(x), per degree, of standard deviation ``width``; its image sum is even to the bit."""
    images = 3 + math.ceil(9 * width / period)
    total = np.exp(-0.5 * (x / width) ** 2)
    for i in range(1, images + 1):
        right, left = ((x + sign * i * period) / width for sign in (1, -1))
        total = total + (np.exp(-0.5 * right**2) + np.exp(-0.5 * left**2))
    return total / (math.sqrt(2 * math.pi) * width)


def column(neurons: int, width: float, shift: float = 0.0) -> Float[np.ndarray, " N"]:
    """c_d = g_b(d 360/N - shift): what a neuron gives the one d places on."""
    offsets = np.arange(neurons) * (PERIOD / neurons)
    offsets = np.where(offsets < PERIOD / 2, offsets, offsets - PERIOD)
    return gaussian(offsets - shift, width)


def mirrored(c: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """c_-d, the transpose of a circulant matrix."""
    return np.roll(c[::-1], 1)


def circulant(c: Float[np.ndarray, " N"]) -> Float[np.ndarray, "N N"]:
    """The matrix K_ij = c_{i-j}."""
    n = len(c)
    return c[(np.arange(n)[:, None] - np.arange(n)) % n]


def product(
    matrix: Float[np.ndarray, "M N"], x: Float[np.ndarray, " N"]
) -> Float[np.ndarray, " M"]:
    """Matrix times vector, without the linear algebra whose bits depend on its threads."""
    return np.einsum("mn, n -> m", matrix, x)


def convolved(
    c: Float[np.ndarray, " N"], r: Float[np.ndarray, "N ..."]
) -> Float[np.ndarray, "N ..."]:
    """sum_d c_d r_{i-d}, added in the order of d: rolling r rolls the result, bit for bit."""
    n, twice, total = len(c), np.concatenate([r, r]), np.zeros_like(r)
    for d, weight in enumerate(c):
        total += weight * twice[n - d : 2 * n - d]
    return total


def frequencies(neurons: int) -> Complex[np.ndarray, " M"]:
    """i q of every Fourier mode, per degree; nothing at the Nyquist mode of an even N."""
    modes = np.arange(neurons // 2 + 1)
    modes = np.where(2 * modes == neurons, 0, modes)
    return 2j * math.pi * modes / PERIOD


def derivative(f: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, "N ..."]:
    """df/dx along the first axis, per degree, exact for band-limited f."""
    return np.fft.irfft((np.fft.rfft(f, axis=0).T * frequencies(len(f))).T, len(f), axis=0)


def translated(f: Float[np.ndarray, "N ..."], s: float) -> Float[np.ndarray, "N ..."]:
    """T(s) f = f(x - s) along the first axis, by Fourier; exact for band-limited f."""
    phases = np.exp(-s * frequencies(len(f)))
    return np.fft.irfft((np.fft.rfft(f, axis=0).T * phases).T, len(f), axis=0)


def orbit(f: Float[np.ndarray, " N"], shifts: Float[np.ndarray, " S"]) -> Float[np.ndarray, "N S"]:
    """T(s) f at every shift s, as columns."""
    phases = np.exp(-frequencies(len(f))[:, None] * shifts)
    return np.fft.irfft(np.fft.rfft(f)[:, None] * phases, len(f), axis=0)
