"""Panels of the loss: its way, its exponent, and what is left when a law is divided out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.theory import far
from ntp_dynamics.studies.score_matching.views.panel import Line, Panel, from_ln, has, log10

WAYS = (
    ("descent", "t = 0, descent", "blue"),
    ("flow", "t = 0, flow", "sky"),
    ("averaged", "averaged over noise", "orange"),
)
S = "path length s"


def loss(tree: Any, run: int) -> Iterator[Panel]:
    """L against s, beside the bounds and the sharp laws."""
    lines = list(_runs(tree, "log_loss", run, from_ln))
    if not lines:
        return
    paths = [_path(tree, name) for name, _, _ in WAYS if has(tree, name, "log_loss", "path_length")]
    last = max(float(x[-1]) for x in paths)
    if has(tree, "flow", "log_loss", "path_length", "far_min"):
        n, r = int(tree["theory"]["students"]), tree["flow"]["far_min"].values[run]
        s = _path(tree, "flow")
        if n > 1:
            late = (r > 5) & (s >= 10.0 * s[1])
            law = 16 * (n - 1) / (s[late] * (r[late] ** 2 - 16))
            lines.append(Line("16(n-1)/(s(r^2-16))", log10(s[late]), log10(law), "ink", "6 4"))
    top, end = _height(tree, run), np.array([0.0, np.log10(last)])
    for power, words in ((0.5, "s^-1/2, proved for a ball"), (1.0, "1/s, proved for one far")):
        lines.append(Line(words, end, top - power * end, "soft", "1 3"))
    if has(tree, "averaged", "log_loss", "path_length"):
        x, y = _curve(tree, "averaged", run)
        ends = x[-1] + np.array([-0.3, 1.2])
        lines.append(Line("s^-2", ends, y[-1] - 2 * (ends - x[-1]), "red", "6 4"))
    yield Panel("loss", "loss", S, "loss L", lines, log="xy", legend="lower left")


def exponent(tree: Any, run: int) -> Iterator[Panel]:
    """d ln L/d ln s."""
    lines = list(_runs(tree, "running_exponent", run))
    if not lines:
        return
    last = 10 ** max(float(np.nanmax(line.x)) for line in lines)
    s = np.logspace(1, np.log10(last), 80) if last > 20 else np.array([10.0, 20.0])
    lines.append(Line("-1 - 1/ln s", np.log10(s), far.exponent(s), "ink", "6 4"))
    yield Panel(
        "exponent", "running exponent", S, "d ln L / d ln s", lines,
        log="x", level=-2.0, y_range=(-4.0, 0.2), legend="lower left",
    )  # fmt: skip


def compensated(tree: Any, run: int) -> Iterator[Panel]:
    """What is flat where a law holds."""
    found = [
        *_runs(tree, "compensated_far", run, label="far: L s(r^2-16)/(16(n-1))"),
        *_runs(tree, "compensated_ball", run, label="ball: L / law of the ball"),
    ]
    lines = [line for line in found if np.isfinite(line.y).any()]
    if lines:
        yield Panel(
            "compensated", "loss over its law: flat where it holds", S, "ratio", lines,
            log="x", level=1.0, y_range=(0.8, 1.3), legend="upper right",
        )  # fmt: skip


def shares(tree: Any, run: int) -> Iterator[Panel]:
    """Which noise level has the loss."""
    if not has(tree, "averaged", "level_share"):
        return
    data = tree["averaged"]
    step = data["checkpoint"].values
    inks = ("blue", "sky", "green", "orange", "red", "ink", "soft")
    lines = [
        Line(f"t = {t:g}", log10(step), data["level_share"].values[run, :, j], inks[j % len(inks)])
        for j, t in enumerate(data["level"].values)
    ]
    yield Panel(
        "shares", "which noise level has the loss", "step of the averaged descent",
        "share of L", lines, log="x", y_range=(-0.03, 1.03), legend="upper left",
    )  # fmt: skip


def blindness(tree: Any, run: int) -> Iterator[Panel]:
    """Estimates from batches over the exact loss."""
    if not has(tree, "batches", "plain", "importance"):
        return
    data = tree["batches"]
    r = data["far_distance"].values
    lines = []
    for name, words, ink in (("plain", "plain", "blue"), ("importance", "importance", "orange")):
        every = data[name].values[:, -1]
        lines += [Line(f"{words} batches", r, log10(y), ink, points=True, fade=0.4) for y in every]
        lines.append(Line(f"{words}, median", r, log10(np.median(every, axis=0)), ink))
    yield Panel(
        "blindness", "loss from batches over the exact loss", "distance of the far student",
        "estimate / exact", lines, log="y", level=0.0, legend="lower left",
    )  # fmt: skip


def _runs(
    tree: Any, name: str, run: int, change: Any = np.asarray, label: str = ""
) -> Iterator[Line]:
    """The run that is shown, and the others pale behind it."""
    for stage, words, ink in WAYS:
        if not has(tree, stage, name, "path_length"):
            continue
        x, every = log10(_path(tree, stage)), change(tree[stage][name].values)
        if not np.isfinite(every).any():
            continue
        for other in range(min(len(every), 12)):
            if other != run:
                yield Line(label or words, x, every[other], ink, fade=0.25)
        yield Line(label or words, x, every[run], ink)


def _path(tree: Any, stage: str) -> np.ndarray:
    return tree[stage]["path_length"].values[0]


def _curve(tree: Any, stage: str, run: int) -> tuple[np.ndarray, np.ndarray]:
    return log10(_path(tree, stage)), from_ln(tree[stage]["log_loss"].values[run])


def _height(tree: Any, run: int) -> float:
    """log10 of the first loss."""
    stage = next(name for name, _, _ in WAYS if has(tree, name, "log_loss", "path_length"))
    first = from_ln(tree[stage]["log_loss"].values[run])
    return float(first[np.isfinite(first)][0]) if np.isfinite(first).any() else 0.0
