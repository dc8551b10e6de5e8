"""The six panels of the paper's Figure 2, with laws and bounds drawn in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ntp_dynamics.config import Stage
from ntp_dynamics.lab.claim import Claim
from ntp_dynamics.lab.curves import curves
from ntp_dynamics.lab.figures import Curve, Panel
from ntp_dynamics.observe.judgement import log_floor, log_observed, observed_steps
from ntp_dynamics.theory.constants import Constants

if TYPE_CHECKING:
    import xarray

FIGURE_2 = [
    (Stage.feed_forward, "log_loss", "$L_0$: loss, stage 1 (sum over tokens)"),
    (Stage.feed_forward, "direction_gap_ov", r"$1-\cos(W_{ov}, W^*_{ov})$"),
    (Stage.feed_forward, "norm_ov", r"$\|W_{ov}\|$"),
    (Stage.attention, "log_excess_loss", r"$L-L_{\min}$: excess loss, stage 2"),
    (Stage.attention, "direction_gap_kq", r"$1-\cos(W_{kq}, W^*_{kq})$"),
    (Stage.attention, "norm_kq", r"$\|W_{kq}\|$"),
]


def panels(tree: xarray.DataTree, constants: Constants, claims: Iterable[Claim]) -> list[Panel]:
    """One panel a quantity, for the stages that were trained."""
    claims = list(claims)
    return [
        _panel(tree, stage, name, title, constants, claims)
        for stage, name, title in FIGURE_2
        if stage in tree
    ]


def _panel(
    tree: xarray.DataTree,
    stage: Stage,
    name: str,
    title: str,
    constants: Constants,
    claims: list[Claim],
) -> Panel:
    t = observed_steps(tree, stage).astype(float)
    log_y = log_observed(tree, stage, name)
    mine = [c for c in claims if c.stage == stage and c.observable == name]
    drawn = [curve for claim in mine for curve in curves(claim, t, log_y, constants)]
    if name == "log_excess_loss":
        loss = np.median(log_observed(tree, stage, "log_loss"), axis=0)
        drawn.append(Curve("L itself: its floor is what stage 1 left", loss, "context"))
    return Panel(
        title=title,
        t=t,
        log_y=log_y,
        curves=drawn,
        log_t="loss" not in name,
        log_floor=log_floor(name, int(t[-1])),
        log_ceiling=next((math.log(c.ceiling) for c in mine if c.ceiling), None),
    )
