"""Curves of a record as plain data for the page: measured values, laws and bounds, zones.

Losses, leaks and gaps leave the range of floats, so they travel in decades (log10); masses,
accuracies and signed margins travel as they are.  What is drawn how is decided in assets/curves.js.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.config import Stage
from ntp_dynamics.dashboard.index import text
from ntp_dynamics.lab.curves import curves
from ntp_dynamics.lab.panel import LOG_10
from ntp_dynamics.lab.written import Written, claim_key
from ntp_dynamics.observe.judgement import log_floor
from ntp_dynamics.observe.tree import SHADOW

if TYPE_CHECKING:
    import xarray

TITLES = {
    "log_loss": "loss L",
    "log_excess_loss": "excess loss L - L_min",
    "direction_gap_ov": "direction gap of W_ov",
    "direction_gap_kq": "direction gap of W_kq",
    "norm_ov": "norm ‖W_ov‖",
    "norm_kq": "norm ‖W_kq‖",
    "path_length": "path length",
    "log_grad_norm": "gradient norm",
    "gradient_alignment_kq": "gradient alignment",
    "score_margin": "score margin",
    "order_extension_margin": "order margin",
    "log_leak": "leak φ₋, worst sentence",
    "attention_mass_min": "attention mass φ₊, worst",
    "attention_mass_mean": "attention mass φ₊, mean",
    "zero_sum_residual": "zero-sum residual (rounding)",
    "log_attention_growth": "growth of φ₊ / φ₋ a step, least",
    "accuracy": "accuracy",
    "accuracy_unweighted": "accuracy, samples alike",
    "margin_min": "smallest margin of W_ov",
    "margin_max": "largest margin of W_ov",
}
AXES = {
    "log_loss": "loss (nat)",
    "log_excess_loss": "L - L_min (nat)",
    "direction_gap_ov": "1 - cos(W, W*)",
    "direction_gap_kq": "1 - cos(W, W*)",
    "norm_ov": "‖W‖ (no unit)",
    "norm_kq": "‖W‖ (no unit)",
    "attention_mass_min": "φ₊ (share)",
    "attention_mass_mean": "φ₊ (share)",
    "log_leak": "φ₋ (share)",
    "log_attention_growth": "factor a step",
    "accuracy": "share correct",
    "accuracy_unweighted": "share correct",
    "margin_min": "logit difference",
    "margin_max": "logit difference",
    "score_margin": "smallest S_a - S_b",
    "gradient_alignment_kq": "cos(-grad, W*)",
}
FIRST = {
    Stage.feed_forward: ("direction_gap_ov", "log_loss", "norm_ov"),
    Stage.attention: ("direction_gap_kq", "log_excess_loss", "norm_kq"),
    Stage.joint: ("direction_gap_kq", "direction_gap_ov", "log_loss", "norm_kq", "norm_ov"),
}
"""The panels that a page opens with."""
PLAIN = (
    "accuracy",
    "accuracy_unweighted",
    "attention_mass_min",
    "attention_mass_mean",
    "gradient_alignment_kq",
)
"""Quantities on a linear scale of their own."""
RUNS = 16
"""Lines drawn one by one; of more runs the page shows bands."""


def stages(tree: xarray.DataTree) -> list[Stage]:
    """The trained stages of a record in order."""
    return [stage for stage in Stage if stage in tree]


def panels(tree: xarray.DataTree, laws: Sequence[Written]) -> list[dict[str, Any]]:
    """A panel for every recorded scalar, those to open with first, with the laws about it."""
    found: list[dict[str, Any]] = []
    for stage in stages(tree):
        data = tree.children[stage].dataset
        names = [str(n) for n, v in data.data_vars.items() if len(v.dims) == 2]
        first = [_known(data, name) for name in FIRST[stage] if name in names]
        rest = [name for name in names if name not in first]
        found += [panel(tree, laws, stage, name, open=True) for name in first]
        found += [panel(tree, laws, stage, name, open=False) for name in rest]
    return found


def _known(data: xarray.Dataset, name: str) -> str:
    """The excess loss exists for equal margins only; elsewhere the loss itself is shown."""
    missing = name == "log_excess_loss" and not np.isfinite(data[name].values).any()
    return "log_loss" if missing else name


def panel(
    tree: xarray.DataTree, laws: Sequence[Written], stage: Stage, name: str, *, open: bool
) -> dict[str, Any]:
    """One quantity of a stage: median, range and single runs, with the curves of its claims."""
    variable = tree.children[stage].dataset[name]
    clock = str(variable.dims[1])
    t = variable[clock].values.astype(float)
    values = variable.values
    decades = wants_decades(name, values)
    shown = in_decades(name, values) if decades else finite(values)
    shadow = tree.children.get(f"{SHADOW}{stage}")
    other = None if shadow is None else shadow.dataset.get(name)
    about = [law for law in laws if (law.stage, law.observable) == (stage, name)]
    floor = log_floor(name, int(t[-1])) if len(t) else None
    ceiling = next((law.ceiling for law in about if law.ceiling and law.side == "upper"), None)
    return {
        "key": f"{stage}/{name}",
        "stage": str(stage),
        "name": name,
        "title": title(name, variable.attrs),
        "unit": unit(variable.attrs),
        "axis": axis(name, variable.attrs),
        "open": open,
        "decades": decades,
        "scale": own_scale(name, decades),
        "t": t.astype(int).tolist(),
        **spread(shown),
        "zeros": np.flatnonzero(np.median(values, axis=0) == 0).tolist() if decades else [],
        "runs": [numbers(run) for run in shown] if 1 < len(shown) <= RUNS else [],
        "shadow": None if other is None else numbers(middle(in_decades(name, other.values))),
        "curves": _laws(about, name, t, values, decades),
        "floor": None if floor is None or not decades else floor / LOG_10,
        "ceiling": math.log10(ceiling) if ceiling and decades else None,
    }


def title(name: str, attrs: Mapping[str, Any]) -> str:
    """What a quantity is called on a panel."""
    return TITLES.get(name) or text(attrs.get("long_name") or name)


def unit(attrs: Mapping[str, Any]) -> str:
    """Its unit for an axis label; empty for pure numbers."""
    said = text(attrs.get("units") or "").removeprefix("log ")
    return "" if said == "1" else said


def axis(name: str, attrs: Mapping[str, Any]) -> str:
    """The label of its axis, with the unit."""
    said = unit(attrs) or "no unit"
    return AXES.get(name) or f"{name.removeprefix('log_').replace('_', ' ')[:28]} ({said})"


def own_scale(name: str, decades: bool) -> str:
    """The scale on which a quantity's law is a straight line."""
    if not decades:
        return "log-log" if "margin" in name else "linear y"
    return "semi-log" if name in ("log_loss", "log_excess_loss", "log_leak") else "log-log"


def wants_decades(name: str, *values: Float[np.ndarray, "R T"]) -> bool:
    """Whether a quantity is shown by its log10: logs are, and what is positive and no share."""
    signed = any((each < 0).any() for each in values)
    return name.startswith("log_") or (name not in PLAIN and not signed)


def in_decades(name: str, values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """log10 of a quantity; nan where it is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log = values if name.startswith("log_") else np.log(values)
    return finite(log / LOG_10)


def finite(values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """Infinite values as nan: a gap in the line."""
    return np.where(np.isfinite(values), values, np.nan)


def spread(values: Float[np.ndarray, "R T"]) -> dict[str, Any]:
    """Median and range over runs."""
    if len(values) == 1:
        return {"median": numbers(values[0]), "low": [], "high": []}
    gone = np.isnan(values).all(axis=0)
    filled = np.where(gone, 0.0, values)
    low, high = np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)
    return {
        "median": numbers(middle(values)),
        "low": numbers(np.where(gone, np.nan, low)),
        "high": numbers(np.where(gone, np.nan, high)),
    }


def middle(values: Float[np.ndarray, "R T"]) -> Float[np.ndarray, " T"]:
    """The median over runs that have a value, nan where none has."""
    gone = np.isnan(values).all(axis=0)
    return np.where(gone, np.nan, np.nanmedian(np.where(gone, 0.0, values), axis=0))


def numbers(values: Iterable[float], digits: int = 6) -> list[float | None]:
    """Short finite JSON numbers; None for nan."""
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in values]


def _laws(
    laws: Iterable[Written],
    name: str,
    t: Float[np.ndarray, " T"],
    values: Float[np.ndarray, "R T"],
    decades: bool,
) -> list[dict[str, Any]]:
    """Curves of laws from step 1 on, on the grid of the panel."""
    later = t >= 1
    if not later.any():
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y = values if name.startswith("log_") else np.log(np.maximum(values, 0.0))
    drawn = []
    for law in laws:
        with np.errstate(all="ignore"):  # numbers of a record may be anything
            found = list(curves(law, t[later], log_y[:, later]))
        for curve in found:
            y = finite(curve.decades)
            if not decades:
                y = finite(10.0 ** np.minimum(y, 300) if curve.logs else curve.log_y)
            padded = [None] * int((~later).sum()) + numbers(y)
            said = {"label": text(curve.label), "kind": text(curve.kind)}
            drawn.append({**said, "claim": claim_key(text(law.id), text(law.version)), "y": padded})
    return drawn
