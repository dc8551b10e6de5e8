"""The directory of a job of a sweep: `<number>-<identity>`, whichever launcher runs it.

`${job_directory:}` is what Hydra finds in `hydra.sweep.subdir`; a process that runs a job imports
this with the function that runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from ntp_dynamics.config.compose import compose_job, read_config, without_hydra
from ntp_dynamics.config.hydra_private import as_written, register_resolver
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import directory_name
from ntp_dynamics.system.errors import UserError, UserErrors

RESOLVER = "job_directory"
OURS, NUMBER = f"${{{RESOLVER}:}}", "${hydra.job.num}"
"""Values of `hydra.sweep.subdir`: the lab's own, and Hydra's."""


def subdirectory(number: int, config: Callable[[], Any]) -> str:
    """Of a job with this configuration; the number alone where it has none, and will say why."""
    try:
        return directory_name(number, identity(config()))
    except (UserError, UserErrors, OmegaConfBaseException):
        return str(number)


def _of_hydra(*, _root_: DictConfig) -> str:
    return subdirectory(_root_.hydra.job.num, lambda: read_config(without_hydra(_root_)))


register_resolver(RESOLVER, _of_hydra, replace=True)


def planned_directories(
    first: DictConfig, jobs: Sequence[Sequence[str]], keys: Sequence[str], search: Sequence[str]
) -> list[str]:
    """The directory of every job of a sweep below it, as `hydra.sweep.subdir` names it; ``keys``
    are their identities."""
    said = str(as_written(first.hydra.sweep, "subdir"))
    if said == OURS:
        return [directory_name(number, key) for number, key in enumerate(keys)]
    if said == NUMBER:
        return [str(number) for number in range(len(jobs))]
    return [_as_asked(number, overrides, search) for number, overrides in enumerate(jobs)]


def _as_asked(number: int, overrides: Sequence[str], search: Sequence[str]) -> str:
    composed = compose_job(overrides, search)
    with open_dict(composed):
        composed.hydra.job.num, composed.hydra.job.id = number, str(number)
    try:
        return str(composed.hydra.sweep.subdir)
    except OmegaConfBaseException as error:
        what = str(error).splitlines()[0]
        raise UserError("hydra.sweep.subdir", what, "mend it, or leave it out") from error
