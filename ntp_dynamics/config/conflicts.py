"""Conflicts between fields of a configuration: what each may say, but not together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ntp_dynamics import studies
from ntp_dynamics.config.choices import When
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.system.errors import UserError, UserErrors, raise_all


class Conflict(NamedTuple):
    """A conflict between fields: where it shows, when it holds, what to say, what to do."""

    where: str
    holds: Callable[[Any], bool]
    what: str
    remedy: str

    @property
    def error(self) -> UserError:
        return UserError(self.where, self.what, self.remedy)


CONFLICTS = [
    Conflict(
        "hooks.scalars",
        lambda c: c.hooks.scalars is When.never,
        "nothing could be judged",
        "use ends for the least, or recorded",
    ),
    Conflict(
        "runtime.device",
        lambda c: c.runtime.device not in studies.find(c.study).devices,
        "this study trains on the CPU alone",
        "leave it out",
    ),
]


def check_conflicts(config: JobConfig) -> None:
    """Raise UserErrors naming every conflict between fields."""
    shared = [conflict.error for conflict in CONFLICTS if conflict.holds(config)]
    if errors := [*shared, *studies.find(config.study).check(config)]:
        raise UserErrors(errors)


HYDRA_CONFLICTS = [
    Conflict(
        "hydra.job.chdir",
        lambda h: h.job.chdir,
        "a job stays where it was started, so that relative paths mean what they say",
        "leave it out",
    ),
    Conflict(
        "hydra.mode",
        lambda h: h.mode is not None and h.mode.name != "RUN",
        "a sweep is asked for on the command line",
        "use -m",
    ),
    Conflict(
        "hydra.sweeper.max_batch_size",
        lambda h: h.sweeper.get("max_batch_size") is not None and h.sweeper.max_batch_size < 1,
        "no job would ever start",
        "give at least 1, or leave it out",
    ),
    *(
        Conflict(
            f"hydra.launcher.{key}",
            lambda h, key=key: h.launcher.get(key) is not None and h.launcher[key] < 1,
            "no job would ever train",
            "give at least 1, or leave it out",
        )
        for key in ("threads", "workers", "num_cpus", "cpus", "jobs", "at_once", "minutes")
    ),
]
"""What Hydra offers and a job cannot take."""


def check_hydra(hydra: Any) -> None:
    """Raise UserError or UserErrors for what Hydra's own node may not say here."""
    raise_all([conflict.error for conflict in HYDRA_CONFLICTS if conflict.holds(hydra)])
