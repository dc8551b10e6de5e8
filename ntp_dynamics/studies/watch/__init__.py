"""Any PyTorch loop, watched: what it does to the weights, to attention and to its own arithmetic.

    with ntp.watch(model, every=100) as record:
        for step in range(steps):
            ...
            record.step(loss)

The lab does not run such a loop: it is handed what was measured, and leaves the same record as a
job of its own (docs/watch.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study

if TYPE_CHECKING:
    import xarray


class Watch(Study):
    """Loops of others."""

    name = "watch"
    title = "a training loop of the user's, watched"
    stages = ("training",)
    residual = "zero_sum_residual"
    returns = "training", "loss"
    trains = False

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.watch.config import WatchConfig

        return WatchConfig

    def outline(self, config: Any) -> Sequence[Outline]:
        return [Outline("training", 1)]  # how far it goes is known at its end

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from ntp_dynamics.studies.watch.problem import Problem

        return Problem(config)

    def phases(self, problem: Any) -> Sequence[Phase]:
        return []

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.watch.observables import OBSERVABLES

        return OBSERVABLES

    @property
    def claims(self) -> Sequence[Any]:
        return []

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        return {}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        return config

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        from ntp_dynamics.studies.watch.problem import constants_of

        return constants_of(known)

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        told = [f"{config.model or 'parameters'} ({config.parameters:,} numbers)"]
        return [*told, *(f"{name}={text}" for name, text in config.settings.items())]


STUDY = Watch()
