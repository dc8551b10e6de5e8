"""Figures of a job: what the bump does beside what theory says, a panel a phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.painting import Painter, last
from ntp_dynamics.verdict.palette import BLACK, BLUE, GREEN, ORANGE, PINK, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DELAYS = (BLUE, ORANGE, GREEN, PINK)
"""Colours of the delays tau_v, in turns."""


def broken_at_turns(degrees: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """Positions in [-180, 180), nan where the ring is closed."""
    folded = (degrees + 180) % 360 - 180
    jumps = np.abs(np.diff(folded, prepend=folded[0])) > 180
    return np.where(jumps, np.nan, folded)


def bump_on_its_way(ax: Axes, data: Any, theory: Any) -> None:
    """u(x, t) of run 0, the decoded path, and the commanded one."""
    clock, x = data["time_potential"].values, data["neuron"].values
    u = np.maximum(data["potential"].values[0], 0.0)
    mesh = ax.pcolormesh(clock, x, u.T, cmap="Blues", shading="nearest", rasterized=True)
    ax.figure.colorbar(mesh, ax=ax, label="input u", pad=0.02)
    t = data["time"].values
    way = broken_at_turns(data["position"].values[0])
    ax.plot(data["time_position"].values, way, color=BLACK, lw=2.6, label="decoded")
    if "commanded" in data:
        command = broken_at_turns(data["commanded"].values[0])
        ax.plot(
            data["time_commanded"].values, command, color=ORANGE, lw=1.2, ls="--", label="commanded"
        )
    if "input" in data:
        on = t[data["input"].values[0] > 0]
        cue = data["position"].values[0, 0] + data["distance"].values[0, 0]
        where = broken_at_turns(np.full(2, cue))
        ax.plot([on[0], on[-1]], where, color=RED, lw=3, solid_capstyle="butt", label="cue on")
    ax.set(xlabel="time (tau)", ylabel="position (degrees)", ylim=(-180, 180))
    ax.set_yticks([-180, -90, 0, 90, 180])
    ax.grid(False)
    ax.legend(loc="lower left")


def speeds(ax: Axes, data: Any, theory: Any) -> None:
    """ds/dt against v: exact waves, the gains at v -> 0, and what was measured."""
    v, knee = theory["wave_v"].values, float(theory["knee"])
    delay = data["delay"].values
    for i, tau_v in enumerate(data["tau_v"].values):
        colour, mine = DELAYS[i % len(DELAYS)], delay == tau_v
        ax.plot(v, theory["wave"].values[i], color=colour, lw=1.6, label=f"wave, tau_v = {tau_v:g}")
        for name, style in (("gaussian", ":"), ("exact", "--")):
            slope = float(theory[f"gain_{name}"].values[i])
            ax.plot([0, 1.15 * knee], [0, 1.15 * knee * slope], color=colour, ls=style, lw=1)
        points = last(data, "speed")[0, mine]
        ax.plot(data["v"].values[mine], points, "o", color=colour, ms=4.5, mec="white", zorder=3)
    naive = float(theory["gain_naive"].values[0])
    ax.plot([0, 1.15 * knee], [0, 1.15 * knee * naive], color="0.5", lw=1, label="naive gain")
    ax.plot([], [], color="0.3", ls="--", lw=1, label="exact gain, v to 0")
    ax.plot([], [], color="0.3", ls=":", lw=1, label="Gaussian gain")
    ax.plot([], [], "o", color="0.3", ms=4.5, label="simulated")
    ax.axvline(knee, color="0.8", zorder=0)
    ax.annotate("v = g_v", (knee, 0), (3, 3), textcoords="offset points", color="0.4", fontsize=8)
    ax.set(xlabel="speed input v", ylabel="ds/dt (degrees / tau)", xlim=(0, v[-1]), ylim=(0, None))
    ax.legend(loc="upper left", fontsize=7)


def tuning(ax: Axes, data: Any, theory: Any) -> None:
    """r_+ of every neuron, centred on the bump, at the speed inputs of the last delay."""
    mine = np.flatnonzero(data["delay"].values == data["tau_v"].values[-1])
    x, knee = data["sweep_neuron"].values, float(theory["knee"])
    for rank, case in enumerate(mine):
        place = last(data, "position")[0, case]
        shift = (x - place + 180) % 360 - 180
        order = np.argsort(shift)
        shade = 0.25 + 0.75 * rank / max(len(mine) - 1, 1)
        v = data["v"].values[case]
        curve = last(data, "tuning")[0, case][order]
        ax.plot(shift[order], curve, color=BLUE, alpha=shade, label=f"v = {v / knee:.2g} g_v")
    ax.set(xlabel="neuron, from the bump (degrees)", ylabel="rate r_+")
    ax.set_xticks([-180, -90, 0, 90, 180])
    ax.legend(loc="upper right", fontsize=7)


def heights(ax: Axes, data: Any, theory: Any) -> None:
    """U(w): both branches, and the bumps that were left."""
    ratio = theory["branch"].values
    ax.plot(ratio, theory["height"].values, color=BLACK, lw=1.4, label="U, stable")
    unstable = theory["height_unstable"].values
    ax.plot(ratio, unstable, color=BLACK, lw=1.2, ls="--", label="U, unstable")
    found = data["w_over_wc"].values, last(data, "u_peak")[0]
    ax.plot(*found, "o", color=BLUE, ms=5, mec="white", label="simulated")
    ax.axvline(1, color="0.8", zorder=0)
    ax.set(xlabel="weight w/w_c", ylabel="peak of u")
    ax.set_xlim(min(found[0].min(), 1) - 0.05, found[0].max() + 0.05)
    top = max(found[1].max(), float(np.interp(found[0].max(), ratio, theory["height"].values)))
    ax.set_ylim(-0.04 * top, 1.12 * top)
    ax.legend(loc="upper left")


def eigenvalues(ax: Axes, data: Any, theory: Any) -> None:
    """Eigenvalues in falling order against theory."""
    found, expected = last(data, "eigenvalues")[0], theory["eigenvalue"].values
    order = np.arange(1, len(found) + 1)
    ax.vlines(order, 0, found, color=BLUE, lw=2)
    ax.plot(order, found, "o", color=BLUE, ms=6, label="of W dr/du, on the grid")
    height = np.isclose(expected, float(theory["height_eigenvalue"]))
    shapes = {"2^(1-n), translation first": ~height, "height: 1 - sqrt(1 - w_c^2/w^2)": height}
    for (label, chosen), mark in zip(shapes.items(), ("_", "x"), strict=True):
        colour = BLACK if mark == "_" else RED
        ax.plot(order[chosen], expected[chosen], mark, color=colour, ms=14 if mark == "_" else 8,
                mew=1.8, label=label)  # fmt: skip
    ax.set(xlabel="order", ylabel="eigenvalue", ylim=(0, 1.15))
    ax.set_xticks(order)
    ax.legend(loc="upper right")


def pinning(ax: Axes, data: Any, theory: Any) -> None:
    """|1 - lambda| of translation over (a/dx)^2: an exponential."""
    x = theory["finesse"].values ** 2
    ax.semilogy(x, theory["pinning_rate"].values, color=BLACK, lw=1.4, label="theory")
    here, rate = data["a_over_dx"].values ** 2, last(data, "pinning_rate")[0]
    ax.semilogy(here, rate, "o", color=BLUE, ms=5, mec="white", label="on the grid")
    for n, i, y in zip(data["grid"].values, here, rate, strict=True):
        if i < x[-1]:
            ax.annotate(f"{n:g}", (i, y), (5, 3), textcoords="offset points", fontsize=7)
    ax.axhspan(1e-17, 1e-14, color="0.92", zorder=0, label="rounding")
    ax.set(xlabel="(a/dx)^2, points: neurons N", ylabel="|1 - lambda| of translation")
    ax.set_xlim(0.3, min(max(here.max(), 1.5), x[-1]) + 0.1)
    ax.set_ylim(1e-16, 10)
    ax.legend(loc="upper right")


def spreading(ax: Axes, data: Any, theory: Any) -> None:
    """Mean square displacement from the start against (Var s/t) t."""
    t = data["time"].values
    per_run = data["square_displacement"].values
    shown = t > 0
    ax.loglog(t[shown], per_run[:, shown].T, color=BLUE, lw=0.4, alpha=0.15)
    mean = per_run.mean(axis=0)
    ax.loglog(t[shown], mean[shown], color=BLUE, lw=1.8, label=f"mean of {len(per_run)} runs")
    rate = float(theory["diffusivity"])
    ax.loglog(t[shown], rate * t[shown], color=BLACK, ls="--", lw=1.2, label="theory")
    floor = mean[shown & (mean > 0)].min(initial=1.0)
    ax.set(xlabel="time (tau)", ylabel="square displacement (degrees^2)")
    ax.set_ylim(floor / 5, 4 * max(mean.max(), rate * t[-1]))
    ax.legend(loc="upper left")


def drift(ax: Axes, data: Any, theory: Any) -> None:
    """Drift field of run 0 at the middle eps: predicted, simulated, and where memories survive."""
    sizes = data["eps"].values
    eps = sizes[len(sizes) // 2]
    x = theory["angle"].values
    field = eps * theory["drift_field"].values[0]
    order = np.argsort((x + 180) % 360)
    x, field = ((x + 180) % 360 - 180)[order], field[order]
    ax.plot(x, field, color=BLACK, lw=1.2, label="predicted f(s)")
    mine = data["size"].values == eps
    start = (data["start"].values[mine] + 180) % 360 - 180
    speed = last(data, "drift")[0, mine]
    still = 0 * start
    ax.quiver(start, still, np.sign(speed), still, color=BLUE, scale=34, width=0.006, zorder=3)
    ax.plot(start, speed, "o", color=BLUE, ms=4, mec="white", label="simulated drift")
    for stable, face in ((True, GREEN), (False, "white")):
        signs = (
            (field[:-1] > 0) & (field[1:] <= 0) if stable else (field[:-1] <= 0) & (field[1:] > 0)
        )
        at = np.flatnonzero(signs)
        zeros = x[at] + (x[at + 1] - x[at]) * field[at] / (field[at] - field[at + 1])
        word = "stable: a memory" if stable else "unstable"
        ax.plot(zeros, 0 * zeros, "s", ms=7, mfc=face, mec=GREEN, mew=1.6, zorder=4, label=word)
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    top = 1.9 * np.abs(field).max()
    ax.set(xlabel="position (degrees)", ylabel="ds/dt (degrees / tau)", ylim=(-top, top))
    ax.set_xticks([-180, -90, 0, 90, 180])
    ax.legend(loc="upper left", ncols=2, fontsize=7, title=f"eps = {eps:g}", title_fontsize=7)


def integration(ax: Axes, data: Any, theory: Any) -> None:
    """Position less what was commanded, every run."""
    t, error = data["time"].values, data["integration_error"].values
    ax.plot(t, error.T, color=BLUE, lw=0.5, alpha=0.3)
    ax.axhspan(-0.05, 0.05, color="0.93", zorder=0, label="within .05 degrees")
    ax.set(xlabel="time (tau)", ylabel="error (degrees)", ylim=(-0.1, 0.1))
    ax.legend(loc="upper right")


def distance(ax: Axes, data: Any, theory: Any) -> None:
    """Way left to the cue, every run."""
    t, away = data["time"].values, data["distance"].values
    on = data["input"].values[0] > 0
    ax.plot(t, away.T, color=BLUE, lw=0.8, alpha=0.6)
    ax.axvspan(t[on][0], t[on][-1], color="0.93", zorder=0, label="cue on")
    ax.set(xlabel="time (tau)", ylabel="way to the cue (degrees)")
    ax.legend(loc="upper right")


PANELS: Sequence[tuple[str, str, Painter]] = [
    ("path", "the bump on its way, run 0", bump_on_its_way),
    ("sweep", "speed of the bump", speeds),
    ("sweep", "tuning of speed neurons", tuning),
    ("critical", "a bump needs w > w_c", heights),
    ("spectrum", "spectrum at the bump", eigenvalues),
    ("pinning", "a coarse grid pins the bump", pinning),
    ("diffusion", "noise moves the bump", spreading),
    ("disorder", "noisy weights, run 0", drift),
    ("path", "error of integration", integration),
    ("cue", "a cue resets the bump, run 0", bump_on_its_way),
    ("cue", "way to the cue", distance),
]
