"""What is recorded of a watched loop.  At step t all of it is about the weights after t updates,
before the next; `stalled` is about that next update.

Values are measured while the loop runs (`door`) and handed over by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ntp_dynamics.observe.hooks import ARRAY_CLOCK
from ntp_dynamics.observe.observable import Observable, Scale
from ntp_dynamics.record.trajectory import Channel

PHASE = "training"
CLOCK = "step"


def _measured(name: str, long_name: str, **more: Any) -> Observable:
    def measure(state: Mapping[str, Any], reference: Any) -> Any:
        return state[name]

    source = "ntp-dynamics, watch"
    return Observable(name, (PHASE,), measure, more.pop("units", "1"), long_name, source, **more)


SCALARS = (
    _measured("loss", "the loss that the loop handed over", title="loss", rank=1),
    _measured(
        "log_cross_entropy",
        "log of the mean cross-entropy, from the logits in the log domain",
        units="log nats",
        log=True,
        title="cross-entropy, log domain",
        rank=2,
        may_end=True,
    ),
    _measured(
        "loss_error",
        "relative error of the mean cross-entropy that torch computes from the same logits",
        title="rounding of the loss",
        may_end=True,
    ),
    _measured(
        "gradient_error",
        "relative error of the gradient that torch computes from the same logits",
        title="rounding of the gradient",
        rank=3,
        may_end=True,
    ),
    _measured(
        "zero_sum_residual",
        "norm of the sums over classes of that gradient over its norm; 1 where it is exactly 0",
        title="zero-sum residual",
        rank=5,
        may_end=True,
    ),
    _measured(
        "margin_min",
        "smallest logit of the target minus the largest other",
        title="smallest margin",
        scale=Scale.linear,
        rank=4,
        may_end=True,
    ),
    _measured(
        "margin_tenth",
        "margin that a tenth of the targets stay below",
        scale=Scale.linear,
        may_end=True,
    ),
    _measured("margin_median", "median margin of the targets", scale=Scale.linear, may_end=True),
    _measured(
        "accuracy", "share of the targets with a positive margin", scale=Scale.linear, may_end=True
    ),
    _measured("norm", "norm of all trained parameters", title="norm of the parameters", rank=6),
    _measured("gradient_norm", "norm of the gradient", title="norm of the gradient", rank=7),
    _measured(
        "stalled",
        "share of the parameters with a gradient that the update leaves as they are, to the bit",
        title="stalled updates",
        scale=Scale.linear,
        rank=8,
    ),
    _measured(
        "attention_entropy",
        "mean entropy of attention over layers, heads and queries",
        units="nats",
        title="entropy of attention",
        scale=Scale.linear,
        rank=9,
        may_end=True,
    ),
    _measured(
        "attention_top",
        "mean largest attention weight over layers, heads and queries",
        title="largest attention weight",
        scale=Scale.linear,
        may_end=True,
    ),
)
ARRAYS = (
    _measured("module_norm", "norm of the parameters of each module", dims=("module",)),
    _measured("module_gradient_norm", "norm of the gradient of each module", dims=("module",)),
    _measured(
        "layer_entropy", "mean entropy of attention of each layer", units="nats", dims=("layer",)
    ),
    _measured("layer_top", "mean largest attention weight of each layer", dims=("layer",)),
)
"""At every recorded step."""
OBSERVABLES = (*SCALARS, *ARRAYS)
CHANNELS = {o.name: Channel(o.name, (CLOCK, *o.dims), o.attributes) for o in OBSERVABLES}


def map_channel(place: int, layer: str) -> Channel:
    """The attention map of a layer, at checkpoints."""
    name = f"attention_{place}"
    long_name = f"attention of {layer}: first sequence of the batch, mean over heads"
    seen = _measured(name, long_name, dims=("query", "key"), image=True, title=f"attention {layer}")
    return Channel(name, (ARRAY_CLOCK, *seen.dims), seen.attributes)


def one_run(value: Any) -> np.ndarray:
    """A value, or an array, as that of the one run there is."""
    return np.asarray(value, dtype=np.float64)[None]
