"""The configurations of the many jobs of a sweep, validated before the first starts.

Hydra takes a tenth of a second to compose one.  Jobs that choose the same config files differ only
in values: those files are composed once, each value is set once by Hydra's own functions and
validated, and what a job adds is to put values together and to look for conflicts between them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from ntp_dynamics.config.arguments import parsed
from ntp_dynamics.config.compose import PLAIN_RESOLVERS, compose_job, read_config, without_hydra
from ntp_dynamics.config.conflicts import check_conflicts
from ntp_dynamics.config.hydra_private import apply_overrides
from ntp_dynamics.config.mistakes import COMPLAINTS, as_typed
from ntp_dynamics.config.schema import STUDY, every_group, schemas
from ntp_dynamics.config.validate import validate
from ntp_dynamics.system.errors import UserError, UserErrors, each, raise_all

REFERENCE = re.compile(rf"\$\{{(?!(?:{'|'.join(PLAIN_RESOLVERS)}):[^$]*\}})")
"""An interpolation that may depend on another key."""


@dataclass(frozen=True)
class _Base:
    """What jobs with the same choices of config files share."""

    composed: DictConfig
    config: Any
    """None where only the values of a job can tell: a key refers to another, or is out of range."""


class Composer:
    """Composes and validates the jobs of one sweep."""

    def __init__(self, search: Sequence[str] = (), overrides: Sequence[str] = ()):
        self.search = search
        self.places = [o for o in overrides if o.startswith("hydra.searchpath")]
        self._bases: dict[tuple[str, ...], _Base | list[UserError]] = {}
        self._values: dict[tuple[tuple[str, ...], str], Any] = {}

    def config(self, overrides: Sequence[str]) -> Any:
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
                self._bases[choices] = each(error)
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
            return each(error)
        raise AssertionError(f"{value} is refused and not refused")

    def _whole(self, overrides: Sequence[str], base: _Base, values: Sequence[Override]) -> Any:
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


def _independent(composed: DictConfig) -> Any:
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
    apply_overrides(list(values), composed)
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


@cache
def _names() -> set[str]:
    """The fields of a configuration, of all studies."""
    return {field.name for schema in schemas().values() for field in fields(schema)}


def _is_value(override: Override) -> bool:
    """Whether an override sets a value of the job, and chooses no config file."""
    key = override.key_or_group
    named = key.split(".")[0] in _names() and key not in {STUDY, *every_group()}
    return named and "@" not in key and not override.is_delete()
