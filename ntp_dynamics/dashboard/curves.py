"""Curves of a record as plain data for the page: measured values, laws and bounds, zones.

Losses, leaks and gaps leave the range of floats, so they travel in decades (log10); masses,
accuracies and signed margins travel as they are.  What is drawn how is decided in
assets/10-curves.js.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.curves import curves
from ntp_dynamics.draw.panel import LOG_10
from ntp_dynamics.observe.observable import Scale
from ntp_dynamics.observe.quantity import Quantity, quantity, shadow_of
from ntp_dynamics.record import over_runs
from ntp_dynamics.record.over_runs import NAMES, OverRuns
from ntp_dynamics.record.plain import numbers, places, text
from ntp_dynamics.record.written import Written, claim_key

if TYPE_CHECKING:
    import xarray

RUNS = 16
"""Lines drawn one by one; of more runs the page shows bands."""
FEW = 3
"""Scalars that a phase opens with where nothing says which."""


def panels_json(
    tree: xarray.DataTree, stages: Iterable[str], laws: Sequence[Written]
) -> list[dict[str, Any]]:
    """A panel for every recorded scalar of these phases, those to open with first, with the laws
    about it; and one for a quantity over an axis of its own, where a law is about it, it is ranked
    or it was recorded once or twice."""
    found: list[dict[str, Any]] = []
    for stage in stages:
        data = tree.children[stage].dataset
        quantities = [quantity(data, str(n)) for n, v in data.data_vars.items() if len(v.dims) == 2]
        first = _first(data, stage, quantities, laws)
        rest = [q.name for q in quantities if q.name not in first]
        found += [panel_json(tree, laws, stage, name, open=True) for name in first]
        profiles = {
            str(name): _speaks_of(laws, stage, str(name)) or bool(quantity(data, str(name)).rank)
            for name, v in data.data_vars.items()
            if v.ndim == 3 and v.dims[0] == "run" and v.dims[1] in data.coords and v.size
        }
        found += [
            panel_json(tree, laws, stage, name, open=True) for name, x in profiles.items() if x
        ]
        found += [panel_json(tree, laws, stage, name, open=False) for name in rest]
        more = [name for name, x in profiles.items() if not x and is_profile(data, name)]
        found += [panel_json(tree, laws, stage, name, open=False) for name in more]
    return found


def is_profile(data: xarray.Dataset, name: str) -> bool:
    """Whether an array is one axis at one or two places of its clock: a curve, no image."""
    variable = data[name]
    return variable.ndim == 3 and variable.shape[1] <= 2


def _first(
    data: xarray.Dataset, stage: str, scalars: Sequence[Quantity], laws: Sequence[Written]
) -> list[str]:
    """The scalars that a phase opens with: ranked ones; without these, those that laws are about,
    else the first few."""
    ranked = sorted((q for q in scalars if q.rank), key=lambda q: q.rank)
    told = [q.name for q in scalars if _speaks_of(laws, stage, q.name)]
    first = [_shown(data, q) for q in ranked] or told or [q.name for q in scalars[:FEW]]
    return list(dict.fromkeys(first))


def _speaks_of(laws: Sequence[Written], stage: str, name: str) -> bool:
    return any((law.stage, law.observable) == (stage, name) for law in laws)


def _shown(data: xarray.Dataset, q: Quantity) -> str:
    """The name of a quantity, or of the one that is shown where it has no value."""
    missing = q.instead in data and not np.isfinite(data[q.name].values).any()
    return q.instead if missing else q.name


def panel_json(
    tree: xarray.DataTree, laws: Sequence[Written], stage: str, name: str, *, open: bool
) -> dict[str, Any]:
    """One quantity of a stage: median, range and single runs, with the curves of its claims, over
    its clock; at the last recorded place of that over an axis of its own, if it has one."""
    data = tree.children[stage].dataset
    variable, q = data[name], quantity(data, name)
    clock, across = str(variable.dims[1]), str(variable.dims[2]) if variable.ndim == 3 else ""
    axis, values = across or clock, variable.values[:, -1] if across else variable.values
    t = along(data, axis)
    order = np.argsort(t, kind="stable")
    t, values = t[order], values[:, order]
    decades = wants_decades(q, values)
    shown = in_decades(q, values) if decades else finite(values)
    single = q.over_runs is not OverRuns.share
    shadow = shadow_of(tree, stage)
    other = None if shadow is None or across else shadow.get(name)
    own = {axis, clock.removesuffix(f"_{name}") if not across else axis}
    about = [x for x in laws if (x.stage, x.observable) == (stage, name) and x.clock in own]
    last = data[clock].values.astype(float)[-1:]
    floor = q.log_floor(*last) if len(last) else None
    return {
        "key": f"{stage}/{name}",
        "stage": stage,
        "name": name,
        "title": text(q.title),
        "unit": text(q.unit),
        "axis": text(q.axis),
        "clock": text(axis.removesuffix(f"_{name}").replace("_", " ")),
        "along": text(_with_unit(data, axis, name)),
        "at": places(last)[0] if across and len(last) else None,
        "when": text(clock.removesuffix(f"_{name}").replace("_", " ")),
        "open": open,
        "decades": decades,
        "scale": own_scale(q, decades),
        "t": places(t),
        **spread(q, values, decades),
        "zeros": np.flatnonzero(np.median(values, axis=0) == 0).tolist() if decades else [],
        "runs": [numbers(run) for run in shown] if 1 < len(shown) <= RUNS and single else [],
        "shadow": None if other is None else numbers(middle(in_decades(q, other.values))),
        "shadow_name": "" if shadow is None else text(shadow.attrs.get("engine", "shadow")),
        "curves": _laws(about, q, t, values, decades),
        "floor": None if floor is None or not decades else floor / LOG_10,
        "ceiling": math.log10(q.ceiling) if q.ceiling and decades else None,
    }


def _with_unit(data: xarray.Dataset, axis: str, name: str) -> str:
    """An axis as its label has it, with the unit that it counts in."""
    said = axis.removesuffix(f"_{name}").replace("_", " ")
    unit = str(data[axis].attrs.get("units", "")) if axis in data.coords else ""
    return said if unit in ("", "1", said) else f"{said} ({unit})"


def along(data: xarray.Dataset, axis: str) -> Float[np.ndarray, " T"]:
    """Where the values of an axis stand: its coordinate, else 1, 2, ..."""
    if axis in data.coords:
        return data[axis].values.astype(float)
    return np.arange(1.0, data.sizes[axis] + 1)


def own_scale(q: Quantity, decades: bool) -> str:
    """The scale on which a quantity's law is a straight line; one that has signs has no decades."""
    return str(q.scale if decades or q.scale is not Scale.semi_log else Scale.linear)


def wants_decades(q: Quantity, *values: Float[np.ndarray, "R T"]) -> bool:
    """Whether a quantity is shown by its log10: logs are, and what is positive on a log scale."""
    signed = any((each < 0).any() for each in values)
    return q.log or (q.scale is not Scale.linear and not signed)


def in_decades(q: Quantity, values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """log10 of a quantity; nan where it is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = values if q.log else np.log(values)
    return finite(log / LOG_10)


def finite(values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """Infinite values as nan: a gap in the line."""
    return np.where(np.isfinite(values), values, np.nan)


def spread(q: Quantity, values: Float[np.ndarray, "R T"], decades: bool) -> dict[str, Any]:
    """What stands for all runs and how far it reaches, and what both are called."""
    kind = q.over_runs
    name, reach = (x.format(runs=f"{len(values):,}") for x in NAMES[kind])
    if kind is OverRuns.median:  # of what is drawn
        values = in_decades(q, values) if decades else finite(values)
        found = over_runs.spread(values, kind)
    else:
        found = over_runs.spread(values, kind, q.log)
        found = [in_decades(q, x) if decades else finite(x) for x in found]
    centre, low, high = (numbers(x) for x in found)
    if len(values) == 1:
        return {"median": centre, "low": [], "high": [], "said": "measured", "reach": ""}
    return {"median": centre, "low": low, "high": high, "said": f"measured, {name}", "reach": reach}


def middle(values: Float[np.ndarray, "R T"]) -> Float[np.ndarray, " T"]:
    """The median over runs that have a value, nan where none has."""
    gone = np.isnan(values).all(axis=0)
    return np.where(gone, np.nan, np.nanmedian(np.where(gone, 0.0, values), axis=0))


def _laws(
    laws: Iterable[Written],
    q: Quantity,
    t: Float[np.ndarray, " T"],
    values: Float[np.ndarray, "R T"],
    decades: bool,
) -> list[dict[str, Any]]:
    """Curves of laws on the grid of the panel, where they were judged."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y = q.logs(values)
    drawn = []
    for law in laws:
        judged = t > 0 if law.t is None else np.isin(t, law.t)
        if not judged.any():
            continue
        with np.errstate(all="ignore"):  # numbers of a record may be anything
            found = list(curves(law, t[judged], log_y[:, judged]))
        for curve in found:
            y = finite(curve.decades)
            if not decades:
                y = finite(10.0 ** np.minimum(y, 300) if curve.logs else curve.log_y)
            padded: list[float | None] = [None] * len(t)
            for i, value in zip(np.flatnonzero(judged), numbers(y), strict=True):
                padded[i] = value
            said = {"label": text(curve.label), "kind": text(curve.kind)}
            drawn.append({**said, "claim": claim_key(text(law.id), text(law.version)), "y": padded})
    return drawn
