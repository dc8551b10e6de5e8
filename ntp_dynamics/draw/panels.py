"""Figures of a job in every study: its quantities with every claim, and a claim each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool

from ntp_dynamics.draw.curves import curves
from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.draw.panel import Panel, Shadow
from ntp_dynamics.observe.judgement import Judged, laws_of
from ntp_dynamics.observe.observable import Scale
from ntp_dynamics.observe.quantity import Quantity, quantity
from ntp_dynamics.observe.readings import log_observed, observed, observed_steps
from ntp_dynamics.record.written import Written
from ntp_dynamics.study import SHADOW
from ntp_dynamics.verdict.series import trusted

if TYPE_CHECKING:
    import xarray


def panels(
    tree: xarray.DataTree,
    phases: Iterable[str],
    laws: Sequence[Written],
    residual: str | None = None,
) -> list[Panel]:
    """One panel for each ranked quantity of these phases, with every law about it; none for a
    quantity without a value.  ``residual`` names the scalar that tells rounding."""
    drawn = []
    for phase in phases:
        data = tree.children[phase].dataset
        scalars = [quantity(data, str(n)) for n, v in data.data_vars.items() if len(v.dims) == 2]
        for q in sorted((q for q in scalars if q.rank), key=lambda q: q.rank):
            name = q.name if _has_values(tree, phase, q.name) else q.instead
            if name and _has_values(tree, phase, name):
                about = [law for law in laws if (law.stage, law.observable) == (phase, name)]
                shown = quantity(data, name)
                title = shown.formula or shown.title
                one = panel(tree, phase, shown, about, title, residual)
                drawn.append(replace(one, formula=bool(shown.formula)))
    return drawn


def _has_values(tree: xarray.DataTree, phase: str, name: str) -> bool:
    there = name in tree.children[phase].dataset
    return there and bool(np.isfinite(log_observed(tree, phase, name)).any())


def verdict_panel(tree: xarray.DataTree, judged: Judged, residual: str | None = None) -> Panel:
    """One claim: measured against law or bound, the window of its rate shaded."""
    claim, verdict = judged.claim, judged.verdict
    statement = f"{claim.statement[:1].upper()}{claim.statement[1:]}. {verdict.sentence}"
    title = f"{claim.id} ({claim.version}): {verdict.label}"
    phase = str(claim.stage)
    q = quantity(tree.children[phase].dataset, claim.observable)
    one = panel(tree, phase, q, laws_of([judged]), title, residual)
    return replace(
        one,
        window=verdict.window,
        caption="\n".join(wrap(one_line(statement, 900), 72, max_lines=9, placeholder=" …")),
    )


def panel(
    tree: xarray.DataTree,
    phase: str,
    q: Quantity,
    laws: Sequence[Written],
    title: str,
    residual: str | None = None,
) -> Panel:
    """A quantity with the curves of laws about it."""
    t = observed_steps(tree, phase, q.name).astype(float)
    log_y, counts = log_observed(tree, phase, q.name), _trusted(tree, phase, residual, q.name)
    valid = np.where(counts, log_y, np.nan)
    drawn = [curve for law in laws for curve in curves(law, t, valid)]
    return Panel(
        title=title,
        t=t,
        log_y=log_y,
        curves=drawn,
        log_t=q.scale is not Scale.semi_log,
        clock=clock_label(tree.children[phase].dataset, q.name),
        log_floor=q.log_floor(t[-1]) if len(t) else None,
        log_ceiling=next((math.log(law.ceiling) for law in laws if law.ceiling), None),
        trusted=None if counts.all() else counts,
        shadow=_shadow(tree, phase, q.name, residual),
        over_runs=q.over_runs,
    )


def clock_label(data: xarray.Dataset, name: str) -> str:
    """The clock of a quantity for its axis: `step t`, `time (tau)`, `round`."""
    clock = str(data.variables[name].dims[1])
    unit = str(data.variables[clock].attrs.get("units", "step"))
    called = clock.removesuffix(f"_{name}").replace("_", " ")
    if unit == "step":
        return "step t"
    return called if unit == called else f"{called} ({unit})"


def _shadow(tree: xarray.DataTree, phase: str, name: str, residual: str | None) -> Shadow | None:
    """The same runs by other means, where they were moved that way too."""
    group = f"{SHADOW}{phase}"
    if group not in tree:
        return None
    label = tree.children[group].dataset.attrs["engine"]
    return Shadow(label, log_observed(tree, group, name), _trusted(tree, group, residual, name))


def _trusted(
    tree: xarray.DataTree, group: str, residual: str | None, name: str
) -> Bool[np.ndarray, "R T"]:
    """Where the numbers of a run count: up to the first residual that is too large."""
    if residual is None or residual not in tree.children[group].dataset:
        return np.ones_like(observed(tree, group, name), dtype=bool)
    told = observed(tree, group, residual)
    return trusted(np.zeros_like(told), told)
