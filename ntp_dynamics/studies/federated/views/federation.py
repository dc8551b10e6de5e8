"""Panels of one job as plain data: lines, points, bands and one map, drawn by `federation.js`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.federated.config import COPIES, PhaseName
from ntp_dynamics.studies.federated.panels import Groups, clock, mean_and_limits, tasks

Panel = dict[str, Any]
AXES = {
    "round": "round t",
    "queries": "function queries",
    "uplink": "floats sent, dense",
    "uplink_scalars": "scalars sent, shared seeds",
}
INKS = {"quadratic": "blue", "logistic": "red", "sigmoid": "pink", "user": "onbar"}


def federation(record: Record, run: int) -> dict[str, Any] | None:
    """A panel or two for every phase that was recorded; None where there is none."""
    groups = {name: group.dataset for name, group in record.trajectory.children.items()}
    if "theory" not in groups:
        return None
    made = [panel for make in PANELS for panel in make(groups, run)]
    return {"panels": made} if made else None


def numbers(values: Iterable[float]) -> list[float | None]:
    """Short finite numbers; None for what is none."""
    return [float(f"{x:.4g}") if math.isfinite(x) else None for x in np.asarray(values).tolist()]


def line(label: str, x: Any, y: Any, ink: str, **more: Any) -> dict[str, Any]:
    """A curve, or points (``points=True``); ``dash`` for the broken ones; ``low``, ``high``: a
    band.  ``x`` is an array, or arrays by the name of an axis that can be switched to."""
    across = {k: numbers(v) for k, v in x.items()} if isinstance(x, dict) else numbers(x)
    band = {name: numbers(more.pop(name)) for name in ("low", "high") if name in more}
    return {"label": label, "x": across, "y": numbers(y), "ink": ink, **band, **more}


def panel(name: str, title: str, x: Any, y: str, lines: list[Any], logs: str, **more: Any) -> Panel:
    """``logs``: which axes are logarithmic, of "x", "y", "xy" and ""."""
    return {"name": name, "title": title, "x": x, "y": y, "lines": lines, "logs": logs, **more}


def _excess(groups: Groups, run: int) -> Iterator[Panel]:
    theory, lines = groups["theory"], []
    for task, data in tasks(groups, "log_excess"):
        log_y, t = data["log_excess"].values, clock(data)
        kept = t > 0
        across = {name: data[name].values[0][kept] for name in list(AXES)[1:]}
        across = {"round": t[kept], **{k: x for k, x in across.items() if x[-1] > 0}}
        mean, low, high = (x[kept] for x in mean_and_limits(log_y))
        ink, words = INKS[task], f"{task}, mean of {len(log_y)}"
        lines.append(line(words, across, mean, ink, low=low, high=high))
        lines.append(line(f"{task}, this run", across, np.exp(log_y[run][kept]), ink, fade=0.35))
        if task == "quadratic" and "log_excess_exact" in theory:
            at = theory["round_quadratic"].values
            exact = np.exp(np.interp(t[kept], at, theory["log_excess_exact"].values))
            lines.append(line("exact moments", across, exact, "ink", dash=True))
    if lines:
        axes = {k: AXES[k] for k in AXES if all(k in x["x"] for x in lines)}
        yield panel(
            "excess", "Excess, at equal rounds or equal cost", axes, "F_S - F*", lines, "xy"
        )


def _rate(groups: Groups, run: int) -> Iterator[Panel]:
    theory, lines = groups["theory"], []
    for task, data in tasks(groups, "log_excess"):
        if f"rate_{task}" not in theory:
            continue
        t = clock(data)
        times = (t + float(theory["t0"])) / float(theory[f"rate_{task}"])
        mean, low, high = (x * times for x in mean_and_limits(data["log_excess"].values))
        lines.append(line(task, t[1:], mean[1:], INKS[task], low=low[1:], high=high[1:]))
    if lines:
        words = "round t", "(t + t0)(F_S - F*)/C"
        yield panel("rate", "The 1/t law: 1 where it holds", *words, lines, "xy", level=1)


def _drift(groups: Groups, run: int) -> Iterator[Panel]:
    lines = []
    for task, data in tasks(groups, "log_client_drift"):
        mean, low, high = mean_and_limits(data["log_client_drift"].values[:, 1:])
        lines.append(line(task, clock(data)[1:], mean, INKS[task], low=low, high=high))
    if lines:
        words = "round t", "mean |v_i - mean v|^2"
        yield panel("drift", "Clients at the end of a round", *words, lines, "xy")


def _copies(groups: Groups, run: int) -> Iterator[Panel]:
    theory = groups["theory"]
    bounds = {
        "any": ("any loss", "onbar"),
        "convex": ("convex losses", "pink"),
        "path": ("from the run's moments", "pink"),
        "exact": ("root of the exact mean square", "ink"),
    }
    for task, data in tasks(groups, "log_model_distance", COPIES):
        stage, t = f"{task}{COPIES}", clock(data)
        mean, low, high = mean_and_limits(data["log_model_distance"].values)
        own = line(f"mean of {data.sizes['run']}", t[1:], mean[1:], INKS[task], low=low[1:],
                   high=high[1:])  # fmt: skip
        lines = [own]
        for name, (label, ink) in bounds.items():
            if f"{name}_{stage}" in theory:
                at, y = theory[f"round_{stage}"].values, np.exp(theory[f"{name}_{stage}"].values)
                kept = (at > 0) & (y < 1e3 * mean.max())
                lines.append(line(label, at[kept], y[kept], ink, dash=True))
        words = f"One sample replaced, {task}", "round t", "|w - w'|"
        yield panel(stage, *words, lines, "xy")


def _collapse(groups: Groups, run: int) -> Iterator[Panel]:
    lines = []
    for task, data in tasks(groups, "scaled_distance", COPIES):
        mean = data["scaled_distance"].values[:, -1].mean(axis=0)
        lines.append(line(task, data["n"].values, mean, INKS[task], points=True))
    if lines:
        words = "samples a client, n", "n N |w - w'|"
        yield panel("collapse", "The same for every n", *words, lines, "x", level=0)


def _estimator(groups: Groups, run: int) -> Iterator[Panel]:
    if PhaseName.estimator in groups:
        data, theory = groups[PhaseName.estimator], groups["theory"]
        b2, mean = data["b2"].values, data["ratio_by_directions"].values[:, -1].mean(axis=0)
        lines = [
            line("kappa^2", b2, theory["kappa2"].values, "ink", dash=True),
            line("estimates", b2, mean, "blue", points=True),
        ]
        words = "directions b2", "|ghat|^2/|g_B|^2"
        yield panel("kappa", "Second moment of the estimator", *words, lines, "xy")


def _evaluated(groups: Groups, run: int) -> Iterator[Panel]:
    theory = groups["theory"]
    if PhaseName.limit in groups:
        data = groups[PhaseName.limit]
        values = data["ms_radius"].values[run, -1]
        own = np.minimum(data["ms_limit_own"].values[run, -1], theory["eta"].values[-1])
        shown = {
            "x": numbers(theory["eta"].values),
            "rows": [f"{h:g}" for h in data["H"].values],
            "values": [numbers(row) for row in values],
        }
        lines = [line("radius 1", own, np.arange(len(own)), "ink", points=True)]
        words = "How large a step may be", "step size eta", "local steps H"
        yield panel("limit", *words, lines, "x", map=shown)
    for phase, name, axis, formula, words, logs in ARRAYS:
        if phase in groups:
            data = groups[phase]
            x, y = data[axis].values, data[name].values[run, -1]
            shown = (y > 0) | ("y" not in logs)  # of a small mu rounding is left
            x, y = x[shown], y[shown]
            lines = [line("evaluated", x, y, "blue", points=True)]
            if formula:
                curve = theory[formula].values[shown]
                lines.append(line("closed form", x, curve, "ink", dash=True))
            yield panel(str(phase), *words, lines, logs)


ARRAYS = (
    (
        PhaseName.delay,
        "delay_limit",
        "tau",
        "delay_formula",
        ("Late clients", "fixed lag tau (rounds)", "largest step size"),
        "y",
    ),
    (
        PhaseName.bias,
        "floor_of_smoothing",
        "mu",
        "",
        ("Smoothing adds mu^2", "smoothing mu", "floor(mu) - floor(0)"),
        "xy",
    ),
    (
        PhaseName.tails,
        "noise_floor",
        "theta",
        "",
        ("Tails: the floor over Gamma(2 theta + 1)", "theta", "over that of unit power"),
        "",
    ),
)


def _budget(groups: Groups, run: int) -> Iterator[Panel]:
    if PhaseName.budget not in groups:
        return
    data, lines = groups[PhaseName.budget], []
    b2, best = data["num_directions"].values, data["best_excess"].values[run, -1]
    inks = ("blue", "red", "pink", "onbar", "soft")
    for m in np.unique(data["participants"].values):
        for h, ink in zip(np.unique(data["local_steps"].values), inks, strict=False):
            mine = (data["participants"].values == m) & (data["local_steps"].values == h)
            dash = m != data["participants"].values.max()
            lines.append(line(f"H = {h}, M = {m}", b2[mine], best[mine], ink, dash=bool(dash)))
    words = "directions b2", "least excess"
    yield panel("budget", "What the queries buy", *words, lines, "xy")


PANELS = (_excess, _rate, _drift, _estimator, _copies, _collapse, _evaluated, _budget)
