"""Panels of the students: where they are, how a clump grows, how many converge, what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.dynamics.state import NEAR
from ntp_dynamics.studies.score_matching.views.panel import Cells, Line, Panel, has, log10

INKS = ("blue", "orange", "green", "red", "sky", "ink")
FANS = (("descent", "t = 0"), ("averaged", "averaged"), ("flow", "flow"))


def fans(tree: Any, run: int) -> Iterator[Panel]:
    """Distances of the students from the truth."""
    for stage, words in FANS:
        if not has(tree, stage, "distance", "count") or (stage == "flow" and "descent" in tree):
            continue
        data = tree[stage]
        clock = "checkpoint" if stage == "flow" else "step_distance"
        lines = [
            Line(f"student {i + 1}", log10(data[clock].values), y, INKS[i % len(INKS)])
            for i, y in enumerate(data["distance"].values[run].T)
        ]
        last = int(data["count"].values[run, -1])
        title = f"{words}: {last} of {len(lines)} converge"
        label = "path length s" if stage == "flow" else "step"
        yield Panel(f"fan_{stage}", title, label, "|mu_i|", lines, log="x", level=NEAR)


def growth(tree: Any, run: int) -> Iterator[Panel]:
    """ln of the amplification of the spread, every run."""
    for stage in ("descent", "averaged"):
        if not has(tree, stage, "log_amplification", "path_length"):
            continue
        if not np.isfinite(tree[stage]["log_amplification"].values).any():
            continue
        data = tree[stage]
        x, every = log10(data["path_length"].values[0]), data["log_amplification"].values
        lines = [
            Line("runs", x, y, "blue", fade=1.0 if i == run else 0.25)
            for i, y in enumerate(every[:12])
        ]
        if stage == "descent" and has(tree, "theory", "log_amplification"):
            law = tree["theory"]["log_amplification"]
            path = log10(tree["theory"]["amplification_path"].values)
            lines.append(Line("ln prod(1 + 4 eta A^2/n)", path, law.values, "ink", "6 4"))
        title = "a clump is amplified" if stage == "descent" else "the same, averaged over noise"
        if stage == "descent" or "descent" not in tree:
            yield Panel("growth", title, "path length s", "ln (spread / first spread)", lines, "x")


def score(tree: Any, run: int) -> Iterator[Panel]:
    """v(x) along the first axis at the end of each descent, beside the density."""
    lines = []
    x = np.linspace(-4, 9, 261)
    for stage, ink in (("descent", "blue"), ("averaged", "orange")):
        if not has(tree, stage, "mu"):
            continue
        mu = tree[stage]["mu"].values[run, -1]
        v, near = _score(mu, x)
        words = "t = 0" if stage == "descent" else "averaged"
        lines.append(Line(f"v, {words}", x, v, ink))
        lines.append(Line(f"weight near, {words}", x, near, ink, "1 3"))
    if lines:
        lines.append(Line("data", x, np.exp(-(x**2) / 2), "ink", "6 4"))
        title = "error of the score, and weights, in the end"
        yield Panel("score", title, "x", "v(x)", lines, legend="center right")


def phase_map(tree: Any, run: int) -> Iterator[Panel]:
    """How many converge over (M, log10 sigma_0), and the line c = c*."""
    if not has(tree, "map", "converged"):
        return
    data, theory = tree["map"], tree["theory"]
    values = data["converged"].values[run, -1]
    n = int(theory["students"])
    reach, spread = data["start_distance"].values, data["spread"].values
    lines = [
        Line("c = c* of other patterns", theory["boundary_distance"].values, y, "soft", fade=0.5)
        for i, y in enumerate(theory["boundary"].values[:12])
        if i != run
    ]
    own = theory["boundary"].values[run]
    lines.append(
        Line("c = c* of this pattern", theory["boundary_distance"].values, own, "ink", "6 4")
    )
    cells = Cells(reach, spread, values, n)
    room = (spread[1] - spread[0]) / 2 if len(spread) > 1 else 0.5
    yield Panel(
        "map", "how many converge", "distance M", "log10 sigma_0", lines,
        cells=cells, y_range=(spread[0] - room, spread[-1] + room), legend="lower left",
    )  # fmt: skip


def collapse(tree: Any, run: int) -> Iterator[Panel]:
    """Counts at several distances fall on one curve over c."""
    if not has(tree, "collapse", "converged"):
        return
    data = tree["collapse"]
    c, distances = log10(data["amplified"].values), data["clump_distance"].values
    lines = [
        Line(f"M = {m:g}", c, data["converged"].values[run, -1, i] - 0.06 * i, INKS[i % len(INKS)])
        for i, m in enumerate(distances)
    ]
    threshold = float(log10([float(tree["theory"]["threshold"].values[run])])[0])
    yield Panel(
        "collapse", "c = sigma_0 K decides (curves set apart)", "c", "converged", lines,
        log="x", mark=threshold if np.isfinite(threshold) else None, legend="lower left",
    )  # fmt: skip


def thresholds(tree: Any, run: int) -> Iterator[Panel]:
    """How c* is distributed over patterns."""
    if not has(tree, "theory", "threshold"):
        return
    found = np.sort(tree["theory"]["threshold"].values)
    found = found[np.isfinite(found)]
    if len(found) > 1:
        share = (np.arange(len(found)) + 0.5) / len(found)
        own = float(tree["theory"]["threshold"].values[run])
        lines = [
            Line("patterns of this job", found, share, "blue", points=True),
            Line("median", np.full(2, np.median(found)), np.array([0.0, 1.0]), "ink", "6 4"),
        ]
        yield Panel(
            "thresholds", "c* depends on the pattern", "c*", "share of patterns below",
            lines, mark=own, y_range=(0.0, 1.0), legend="upper left",
        )  # fmt: skip


def landscape(tree: Any, run: int) -> Iterator[Panel]:
    """L(s, -s, 0, ...): the stationary point is a maximum along it."""
    if not has(tree, "saddle", "saddle_position", "saddle_loss"):
        return
    theory, data = tree["theory"], tree["saddle"]
    lines = []
    for i, n in enumerate(theory["landscape_students"].values):
        ink = INKS[i % len(INKS)]
        s, curve = theory["landscape_s"].values, theory["landscape"].values[i]
        lines.append(Line(f"n = {n:g}", s, curve, ink))
        at, value = (data[f"saddle_{x}"].values[run, -1, i] for x in ("position", "loss"))
        lines.append(Line("saddle", np.array([at]), np.array([value]), ink, points=True))
    yield Panel("landscape", "L(s, -s, 0, ...) and its saddle", "s", "loss L", lines)


def _score(mu: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """v along the first axis, and the weight of all students within .5 of the truth."""
    logs = x[:, None] * mu[:, 0] - 0.5 * (mu**2).sum(axis=1)
    w = np.exp(logs - logs.max(axis=1, keepdims=True))
    w /= w.sum(axis=1, keepdims=True)
    return w @ mu[:, 0], w @ (np.linalg.norm(mu, axis=1) < NEAR)
