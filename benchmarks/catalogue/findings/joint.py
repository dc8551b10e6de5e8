"""Loss of two stages and of joint training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import (
    LAW,
    OTHER_DRAW,
    PREFACTOR,
    PRINTED,
    about,
    below,
    exactly,
    order,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.plots import Decades, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records, Watched

SHOWN = 4000
"""Steps in the picture."""
TWO = "train.stages=[feed_forward,attention], optimizer.norm=matrix"
EACH = "train.stages=[joint], optimizer.norm=matrix"
ONE = "train.stages=[joint], optimizer.norm=global"
PLAIN_GD = (
    "train.stages=[joint]",
    "optimizer=gd",
    "train.joint.step_size=1",
    "train.joint.feed_forward_step_size=1",
)
PLAIN = ", ".join(PLAIN_GD)


def _joint(record: Watched, name: str, step: float) -> np.ndarray:
    return series.at(record, name, step, "joint")


def _log_losses(records: Records) -> tuple[np.ndarray, np.ndarray]:
    """Two stages after 900 + 900 steps, joint training after 900."""
    return series.at(records[TWO], "log_loss", 900), _joint(records[EACH], "log_loss", 900)


def _floor(records: Records) -> np.ndarray:
    return np.exp(series.last(records[TWO], "log_loss"))


def _curve(record: Watched) -> tuple[np.ndarray, np.ndarray]:
    t = series.steps(record, "joint")
    return t[t <= SHOWN], series.values(record, "log_loss", "joint")[:, t <= SHOWN]


def _picture(records: Records) -> Sequence[Decades]:
    two = records[TWO]
    total = series.steps(two) + two.config.train.feed_forward.steps
    shown = total <= SHOWN
    curves = [
        Series("two stages", total[shown], series.values(two, "log_loss")[:, shown]),
        Series("joint, a norm for each matrix", *_curve(records[EACH])),
        Series("joint, one norm", *_curve(records[ONE])),
        Series("joint, plain descent", *_curve(records[PLAIN])),
    ]
    return [Decades("cross-entropy L", curves, x="steps of both stages", log_x=False)]


def _leak(key: str, said: str, notes: float, why: str = OTHER_DRAW) -> Row:
    return Row(
        f"{said}: worst leak at t = 20,000",
        order(notes, factor=PREFACTOR),
        lambda r: np.exp(_joint(r[key], "log_leak", 2e4)),
        why,
    )


TWO_STAGE_VS_JOINT = Finding(
    "two_stage_vs_joint",
    "Two stages against one",
    rows=[
        Row(
            "two stages: loss after 900 + 900 steps",
            order(5.4e-3, factor=PREFACTOR),
            lambda r: np.exp(_log_losses(r)[0]),
            OTHER_DRAW,
        ),
        Row("two stages: floor of the loss", about(1.85e-3, share=PRINTED), _floor),
        Row(
            "joint, a norm each: loss at t = 900",
            order(7.0e-3, factor=PREFACTOR),
            lambda r: np.exp(_log_losses(r)[1]),
            OTHER_DRAW,
        ),
        Row(
            "runs in which two stages are lower at that point, of 8",
            exactly(8),
            lambda r: (_log_losses(r)[0] < _log_losses(r)[1]).sum(),
            "the losses are within a factor 1.5 of one another, and the notes have one corpus",
        ),
        Row(
            "joint, a norm each: log10 loss at t = 3,000",
            about(-12, share=LAW),
            lambda r: _joint(r[EACH], "log_loss", 3000) / series.LOG_10,
            OTHER_DRAW,
        ),
        Row(
            "joint, a norm each: 1 - cos(W_kq, W*_kq) at t = 20,000",
            order(2e-4, factor=PREFACTOR),
            lambda r: _joint(r[EACH], GAP, 2e4),
            OTHER_DRAW,
        ),
        Row(
            "joint, a norm each: 1 - cos(W_ov, W*_ov) at t = 20,000",
            below(5e-5),
            lambda r: _joint(r[EACH], "direction_gap_ov", 2e4),
        ),
        _leak(
            ONE,
            "joint, one norm",
            2e-4,
            "the notes step both layers by eta0; here the attention layer has its own step, four "
            "times smaller",
        ),
        _leak(PLAIN, "joint, gd", 0.06),
        Row(
            "joint, gd: ||W_kq|| at t = 20,000",
            about(16, share=LAW),
            lambda r: _joint(r[PLAIN], "norm_kq", 2e4),
            OTHER_DRAW,
        ),
    ],
    text=(
        "After 900 steps joint descent with a norm for each matrix is about where two stages are "
        "after 900 + 900. From there two stages stop at the floor that stage 1 left, and joint "
        "descent keeps falling, to both max-margin directions. "
        "With one norm for both, or with none, the attention layer lags. Two stages are a device "
        "of proof."
    ),
    picture=_picture,
    caption="Training both layers in turn and at once.",
    more=[PLAIN_GD],
)
