"""The schemas of all studies as Hydra knows them; a name maps to code here, never by `_target_`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ntp_dynamics import studies
from ntp_dynamics.config.hydra_private import register_config
from ntp_dynamics.config.tracking import NoTracking, WandbTracking

Groups = Mapping[str, Mapping[str, type]]

SHARED: Groups = {"tracking": {"wandb": WandbTracking, "none": NoTracking}}
"""Config groups that every study has, and the schema of each choice."""
STUDY = "study"
"""The group that chooses a study."""


@cache
def schemas() -> Mapping[str, type]:
    """The dataclass of a job's configuration, by study."""
    return {name: studies.find(name).config for name in studies.names()}


@cache
def groups_of(study: str) -> Groups:
    """The config groups of a job of a study."""
    return {**studies.find(study).groups, **SHARED}


@cache
def every_group() -> Groups:
    """The config groups of all studies together."""
    found: dict[str, dict[str, type]] = {}
    for name in studies.names():
        for group, choices in groups_of(name).items():
            found.setdefault(group, {}).update(choices)
    return found


def register_schemas() -> None:
    """Make the dataclasses known to Hydra: `schema/job/<study>` and `schema/<group>/<choice>`."""
    for name, schema in schemas().items():
        register_config("schema/job", name, schema)
    for group, choices in every_group().items():
        for name, schema in choices.items():
            register_config(f"schema/{group}", name, schema)
