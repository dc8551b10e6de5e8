"""Twelve defects injected into sound records, each judged like any other record.

A defect must not pass unseen: the verdict is *invalid*, or it is another one than that of the sound
record, or it stops at an earlier step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from benchmarks.calibration import collocation, recursions
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.studies.next_token.model import token_space
from ntp_dynamics.studies.next_token.theory import asymptotics, huang2024
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict

HORIZON = 10_000
NORM = asymptotics.EXACT_FEED_FORWARD[1]
LOSS = asymptotics.EXACT_FEED_FORWARD[2]


@dataclass(frozen=True)
class Defect:
    """The verdicts on the sound and on the broken record."""

    name: str
    sound: Verdict
    broken: Verdict

    @property
    def seen(self) -> str:
        """How the defect shows; empty where it does not."""
        if self.broken.gate == "invalid":
            return f"invalid: {self.broken.reason}"
        if self.broken.label != self.sound.label:
            return f"{self.broken.label} instead of {self.sound.label}: {self.broken.summary}"
        if self.broken.horizon < self.sound.horizon:
            return f"judged to step {self.broken.horizon:,} of {self.sound.horizon:,} only"
        return ""


def defects() -> list[Defect]:
    """All twelve, in the order of the report."""
    record = collocation.exact(2_000)
    t, w = recursions.two_points(HORIZON)
    gap, grid = recursions.gap_to(w), recorded_steps(HORIZON)
    law, norm = Law.power(2), np.log(w[:, 0]).T
    steps = np.log(recursions.two_point_steps())[:, None]
    sound, exact = judge(t, gap, law, schedule=grid), record.judge(NORM)
    growth = Law.equals(steps + np.log(t))
    kept = (t < 200) | (t > 2_000)
    twice = np.r_[: t.size // 2, t.size // 2 - 3 : t.size]

    def spoiled(name: str, values: np.ndarray, at: np.ndarray | slice = slice(None)) -> Defect:
        return Defect(name, sound, judge(t[at], values[:, at], law, schedule=grid))

    return [
        float32(),
        spoiled("square root of the metric recorded", gap / 2),
        Defect("steps counted from 0", exact, record.judge(NORM, t=record.t + 1)),
        spoiled("rows doubled by a resume", gap, twice),
        spoiled("a decade dropped", gap, np.flatnonzero(kept)),
        spoiled("wrong W*: that of another problem", recursions.gap_to(w, 0.3)),
        spoiled("W* from a solver that did not converge, off by 0.01", recursions.gap_to(w, 0.01)),
        Defect("step size of the claim 1 % off", exact, record.judge(NORM, constants=_other(
            record, eta0=1.01 * record.constants.eta0))),
        spoiled("decimal logs read as natural ones", gap / np.log(10)),
        Defect("runs shuffled against their constants", record.judge(LOSS), record.judge(
            LOSS, constants=_other(record, known=record.constants.known[::-1]))),
        Defect("values rounded to 4 digits", judge(t, norm, growth), judge(
            t, np.log(_rounded(np.exp(norm))), growth)),
        spoiled("a run cut short", gap, t <= 3_000),
    ]  # fmt: skip


def float32(size: int = 20, horizon: int = 3_000) -> Defect:
    """Normalised descent on the cross-entropy by automatic differentiation in float32: 1 - cos
    rises again after a thousand steps.  Sound: the lab's gradient in the log domain."""
    step_size, claim = 0.2 / size**0.5, huang2024.PROPOSITION_1[0]
    collocations = [[(x + 1) % size for x in range(size)]]
    zero = token_space.zeros(1, size, size)
    record = collocation.train(
        collocations, zero, step_size, horizon, normalised=True, zero_init=True
    )
    gap, residual = _naive_descent(size, horizon, step_size)
    broken = replace(record, gap=gap[None], residual=residual[None])
    floor = float(np.log(torch.finfo(torch.float32).eps ** 2 * horizon))
    return Defect(
        "cross-entropy in float32", record.judge(claim), broken.judge(claim, log_floor=floor)
    )


def _naive_descent(size: int, horizon: int, step_size: float) -> tuple[np.ndarray, np.ndarray]:
    """1 - cos and the zero-sum residual at the recorded steps."""
    label = torch.arange(1, size + 1) % size
    weight = torch.zeros(size, size, requires_grad=True)  # row x: the logits of token x
    target = (torch.eye(size)[label] - 1 / size).double()
    recorded, gap, residual = set(recorded_steps(horizon).tolist()), [], []
    for step in range(1, horizon + 1):
        loss = cross_entropy(weight, label, reduction="sum")
        (slope,) = torch.autograd.grad(loss, weight)
        with torch.no_grad():
            weight -= step_size * slope / slope.norm()
        if step in recorded:
            w = weight.detach().double()
            gap.append(0.5 * float((w / w.norm() - target / target.norm()).square().sum()))
            residual.append(float(slope.sum(1).norm() / slope.norm()))
    return np.array(gap), np.array(residual)


def _other(record: collocation.Trajectory, **changes: object) -> object:
    return type(record.constants)(**{**vars(record.constants), **changes})


def _rounded(y: np.ndarray) -> np.ndarray:
    scale = 10.0 ** (np.floor(np.log10(y)) - 3)
    return np.round(y / scale) * scale
