"""What is known of a watched loop before its first step: next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from ntp_dynamics.studies.watch.config import WatchConfig

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Problem:
    """A loop of the user's: its data and its steps are nobody's business here."""

    config: WatchConfig

    @property
    def axes(self) -> Mapping[str, int]:
        return {"run": 1}

    @property
    def reference(self) -> None:
        return None

    @property
    def known(self) -> WatchConfig:
        return self.config

    disk, memory = 0, 0.0  # nothing is known of how long it will go on

    def files(self) -> Mapping[str, str]:
        return {}

    def tables(self) -> Mapping[str, xarray.Dataset]:
        import xarray

        return {"/": xarray.Dataset(coords={"run": np.arange(1)})}

    def notes(self) -> list[str]:
        return []


def constants_of(config: WatchConfig) -> SimpleNamespace:
    """What laws and hypotheses may be made of: the settings that are numbers, (1,) arrays."""
    numbers = {}
    for name, text in config.settings.items():
        try:
            numbers[name] = np.array([float(text)])
        except ValueError:
            continue
    return SimpleNamespace(**numbers)
