"""Compiled steps of the network in modes: Runge-Kutta without noise, Euler-Maruyama with it.

A batch is moved in blocks of exactly 16 columns, the last one filled up with copies: every product
has one shape, a column is one lane of it, and so the bits of a trajectory do not depend on the
trajectories beside it (`tests/studies/attractor/test_stepping.py` holds the machine to that).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.kernel import PERIOD, positions
from ntp_dynamics.studies.attractor.modes import Modes
from ntp_dynamics.studies.attractor.ring import DEAD
from ntp_dynamics.system.compiled import compiled

BLOCK = 16
"""Columns of a block."""


def blocks(columns: int) -> Iterator[tuple[slice, Int[np.ndarray, " 16"]]]:
    """Which columns a block is about, and the 16 that it moves."""
    for start in range(0, columns, BLOCK):
        own = slice(start, min(start + BLOCK, columns))
        yield own, np.minimum(np.arange(start, start + BLOCK), columns - 1)


@dataclass
class Block:
    """Sixteen trajectories on their way; `y` and `position` change in place."""

    modes: Modes
    y: Float[np.ndarray, "N+4H 16"]
    position: Float[np.ndarray, " 16"]
    """Unwrapped, in degrees, nan once the bump is dead."""
    current: Float[np.ndarray, "N 16"]
    """Input I, where its gate is open."""

    def __post_init__(self) -> None:
        x = 2 * math.pi / PERIOD * positions(self.modes.neurons)
        self._phases = np.stack([np.cos(x), np.sin(x)])

    def forward(
        self, v: Float[np.ndarray, "2*n+1 16"], gate: Float[np.ndarray, " 2*n+1"], dt: float
    ) -> None:
        """n Runge-Kutta steps; ``v`` and ``gate`` at every half step."""
        m = self.modes
        tables = (m.basis, m.adjoint, m.symbol, m.numbers, self._phases)
        _runge_kutta(self.y, self.position, v, self.current, gate, dt, *tables)

    def diffuse(
        self,
        v: Float[np.ndarray, "2*n+1 16"],
        gate: Float[np.ndarray, " 2*n+1"],
        dt: float,
        noise: Float[np.ndarray, "n N 16"],
    ) -> None:
        """n Euler-Maruyama steps: u gains sqrt(dt) ``noise`` in each."""
        m = self.modes
        tables = (m.basis, m.adjoint, m.symbol, m.numbers, self._phases)
        _euler(self.y, self.position, v, self.current, gate, dt, *tables, noise)

    def slope(self, v: Float[np.ndarray, " 16"], gate: float) -> Float[np.ndarray, "N+4H 16"]:
        """dy/dt where it stands."""
        m, out = self.modes, np.empty_like(self.y)
        n, width = m.basis.shape
        room = np.empty((n, BLOCK)), np.empty((width, BLOCK)), np.empty((width, BLOCK))
        tables = (m.basis, m.adjoint, m.symbol, m.numbers)
        own = np.array(v)  # for one that is read-only numba would compile the function anew
        _slope(self.y, own, self.current, gate, *tables, out, *room)
        return out


@compiled(error_model="numpy")
def _slope(y, v, current, gate, basis, adjoint, symbol, numbers, out, r, m, d):
    """out = d/dt of y; r, m, d are room for rates, modes and the drive."""
    n, width = basis.shape
    half = width // 2
    w_r, w_sv, w_vs, k, rate, g_v = numbers
    total = np.zeros(BLOCK)
    for i in range(n):
        for c in range(BLOCK):
            x = max(y[i, c], 0.0)
            r[i, c] = x * x
            total[c] += x * x
    for c in range(BLOCK):
        total[c] = 1.0 / (1.0 + k[c] * total[c])
    np.dot(adjoint, r, m)
    for j in range(width):
        for c in range(BLOCK):
            m[j, c] *= total[c]
    for h in range(half):
        s, re, im = symbol[0, h], symbol[1, h], symbol[2, h]
        for c in range(BLOCK):
            up, down = max(g_v[c] + v[c], 0.0), max(g_v[c] - v[c], 0.0)
            pc, ps = up * y[n + h, c], up * y[n + half + h, c]
            qc, qs = down * y[n + width + h, c], down * y[n + width + half + h, c]
            cosine = re * (pc + qc) + im * (ps - qs)
            sine = re * (ps + qs) - im * (pc - qc)
            d[h, c] = w_r[c] * s * m[h, c] + w_sv[c] * cosine
            d[half + h, c] = w_r[c] * s * m[half + h, c] + w_sv[c] * sine
    for j in range(width):
        for c in range(BLOCK):
            target = w_vs[c] * m[j, c]
            out[n + j, c] = (target - y[n + j, c]) * rate[c]
            out[n + width + j, c] = (target - y[n + width + j, c]) * rate[c]
    drive = out[:n]
    np.dot(basis, d, drive)
    for i in range(n):
        for c in range(BLOCK):
            out[i, c] += gate * current[i, c] - y[i, c]


@compiled(error_model="numpy")
def _follow(y, n, phases, position):
    """Bring unwrapped positions up to date; nan where the bump is dead, from then on."""
    real, imaginary, top = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    for i in range(n):
        for c in range(BLOCK):
            x = max(y[i, c], 0.0)
            top[c] = max(top[c], x)
            real[c] += phases[0, i] * (x * x)
            imaginary[c] += phases[1, i] * (x * x)
    for c in range(BLOCK):
        if top[c] < DEAD:
            position[c] = np.nan
        else:
            jump = math.degrees(math.atan2(imaginary[c], real[c])) - position[c]
            position[c] += jump - 360.0 * math.floor(jump / 360.0 + 0.5)


@compiled(error_model="numpy")
def _runge_kutta(y, position, v, current, gate, dt, basis, adjoint, symbol, numbers, phases):
    """As many steps as (len(v) - 1)/2, in place; v and gate at every half step."""
    n, width = basis.shape
    rows = len(y)
    k, at, total = np.empty((rows, BLOCK)), np.empty((rows, BLOCK)), np.empty((rows, BLOCK))
    r, m, d = np.empty((n, BLOCK)), np.empty((width, BLOCK)), np.empty((width, BLOCK))
    for step in range((len(v) - 1) // 2):
        for stage in range(4):
            half = 2 * step + (stage + 1) // 2
            weight = 1.0 if stage == 0 or stage == 3 else 2.0
            reach = dt if stage == 2 else 0.5 * dt
            start = y if stage == 0 else at
            _slope(start, v[half], current, gate[half], basis, adjoint, symbol, numbers, k, r, m, d)
            for i in range(rows):
                for c in range(BLOCK):
                    total[i, c] = k[i, c] if stage == 0 else total[i, c] + weight * k[i, c]
                    at[i, c] = y[i, c] + reach * k[i, c]
        for i in range(rows):
            for c in range(BLOCK):
                y[i, c] += dt / 6 * total[i, c]
        _follow(y, n, phases, position)


@compiled(error_model="numpy")
def _euler(y, position, v, current, gate, dt, basis, adjoint, symbol, numbers, phases, noise):
    """As many steps as noise has, of the Euler-Maruyama rule, in place; noise per sqrt(tau)."""
    n, width = basis.shape
    rows = len(y)
    k, root = np.empty((rows, BLOCK)), math.sqrt(dt)
    r, m, d = np.empty((n, BLOCK)), np.empty((width, BLOCK)), np.empty((width, BLOCK))
    for step in range(len(noise)):
        half = 2 * step
        _slope(y, v[half], current, gate[half], basis, adjoint, symbol, numbers, k, r, m, d)
        for i in range(rows):
            for c in range(BLOCK):
                y[i, c] += dt * k[i, c]
        for i in range(n):
            for c in range(BLOCK):
                y[i, c] += root * noise[step, i, c]
        _follow(y, n, phases, position)
