"""The jobs of a sweep, all looked at before the first starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import track

from ntp_dynamics.config.composer import Composer
from ntp_dynamics.run.inputs import check_inputs, needs
from ntp_dynamics.system.errors import UserError, UserErrors, each, raise_all

SHOWN = 10
"""Of the bad jobs of a sweep, and of the mistakes in them."""
TELL_FROM = 1000
"""Jobs from which on their check is announced: it takes a second or more."""


def check_sweep(
    jobs: Iterable[Sequence[str]], total: int, composer: Composer, console: Console
) -> list[Any]:
    """Validate every job of a sweep, and look once at each file that they need; their
    configurations.

    Raises UserError or UserErrors: each mistake once, with the jobs that have it, ten at most.
    """
    seen: dict[object, list[UserError]] = {}
    found: dict[str, list[int]] = {}
    first: dict[str, UserError] = {}
    configs: list[Any] = []
    bad = 0
    for number, overrides in enumerate(_announced(jobs, total, console)):
        config, errors = _checked(overrides, composer, seen)
        configs.append(config)
        bad += bool(errors)
        for error in errors:
            first.setdefault(str(error), error)
            found.setdefault(str(error), []).append(number)
    told = [
        UserError(first[text].where, first[text].what, f"{first[text].remedy} {_in_jobs(n, total)}")
        for text, n in found.items()
    ]
    if len(told) > SHOWN:
        rest = f"{len(told) - SHOWN} more mistakes in {bad:,} of {total:,} jobs"
        told = [*told[:SHOWN], UserError("sweep", rest, "mend these first")]
    raise_all(told)
    return configs


def _announced(jobs: Iterable[Any], total: int, console: Console) -> Iterator[Any]:
    """The jobs, with a bar over the check of many."""
    if total < TELL_FROM:
        return iter(jobs)
    return iter(track(jobs, f"checking {total:,} jobs", total, console=console))


def _checked(
    overrides: Sequence[str], composer: Composer, seen: dict[object, list[UserError]]
) -> tuple[Any, list[UserError]]:
    """The configuration of a job, and what is wrong with it."""
    try:
        config = composer.config(overrides)
    except (UserError, UserErrors) as error:
        return None, each(error)
    needed = needs(config)
    if needed not in seen:
        try:
            check_inputs(config)
            seen[needed] = []
        except (UserError, UserErrors) as error:
            seen[needed] = each(error)
    return config, seen[needed]


def _in_jobs(numbers: list[int], total: int) -> str:
    """Which jobs, for the end of a line."""
    if total == 1:
        return ""
    more = ", ..." if len(numbers) > SHOWN else ""
    listed = ", ".join(map(str, numbers[:SHOWN]))
    return f"({len(numbers):,} of {total:,} jobs: {listed}{more})"
