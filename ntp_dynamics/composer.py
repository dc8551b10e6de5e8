"""The configurations of the many jobs of a sweep, validated before the first starts.

Hydra takes a tenth of a second to compose one.  Jobs that choose the same config files differ only
in values: those files are composed once, each value is set once by Hydra's own functions and
validated, and what a job adds is to put values together and to look for conflicts between them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.progress import track

from ntp_dynamics.compose import (
    PLAIN_RESOLVERS,
    check_inputs,
    compose_job,
    needs,
    read_config,
    without_hydra,
)
from ntp_dynamics.config import GROUPS, Config
from ntp_dynamics.conflicts import check_conflicts
from ntp_dynamics.lab.arguments import parsed
from ntp_dynamics.lab.errors import UserError, UserErrors, raise_all
from ntp_dynamics.lab.validate import validate
from ntp_dynamics.mistakes import COMPLAINTS, as_typed

SHOWN = 10
"""Of the bad jobs of a sweep, and of the mistakes in them."""
TELL_FROM = 1000
"""Jobs from which on their check is announced: it takes a second or more."""

REFERENCE = re.compile(rf"\$\{{(?!(?:{'|'.join(PLAIN_RESOLVERS)}):[^$]*\}})")
"""An interpolation that may depend on another key."""


@dataclass(frozen=True)
class _Base:
    """What jobs with the same choices of config files share."""

    composed: DictConfig
    config: Config | None
    """None where only the values of a job can tell: a key refers to another, or is out of range."""


class Composer:
    """Composes and validates the jobs of one sweep."""

    def __init__(self, search: Sequence[str] = (), overrides: Sequence[str] = ()):
        self.search = search
        self.places = [o for o in overrides if o.startswith("hydra.searchpath")]
        self._bases: dict[tuple[str, ...], _Base | list[UserError]] = {}
        self._values: dict[tuple[tuple[str, ...], str], Any] = {}

    def config(self, overrides: Sequence[str]) -> Config:
        """The configuration of one job.  Raises UserError or UserErrors."""
        overrides = as_typed([o for o in overrides if not o.lstrip("+~").startswith("hydra")])
        readings = [_reading(override) for override in overrides]
        values = [o for o in readings if _is_value(o)]
        choices = tuple(str(o.input_line) for o in readings if not _is_value(o))
        base = self._base(choices)
        if isinstance(base, list):
            raise_all(base)
        assert isinstance(base, _Base)
        if base.config is None or not all(map(_by_itself, values)):
            return self._whole(overrides, base, values)
        config, errors = base.config, []
        for value in values:
            found = self._value(choices, base, value)
            if isinstance(found, _Refused):
                errors += found.errors
            else:
                config = _replaced(config, value.key_or_group.split("."), found)
        raise_all(errors)
        check_conflicts(config)
        return config

    def _base(self, choices: tuple[str, ...]) -> _Base | list[UserError]:
        if choices not in self._bases:
            try:
                composed = without_hydra(compose_job([*self.places, *choices], self.search))
                self._bases[choices] = _Base(composed, _independent(composed))
            except (UserError, UserErrors) as error:
                self._bases[choices] = _all(error)
        return self._bases[choices]

    def _value(self, choices: tuple[str, ...], base: _Base, value: Override) -> Any:
        """What a key holds after an override, validated; _Refused where it cannot be set."""
        place = choices, str(value.input_line)
        if place not in self._values:
            try:
                config: Any = validate(_set([value], base.composed))
                for name in value.key_or_group.split("."):
                    config = getattr(config, name)
                self._values[place] = config
            except UserErrors as error:
                self._values[place] = _Refused(error.errors)
            except COMPLAINTS:
                self._values[place] = _Refused(self._mistakes(choices, place[1]))
        return self._values[place]

    def _mistakes(self, choices: Sequence[str], value: str) -> list[UserError]:
        try:
            validate(without_hydra(compose_job([*self.places, *choices, value], self.search)))
        except (UserError, UserErrors) as error:
            return _all(error)
        raise AssertionError(f"{value} is refused and not refused")

    def _whole(self, overrides: Sequence[str], base: _Base, values: Sequence[Override]) -> Config:
        """All values set at once, on a copy."""
        try:
            composed = _set(values, base.composed)
        except COMPLAINTS:  # which this explains
            composed = compose_job([*self.places, *overrides], self.search)
        return read_config(composed)


@dataclass(frozen=True)
class _Refused:
    """Why a key cannot be set."""

    errors: list[UserError]


def check_sweep(
    jobs: Iterable[Sequence[str]], total: int, composer: Composer, console: Console
) -> None:
    """Validate every job of a sweep, and look once at each file that they need.

    Raises UserError or UserErrors: each mistake once, with the jobs that have it, ten at most.
    """
    seen: dict[object, list[UserError]] = {}
    found: dict[str, list[int]] = {}
    first: dict[str, UserError] = {}
    bad = 0
    for number, overrides in enumerate(_announced(jobs, total, console)):
        errors = _job_errors(overrides, composer, seen)
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


def _announced(jobs: Iterable[Any], total: int, console: Console) -> Iterator[Any]:
    """The jobs, with a bar over the check of many."""
    if total < TELL_FROM:
        return iter(jobs)
    return iter(track(jobs, f"checking {total:,} jobs", total, console=console))


def _job_errors(
    overrides: Sequence[str], composer: Composer, seen: dict[object, list[UserError]]
) -> list[UserError]:
    try:
        config = composer.config(overrides)
    except (UserError, UserErrors) as error:
        return _all(error)
    needed = needs(config)
    if needed not in seen:
        try:
            check_inputs(config)
            seen[needed] = []
        except (UserError, UserErrors) as error:
            seen[needed] = _all(error)
    return seen[needed]


def _in_jobs(numbers: list[int], total: int) -> str:
    """Which jobs, for the end of a line."""
    if total == 1:
        return ""
    more = ", ..." if len(numbers) > SHOWN else ""
    listed = ", ".join(map(str, numbers[:SHOWN]))
    return f"({len(numbers):,} of {total:,} jobs: {listed}{more})"


def _all(error: UserError | UserErrors) -> list[UserError]:
    return error.errors if isinstance(error, UserErrors) else [error]


def _independent(composed: DictConfig) -> Config | None:
    """The configuration, where none of its keys looks at another."""
    plain = OmegaConf.to_container(composed, resolve=False)
    if any(REFERENCE.search(text) for text in _texts(plain)):
        return None
    try:
        return validate(composed)
    except UserErrors:
        return None


def _by_itself(value: Override) -> bool:
    """Whether a value looks at no other key, and sets one key only."""
    return not isinstance(value.value(), dict) and not REFERENCE.search(str(value.input_line))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _set(values: Sequence[Override], composed: DictConfig) -> DictConfig:
    """A copy with these values, set by Hydra's own function."""
    composed = copy.deepcopy(composed)
    ConfigLoaderImpl._apply_overrides_to_config(list(values), composed)
    return composed


def _replaced(config: Any, path: Sequence[str], value: Any) -> Any:
    """A copy of nested dataclasses with one field changed."""
    name, *rest = path
    inner = _replaced(getattr(config, name), rest, value) if rest else value
    return replace(config, **{name: inner})


def _reading(override: str) -> Override:
    """One override as Hydra reads it.  Raises UserError."""
    try:
        return parsed(override)
    except COMPLAINTS as error:
        compose_job([override])  # explains it
        raise AssertionError(f"{override} cannot be read and can") from error


NAMES = {field.name for field in fields(Config)}


def _is_value(override: Override) -> bool:
    """Whether an override sets a value of the job, and chooses no config file."""
    key = override.key_or_group
    named = key.split(".")[0] in NAMES
    return named and key not in GROUPS and "@" not in key and not override.is_delete()
