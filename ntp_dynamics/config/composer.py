"""The configurations of the many jobs of a sweep, validated before the first starts.

Jobs that choose the same config files differ only in values: those files are composed once
(`config.kept`), each value is set once by Hydra's own functions and validated, and what a job adds
is to put values together and to look for conflicts between them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from ntp_dynamics.config.arguments import parsed
from ntp_dynamics.config.compose import PLAIN_RESOLVERS, compose_job, read_config, without_hydra
from ntp_dynamics.config.conflicts import check_conflicts
from ntp_dynamics.config.hydra_private import node_of
from ntp_dynamics.config.kept import KEPT, SEARCH_PATH, places_of, sets_value, with_values
from ntp_dynamics.config.mistakes import COMPLAINTS, as_typed
from ntp_dynamics.config.validate import validate, validate_key
from ntp_dynamics.system.errors import UserError, UserErrors, each, raise_all

REFERENCE = re.compile(rf"\$\{{(?!(?:{'|'.join(PLAIN_RESOLVERS)}):[^$]*\}})")
"""An interpolation that may depend on another key."""
MOST_VALUES = 1 << 16
"""Values that a composer remembers."""


@dataclass(frozen=True)
class _Base:
    """What jobs with the same choices of config files share."""

    composed: DictConfig
    config: Any
    """None where only the values of a job can tell: a key refers to another, or is out of range."""


class Composer:
    """Composes and validates the jobs of one sweep, or one after another."""

    def __init__(self, search: Sequence[str] = (), overrides: Sequence[str] = ()):
        self.search = search
        self.places = [o for o in overrides if o.startswith(SEARCH_PATH)]
        self._bases: dict[tuple[str, ...], _Base | list[UserError]] = {}
        self._values: dict[tuple[tuple[str, ...], str], Any] = {}

    def config(self, overrides: Sequence[str]) -> Any:
        """The configuration of one job.  Raises UserError or UserErrors."""
        overrides = as_typed([o for o in overrides if not o.lstrip("+~").startswith("hydra")])
        readings = [_reading(override) for override in overrides]
        values = [o for o in readings if sets_value(o)]
        choices = tuple(str(o.input_line) for o in readings if not sets_value(o))
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
            if len(self._values) > MOST_VALUES:
                self._values.clear()
            try:
                self._values[place] = _validated(base, value)
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
            composed = with_values(base.composed, values)
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


def _validated(base: _Base, value: Override) -> Any:
    """What a key holds after an override.  Raises UserErrors, or one of COMPLAINTS."""
    top, *rest = value.key_or_group.split(".")
    alone = OmegaConf.create({})
    alone[top] = node_of(base.composed, top)  # a copy, of the same type
    OmegaConf.set_struct(alone, True)
    found = validate_key(type(base.config), with_values(alone, [value]), top)
    for name in rest:
        found = getattr(found, name)
    return found


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


def kept_composer(search: Sequence[str] = (), overrides: Sequence[str] = ()) -> Composer:
    """The composer of this process for these places, for as long as no config file changes."""
    fresh = Composer(search, overrides)
    places = places_of(search, [_reading(place) for place in as_typed(fresh.places)])
    return KEPT.get((Composer, tuple(search), tuple(fresh.places)), places, lambda: fresh)


def config_of(overrides: Sequence[str]) -> Any:
    """The configuration of a job on its own, from what is kept.  Raises UserError or UserErrors,
    as `compose_job` and `read_config`."""
    found = _kept_config(overrides)
    return read_config(compose_job(overrides)) if found is None else found


def _kept_config(overrides: Sequence[str]) -> Any:
    """None where something is wrong, or set of Hydra's own."""
    try:
        readings = [parsed(override) for override in as_typed(overrides)]
        if any(o.is_sweep_override() or o.is_hydra_override() for o in readings):
            return None
        return copy.deepcopy(kept_composer().config(overrides))  # whose parts other jobs share
    except (*COMPLAINTS, UserError, UserErrors):
        return None
