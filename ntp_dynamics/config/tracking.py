"""Where jobs are mirrored: the settings of a tracker."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from ntp_dynamics.system.errors import UserError, short


class Mode(StrEnum):
    """Talk to a server, keep local files only, or do nothing."""

    online = "online"
    offline = "offline"
    disabled = "disabled"


MODES = {
    **{mode.value: mode.value for mode in Mode},
    "dryrun": Mode.offline.value,
    "run": Mode.online.value,
    "": Mode.offline.value,
}
"""The modes that wandb reads from WANDB_MODE, its older words too; empty is unset."""

Project = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^/\\#?%:]+$")]


def from_environment(setting: str) -> str:
    """`mode` or `project` of a tracker, as WANDB_MODE or WANDB_PROJECT say.  Raises UserError."""
    name = f"WANDB_{setting.upper()}"
    value = os.environ.get(name, "")
    if setting == "mode":
        if value not in MODES:
            what = f"{short(repr(value))} is not a mode"
            raise UserError(name, what, "use online, offline or disabled, or unset it")
        return MODES[value]
    value = value or WandbTracking.project
    if len(value) > 128 or set(value) & set("/\\#?%:"):
        what = f"{short(repr(value))} is not a name that wandb takes"
        raise UserError(name, what, "use at most 128 characters and none of / \\ # ? % :")
    return value


@dataclass
class Tracking:
    """Where jobs are mirrored while they run (a config group)."""


@dataclass
class WandbTracking(Tracking):
    """Weights & Biases."""

    mode: Mode = Mode.offline
    project: Project = "ntp-dynamics"


@dataclass
class NoTracking(Tracking):
    """Nowhere."""


def is_on(settings: Tracking) -> bool:
    """Whether jobs leave anything at `tracking_directory`."""
    return isinstance(settings, WandbTracking) and settings.mode is not Mode.disabled


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        nested = isinstance(value, Mapping)
        flat |= flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat
