"""Panels of one run as plain data: lines, points and one map each, drawn by `network.js`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.record.record import Record
from ntp_dynamics.studies.attractor.painting import last
from ntp_dynamics.studies.attractor.panels import broken_at_turns

Panel = dict[str, Any]
FRAMES = 80
"""Columns of the map of u(x, t) that a page holds."""


def network(record: Record, run: int) -> dict[str, Any] | None:
    """A panel or two for every phase that was recorded on a ring; None where there is none."""
    tree = record.trajectory
    if "theory" not in tree:
        return None
    theory = tree["theory"].dataset
    panels = [
        panel
        for stage, make in PANELS.items()
        if stage in tree
        for panel in make(tree[stage].dataset, theory, run)
    ]
    return {"panels": panels} if panels else None


def _numbers(values: Iterable[float]) -> list[float | None]:
    """Short finite numbers; None for what is none."""
    return [float(f"{x:.5g}") if math.isfinite(x) else None for x in np.asarray(values).tolist()]


def _line(
    label: str, x: Float[np.ndarray, " T"], y: Float[np.ndarray, " T"], ink: str, **more: Any
) -> dict[str, Any]:
    """A curve, or points (``points=True``); ``dash`` for the broken ones: True, or lengths;
    ``fade`` for the paler ones: opacity in (0, 1]."""
    return {"label": label, "x": _numbers(x), "y": _numbers(y), "ink": ink, **more}


def _panel(name: str, title: str, x: str, y: str, lines: list[Any], **more: Any) -> Panel:
    return {"name": name, "title": title, "x": x, "y": y, "lines": lines, **more}


def _path(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    clock, u = data["time_potential"].values, np.maximum(data["potential"].values[run], 0.0)
    stride = -(-len(clock) // FRAMES)
    shown = {
        "x": _numbers(clock[::stride]),
        "y": _numbers(data["neuron"].values),
        "values": [_numbers(row) for row in u[::stride]],
    }
    t = data["time_position"].values
    lines = [_line("decoded", t, broken_at_turns(data["position"].values[run]), "ink")]
    if "commanded" in data:
        command = broken_at_turns(data["commanded"].values[run])
        lines.append(
            _line("commanded", data["time_commanded"].values, command, "orange", dash=True)
        )
    yield _panel("way", "The bump on its way", "time (tau)", "position (degrees)", lines, map=shown)
    if "integration_error" in data:
        error = _line("error", data["time"].values, data["integration_error"].values[run], "blue")
        yield _panel("error", "Position less the command", "time (tau)", "degrees", [error])


def _sweep(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    v, knee, lines = theory["wave_v"].values, float(theory["knee"]), []
    ends = np.array([0.0, 1.15 * knee])
    naive = float(theory["gain_naive"].values[0])
    lines.append(_line("naive gain", ends, ends * naive, "soft"))
    for i, tau_v in enumerate(data["tau_v"].values):
        ink, mine = ("blue", "orange", "green", "red")[i % 4], data["delay"].values == tau_v
        lines.append(_line(f"wave, tau_v = {tau_v:g}", v, theory["wave"].values[i], ink))
        for which, dash in (("exact", "6 4"), ("gaussian", "1 3")):
            slope = float(theory[f"gain_{which}"].values[i])
            lines.append(_line(f"{which} gain", ends, ends * slope, ink, dash=dash))
        points = data["v"].values[mine], last(data, "speed")[run, mine]
        lines.append(_line("simulated", *points, ink, points=True))
    words = ("Speed of the bump", "speed input v", "ds/dt (degrees / tau)")
    yield _panel("speed", *words, lines, mark=[knee, "v = g_v"])
    x, place, curves = data["sweep_neuron"].values, last(data, "position")[run], []
    mine = np.flatnonzero(data["delay"].values == data["tau_v"].values[-1])
    for case, fade in zip(mine, np.linspace(0.3, 1.0, len(mine)), strict=True):
        away = (x - place[case] + 180) % 360 - 180
        order = np.argsort(away)
        rate, speed = last(data, "tuning")[run, case][order], data["v"].values[case]
        curves.append(_line(f"v = {speed:.3g}", away[order], rate, "blue", fade=float(fade)))
    yield _panel("tuning", "Tuning of speed neurons", "from the bump (degrees)", "rate r_+", curves)


def _critical(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    ratio, found = theory["branch"].values, data["w_over_wc"].values
    kept = ratio <= found.max() + 0.05
    lines = [
        _line("U, stable", ratio[kept], theory["height"].values[kept], "ink"),
        _line("U, unstable", ratio[kept], theory["height_unstable"].values[kept], "ink", dash=True),
        _line("simulated", found, last(data, "u_peak")[run], "blue", points=True),
    ]
    words = ("A bump needs w > w_c", "weight w/w_c", "peak of u")
    yield _panel("height", *words, lines, mark=[1, "w = w_c"])


def _spectrum(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    found = last(data, "eigenvalues")[run]
    order = np.arange(1.0, len(found) + 1)
    lines = [
        _line("of W dr/du", order, found, "blue", points=True, stems=True),
        _line("theory", order, theory["eigenvalue"].values, "ink", points=True, ticks=True),
    ]
    yield _panel("spectrum", "Spectrum at the bump", "order", "eigenvalue", lines)


def _pinning(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    with np.errstate(divide="ignore"):
        found = np.log10(last(data, "pinning_rate")[run])
    lines = [
        _line("theory", theory["finesse"].values ** 2, np.log10(theory["pinning_rate"]), "ink"),
        _line("on the grid", data["a_over_dx"].values ** 2, found, "blue", points=True),
    ]
    words = ("A coarse grid pins the bump", "(a/dx)^2", "log10 |1 - lambda|")
    yield _panel("pinning", *words, lines)


def _diffusion(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    t, square = data["time"].values, data["square_displacement"].values
    lines = [
        _line(f"mean of {len(square)} runs", t, square.mean(axis=0), "blue"),
        _line("this run", t, square[run], "soft"),
        _line("theory", t, float(theory["diffusivity"]) * t, "ink", dash=True),
    ]
    yield _panel("spread", "Noise moves the bump", "time (tau)", "degrees^2", lines)


def _disorder(data: Any, theory: Any, run: int) -> Iterator[Panel]:
    sizes = data["eps"].values
    eps = sizes[len(sizes) // 2]
    x = (theory["angle"].values + 180) % 360 - 180
    order = np.argsort(x)
    mine = data["size"].values == eps
    start = (data["start"].values[mine] + 180) % 360 - 180
    lines = [
        _line("predicted", x[order], eps * theory["drift_field"].values[run][order], "ink"),
        _line("simulated", start, last(data, "drift")[run, mine], "blue", points=True),
    ]
    words = (f"Noisy weights, eps = {eps:g}", "position (degrees)", "ds/dt (degrees / tau)")
    yield _panel("drift", *words, lines, level=0)


PANELS: dict[str, Callable[[Any, Any, int], Iterator[Panel]]] = {
    "path": _path,
    "cue": _path,
    "sweep": _sweep,
    "critical": _critical,
    "spectrum": _spectrum,
    "pinning": _pinning,
    "diffusion": _diffusion,
    "disorder": _disorder,
    "torus_critical": _critical,
    "torus_spectrum": _spectrum,
    "torus_diffusion": _diffusion,
}
