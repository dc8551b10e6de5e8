"""Figures of a job: policies beside one another, and beside what theory says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.draw.sheets import Sheet
from ntp_dynamics.studies.knowledge_gradient.config import Motion, Policy
from ntp_dynamics.studies.knowledge_gradient.report import (
    differences,
    interval,
    recorded,
    theory_of,
)
from ntp_dynamics.verdict.palette import BLACK, BLUE, GREEN, ORANGE, PINK, RED, SKY

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

COLOURS = {
    Policy.equal: "0.55",
    Policy.kg: ORANGE,
    Policy.ikg: BLUE,
    Policy.ikg_plain: SKY,
    Policy.ikg_variance_only: "#7B4FA3",
    Policy.ocba: PINK,
    Policy.ttei: "#8C6D1F",
    Policy.ttts: "#B59A3C",
    Policy.tt_ids: GREEN,
    Policy.track: "#4B7F52",
    Policy.oracle: BLACK,
    Policy.custom: RED,
}
SHOWN = 30
"""Recorded pulls of paired differences: the last decade, before which all is noise."""
Painter = Callable[..., None]
"""Of axes and a record."""


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
    """One sheet with the panels that the recorded phases allow."""
    if "theory" not in tree:
        return
    found = [
        Painting(name, partial(paint, tree=tree))
        for name, wanted, paint in PANELS
        if len(wanted(tree)) > 0
    ]
    if found:
        yield Sheet("policies", lambda: found, size=(4.4, 3.3), title=title)


def selections(ax: Axes, tree: xarray.DataTree) -> None:
    """Probability of false selection with 95 % intervals; the exact curve of equal allocation."""
    lowest = 1.0
    for policy, data in simulated(tree):
        n, wrong = data["pull"].values, data["false_selection"].values
        there = ~np.isnan(wrong).any(axis=0)
        p, low, high = interval(wrong[:, there])
        shown = np.where(p > 0, p, np.nan)
        ax.semilogy(n[there], shown, color=COLOURS[policy], lw=1.6, label=policy)
        below, above = (np.where(p > 0, x, np.nan) for x in (low, high))
        ax.fill_between(n[there], below, above, color=COLOURS[policy], alpha=0.12)
        lowest = min(lowest, float(np.nanmin(shown)) if np.isfinite(shown).any() else 1.0)
    theory = tree["theory"].dataset
    if "exact_equal" in theory and Policy.equal in dict(simulated(tree)):
        exact = theory["exact_n"].values, theory["exact_equal"].values
        ax.semilogy(*exact, color=BLACK, ls="--", lw=1, label="equal, exact")
    ax.set(xlabel="pulls", ylabel="probability of a wrong answer", ylim=(lowest / 2, 1))
    ax.locator_params(axis="x", nbins=5)
    ax.legend(fontsize=6.5, ncols=2, loc="best")


def gaps(ax: Axes, tree: xarray.DataTree) -> None:
    """Mean log error over that of the best shares, and the slope that theory gives its last half:
    flat at the best rate."""
    gamma = float(tree["theory"].dataset["gamma"])
    for policy, data in simulated(tree):
        n, gap = data["pull"].values, data["posterior_gap"].values.mean(axis=0)
        ax.plot(n, gap, color=COLOURS[policy], lw=1.4, label=policy)
        ratio = theory_of(tree, policy, "ratio")
        if ratio is not None:
            late = np.array([n[-1] / 2, n[-1]])
            line = gap[-1] + gamma * (1 - ratio) * (late - n[-1])
            ax.plot(late, line, color=COLOURS[policy], ls="--", lw=1)
    ax.set(xlabel="pulls", ylabel="mean of log error - log best")
    ax.locator_params(axis="x", nbins=5)
    ax.legend(fontsize=6.5, ncols=2, loc="best")


def shares(ax: Axes, tree: xarray.DataTree) -> None:
    """Shares of the fluid on the marks of theory."""
    policies = flowing(tree)
    for row, (policy, data) in enumerate(policies):
        w = data["share"].values[0, -1]
        expected = theory_of(tree, policy, "expected_share")
        x = np.arange(len(w)) + 0.8 * ((row + 0.5) / len(policies) - 0.5)
        ax.bar(x, w, width=0.8 / len(policies), color=COLOURS[policy], label=policy)
        if expected is not None:
            ax.plot(x, expected, "_", color=BLACK, ms=40 / len(policies), mew=1.2)
    ax.plot([], [], "_", color=BLACK, label="theory")
    ax.set(xlabel="arm", ylabel="share of the pulls")
    arms = tree["theory"].dataset["arm"].values
    if len(arms) <= 20:
        ax.set_xticks(arms)
    ax.legend(fontsize=6.5, ncols=2, loc="best")


def rates(ax: Axes, tree: xarray.DataTree) -> None:
    """Rates over the last octave: of the fluid, and the mean of simulated runs with two standard
    errors, on the marks of theory."""
    known = {Motion.fluid: dict(flowing(tree)), Motion.simulated: dict(simulated(tree))}
    names = [p for p in Policy if any(p in found for found in known.values())]
    styles = {Motion.fluid: ("D", "fluid", 0.15), Motion.simulated: ("o", "simulated", -0.15)}
    for y, policy in enumerate(names):
        expected = theory_of(tree, policy, "ratio")
        if expected is not None:
            ax.plot([expected], [y], "|", color=BLACK, ms=20, mew=1.6, zorder=4)
        for motion, (mark, _, shift) in styles.items():
            if policy in known[motion]:
                values = known[motion][policy]["rate"].values[:, -1, -1]
                error = 2 * values.std() / np.sqrt(len(values))
                style = {"color": COLOURS[policy], "ms": 5, "mec": "white", "mew": 0.5}
                ax.errorbar(values.mean(), y + shift, xerr=error, fmt=mark, **style)
    ax.plot([], [], "|", color=BLACK, ms=12, mew=1.6, label="theory")
    for motion, (mark, word, _) in styles.items():
        if known[motion]:
            ax.plot([], [], mark, color="0.4", ms=5, label=word)
    ax.set_yticks(range(len(names)), [str(p) for p in names])
    low, high = ax.get_xlim()
    ax.set_xlim(min(low, 0.98), max(high, 1.02))
    ax.set(xlabel="rate over the best, last octave", ylim=(len(names) - 0.4, -0.6))
    ax.axvline(1, color="0.85", zorder=0)
    ax.legend(fontsize=6.5, loc="best")


def pairs(ax: Axes, tree: xarray.DataTree) -> None:
    """False selections less those of kg on the same rewards, with paired 95 % intervals."""
    for policy, data in beside_kg(tree):
        n, difference, error = (x[-SHOWN:] for x in differences(tree, data))
        ax.plot(n, difference, color=COLOURS[policy], lw=1.5, label=policy)
        bounds = difference - error, difference + error
        ax.fill_between(n, *bounds, color=COLOURS[policy], alpha=0.12)
    ax.axhline(0, color=COLOURS[Policy.kg], lw=1.2, label="kg")
    ax.set(xlabel="pulls", ylabel="P(wrong) less that of kg")
    ax.locator_params(axis="x", nbins=5)
    ax.legend(fontsize=6.5, ncols=2, loc="best")


def settling(ax: Axes, tree: xarray.DataTree) -> None:
    """What is lost to the best rate at the shares of the fluid so far."""
    for policy, data in flowing(tree):
        n, lost = data["pull"].values, 1 - data["share_efficiency"].values[0]
        shown = (n > 0) & (lost > 0)
        ax.loglog(n[shown], lost[shown], color=COLOURS[policy], lw=1.4, label=policy)
        ratio = theory_of(tree, policy, "ratio")
        if ratio is not None and ratio < 1 - 1e-7:
            ax.axhline(1 - ratio, color=COLOURS[policy], ls=":", lw=1)
    ax.plot([], [], color="0.4", ls=":", label="theory")
    ax.set(xlabel="pulls", ylabel="rate lost by the shares")
    ax.legend(fontsize=6.5, ncols=2, loc="best")


def simulated(tree: xarray.DataTree) -> list[tuple[Policy, Any]]:
    """Policies that were simulated."""
    return recorded(tree, Motion.simulated)


def flowing(tree: xarray.DataTree) -> list[tuple[Policy, Any]]:
    """Policies whose fluid was recorded."""
    return recorded(tree, Motion.fluid)


def beside_kg(tree: xarray.DataTree) -> list[tuple[Policy, Any]]:
    """Policies that saw the rewards that kg saw, but equal allocation."""
    found = simulated(tree)
    apart = (Policy.kg, Policy.equal)
    paired = Policy.kg in dict(found)
    return [(p, data) for p, data in found if p not in apart] if paired else []


def either(tree: xarray.DataTree) -> list[tuple[Policy, Any]]:
    """All that was recorded."""
    return [*simulated(tree), *flowing(tree)]


PANELS: Sequence[tuple[str, Callable[[Any], list[Any]], Painter]] = [
    ("false selections", simulated, selections),
    ("posterior error over the best", simulated, gaps),
    ("on the same rewards", beside_kg, pairs),
    ("where shares settle", flowing, shares),
    ("rates", either, rates),
    ("what the shares lose", flowing, settling),
]
