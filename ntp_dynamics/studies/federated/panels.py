"""Figures of a job: what runs do beside what theory says, one sheet, a panel or two a phase."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.sheets import Sheet
from ntp_dynamics.studies.federated.config import COPIES, PhaseName, Task
from ntp_dynamics.verdict.palette import BLACK, BLUE, GREEN, ORANGE, PINK, RED

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

Groups = Mapping[str, Any]
"""Datasets of the phases that were recorded, by name, and that of `theory`."""
INKS = {"quadratic": BLUE, "logistic": ORANGE, "sigmoid": GREEN, "user": PINK}


def mean_and_limits(
    log_y: Float[np.ndarray, "R T"],
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """Mean over runs of y, and its 95 % limits."""
    y = np.exp(log_y)
    mean = y.mean(axis=0)
    error = 1.96 * y.std(axis=0, ddof=1) / np.sqrt(len(y)) if len(y) > 1 else 0 * mean
    return mean, np.maximum(mean - error, mean / 50), mean + error


def clock(data: Any) -> Float[np.ndarray, " T"]:
    """Recorded rounds."""
    return data["round"].values.astype(float)


def tasks(groups: Groups, name: str, suffix: str = "") -> Iterator[tuple[str, Any]]:
    """Tasks that have an observable in a phase of theirs."""
    for task in Task:
        data = groups.get(f"{task}{suffix}")
        if data is not None and name in data:
            yield str(task), data


def _curve(ax: Axes, t: Any, log_y: Any, task: str, times: Any = 1.0) -> None:
    mean, low, high = mean_and_limits(log_y)
    shown = t > 0
    ax.fill_between(t[shown], (low * times)[shown], (high * times)[shown], color=INKS[task],
                    alpha=0.25, lw=0)  # fmt: skip
    ax.plot(t[shown], (mean * times)[shown], color=INKS[task], lw=1.6,
            label=f"{task}, mean of {len(log_y)}")  # fmt: skip


def excess(ax: Axes, groups: Groups) -> None:
    """E[F_S - F*] of every task against rounds, and the exact curve of the quadratic."""
    theory = groups["theory"]
    for task, data in tasks(groups, "log_excess"):
        _curve(ax, clock(data), data["log_excess"].values, task)
    if "log_excess_exact" in theory:
        t = theory["round_quadratic"].values
        exact = np.exp(theory["log_excess_exact"].values)
        ax.plot(t[1:], exact[1:], color=BLACK, ls="--", lw=1.1, label="exact moments")
    ax.set(xlabel="round t", ylabel="F_S - F*", xscale="log", yscale="log")
    ax.legend(loc="lower left")


def compensated(ax: Axes, groups: Groups) -> None:
    """(t + t0) E[F_S - F*]/C: 1 where the 1/t law holds."""
    theory = groups["theory"]
    for task, data in tasks(groups, "log_excess"):
        if f"rate_{task}" in theory:
            t, constant = clock(data), float(theory[f"rate_{task}"])
            times = (t + float(theory["t0"])) / constant
            _curve(ax, t, data["log_excess"].values, task, times)
    ax.axhline(1, color=BLACK, ls="--", lw=1.1, label="C")
    ax.set(xlabel="round t", ylabel="(t + t0) (F_S - F*) / C", xscale="log", yscale="log")
    ax.legend(loc="upper right")


def by_queries(ax: Axes, groups: Groups) -> None:
    """The same against function queries, and against floats sent."""
    for task, data in tasks(groups, "log_excess"):
        for name, style in (("queries", "-"), ("uplink", "--")):
            x = data[name].values[0]
            mean = np.exp(data["log_excess"].values).mean(axis=0)
            if x[-1] > 0:
                ax.plot(
                    x[1:], mean[1:], color=INKS[task], ls=style, lw=1.4, label=f"{task}, {name}"
                )
    ax.set(xlabel="queries, or floats sent up", ylabel="F_S - F*", xscale="log", yscale="log")
    ax.legend(loc="lower left")


def copies(task: str, ax: Axes, groups: Groups) -> None:
    """Mean distance of copies in time, and its bounds."""
    data, theory = groups[f"{task}{COPIES}"], groups["theory"]
    stage, t = f"{task}{COPIES}", clock(data)
    _curve(ax, t, data["log_model_distance"].values, task)
    lines = {
        "any": ("any loss", RED, ":"),
        "convex": ("convex", GREEN, "-."),
        "path": ("from the run's moments", GREEN, "-."),
        "exact": ("root of the exact mean square", BLACK, "--"),
    }
    top = np.exp(data["log_model_distance"].values).mean(axis=0).max()
    for name, (label, ink, style) in lines.items():
        if f"{name}_{stage}" in theory:
            at, y = theory[f"round_{stage}"].values, np.exp(theory[f"{name}_{stage}"].values)
            kept = (at > 0) & (y < 1e4 * top)
            ax.plot(at[kept], y[kept], color=ink, ls=style, lw=1.3, label=label)
    ax.set(xlabel="round t", ylabel="|w - w'|", xscale="log", yscale="log")
    ax.legend(loc="upper left")


def collapse(ax: Axes, groups: Groups) -> None:
    """n N |w - w'| at the end for every n."""
    for task, data in tasks(groups, "scaled_distance", COPIES):
        n, y = data["n"].values, data["scaled_distance"].values[:, -1]
        error = 1.96 * y.std(axis=0, ddof=min(1, len(y) - 1)) / np.sqrt(len(y))
        ax.errorbar(
            n, y.mean(axis=0), error, color=INKS[task], fmt="o-", ms=4, capsize=3, label=task
        )
    ax.set(xlabel="samples a client, n", ylabel="n N |w - w'| at the end", xscale="log")
    ax.set_xticks(n, [f"{x:g}" for x in n])
    ax.minorticks_off()
    ax.set_ylim(0, None)
    ax.legend(loc="lower left")


def kappa(ax: Axes, groups: Groups) -> None:
    """|ghat|^2/|g_B|^2 by number of directions."""
    data, theory = groups[PhaseName.estimator], groups["theory"]
    b2, y = data["b2"].values, data["ratio_by_directions"].values[:, -1]
    error = 1.96 * y.std(axis=0, ddof=min(1, len(y) - 1)) / np.sqrt(len(y))
    ax.plot(b2, theory["kappa2"].values, color=BLACK, ls="--", lw=1.1, label="kappa^2")
    ax.errorbar(b2, y.mean(axis=0), error, color=BLUE, fmt="o", ms=4, capsize=3, label="estimates")
    ax.set(xlabel="directions b2", ylabel="|ghat|^2 / |g_B|^2", xscale="log", yscale="log")
    ax.legend(loc="upper right")


def radii(ax: Axes, groups: Groups) -> None:
    """Mean-square radius over step size and local steps, and where it is 1."""
    data, theory = groups[PhaseName.limit], groups["theory"]
    eta, h, radius = theory["eta"].values, data["H"].values, data["ms_radius"].values[0, -1]
    rows = np.arange(len(h))
    low = min(float(radius.min()), 0.9)
    mesh = ax.pcolormesh(
        eta, rows, radius, cmap="RdBu_r", vmin=low, vmax=2 - low, shading="nearest"
    )
    ax.figure.colorbar(mesh, ax=ax, label="mean-square radius", pad=0.02, extend="max")
    own = data["ms_limit_own"].values[0, -1]
    ax.plot(np.minimum(own, eta[-1]), rows, "o-", color=BLACK, ms=4, lw=1.2, label="radius 1")
    ax.set_yticks(rows, [f"{x:g}" for x in h])
    ax.set(xlabel="step size eta", ylabel="local steps H", xscale="log")
    ax.grid(False)
    ax.legend(loc="lower left")


def smoothing(ax: Axes, groups: Groups) -> None:
    """What smoothing adds to the floor: mu^2."""
    data = groups[PhaseName.bias]
    mu, y = data["mu"].values, data["floor_of_smoothing"].values[0, -1]
    shown = y > 0
    ax.loglog(mu[shown], y[shown], "o", color=BLUE, ms=4.5, label="floor(mu) - floor(0)")
    ax.loglog(
        mu[shown], y[-1] * (mu[shown] / mu[-1]) ** 2, color=BLACK, ls="--", lw=1.1, label="mu^2"
    )
    ax.set(xlabel="smoothing mu", ylabel="excess")
    ax.legend(loc="upper left")


def delays(ax: Axes, groups: Groups) -> None:
    """The largest step size of delayed descent."""
    data, theory = groups[PhaseName.delay], groups["theory"]
    lag = data["tau"].values
    ax.semilogy(
        lag, theory["delay_formula"].values, color=BLACK, ls="--", lw=1.1, label="closed form"
    )
    found = data["delay_limit"].values[0, -1]
    ax.semilogy(lag, found, "o", color=BLUE, ms=4.5, label="radius 1")
    ax.set(xlabel="fixed lag tau (rounds)", ylabel="largest step size")
    ax.legend(loc="upper right")


def budget(ax: Axes, groups: Groups) -> None:
    """The least excess for the queries by number of directions."""
    data = groups[PhaseName.budget]
    b2, best = data["num_directions"].values, data["best_excess"].values[0, -1]
    inks = (BLUE, ORANGE, GREEN, PINK, RED)
    for m, style in zip(np.unique(data["participants"].values), ("--", "-", ":"), strict=False):
        for h, ink in zip(np.unique(data["local_steps"].values), inks, strict=False):
            mine = (data["participants"].values == m) & (data["local_steps"].values == h)
            ax.plot(
                b2[mine], best[mine], "o", ls=style, color=ink, ms=3.5, label=f"H = {h}, M = {m}"
            )
    ax.set(xlabel="directions b2", ylabel="least excess", xscale="log", yscale="log")
    ax.legend(loc="upper left", ncols=2, fontsize=7)


@dataclass(frozen=True)
class Painting:
    """A panel that a function paints."""

    title: str
    paint: Callable[[Axes], None]

    def draw(self, ax: Axes) -> None:
        """Paint it, under its title."""
        self.paint(ax)
        ax.set_title(self.title, loc="left")


def sheets(tree: xarray.DataTree, title: str) -> Iterator[Sheet]:
    """One sheet with the panels of every phase that was recorded."""
    groups = {name: group.dataset for name, group in tree.children.items()}
    if "theory" not in groups:
        return
    trained = any(tasks(groups, "log_excess"))
    rated = trained and any(str(name).startswith("rate_") for name in groups["theory"])
    paintings = [
        ("excess", excess, trained),
        ("the 1/t law", compensated, rated),
        ("what it costs", by_queries, trained and not rated),
        ("second moment of the estimator", kappa, PhaseName.estimator in groups),
        *(
            (f"one sample replaced, {task}", partial(copies, task), f"{task}{COPIES}" in groups)
            for task in Task
        ),
        ("the same for every n", collapse, any(tasks(groups, "scaled_distance", COPIES))),
        ("how large a step may be", radii, PhaseName.limit in groups),
        ("smoothing adds mu^2", smoothing, PhaseName.bias in groups),
        ("late clients", delays, PhaseName.delay in groups),
        ("what the queries buy", budget, PhaseName.budget in groups),
    ]
    found = [
        Painting(name, partial(paint, groups=groups)) for name, paint, there in paintings if there
    ]
    if found:
        yield Sheet("federation", lambda: found, size=(4.3, 3.3), title=title)
