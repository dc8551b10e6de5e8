"""What a command line sweeps over: every job it asks for, by its overrides."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.core.override_parser.types import Glob, Override
from omegaconf import OmegaConf

from ntp_dynamics.config.arguments import parsed, pasted
from ntp_dynamics.config.compose import compose_job
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.config.mistakes import as_typed, grammatical, texts
from ntp_dynamics.system.errors import UserError, raise_all


def whole_sweep(overrides: Sequence[str], search: Sequence[str]) -> list[str]:
    """The overrides of a sweep, those that its experiment declares first (`hydra.sweeper.params`);
    a key that the command line sets itself is not swept.  Each has values that can be counted.

    Raises UserError, or UserErrors for several.
    """
    given = enumerable(overrides, search)
    declared = as_typed(declared_sweep(given, search), sweep=True)
    return [*enumerable(declared, search), *given]


def declared_sweep(overrides: Sequence[str], search: Sequence[str] = ()) -> list[str]:
    """What the experiment of the first job sweeps over, as overrides.  Raises UserError."""
    composed = compose_job(next(expand(overrides)), search)
    sweeper = OmegaConf.to_container(composed.hydra.sweeper, resolve=False)
    assert isinstance(sweeper, dict)
    given = {parsed(override).get_key_element() for override in overrides}
    params = (sweeper.get("params") or {}).items()
    return [f"{key}={values}" for key, values in params if key not in given]


def enumerable(overrides: Sequence[str], search: Sequence[str]) -> list[str]:
    """The overrides, `glob()` replaced by what it finds.

    Raises UserError or UserErrors where values cannot be counted, or are none.
    """
    readings, errors = grammatical(overrides)
    found = []
    for reading in readings:
        try:
            found.append(_enumerable(reading, search))
        except UserError as error:
            errors.append(error)
    raise_all(errors)
    return found


def _enumerable(override: Override, search: Sequence[str]) -> str:
    line, key = str(override.input_line), override.key_or_group
    if not override.is_sweep_override():
        return line
    text = line.partition("=")[2]
    if key.split(".")[0].split("/")[0] == "hydra":
        raise UserError(key, "it is the same for all jobs", f"write {pasted(key, text)}")
    if override.is_interval_sweep():
        remedy = f"write {key}=a,b,c or {key}=range(start,stop,step)"
        raise UserError(key, "an interval has no end of values", remedy)
    if isinstance(value := override.value(), Glob):
        names = value.filter(_choices(key, search))
        if not names:
            what = "glob() finds no config file"
            raise UserError(key, what, f"write {key}=a,b,c")
        return f"{override.get_key_element()}={','.join(names)}"
    try:
        values = list(override.sweep_string_iterator())
    except ValueError as error:
        raise UserError(key, str(error), f"write {key}=a,b,c") from error
    if not values:
        raise UserError(key, f"{text} is empty", f"write {key}=a,b,c")
    if key in texts() and Path(text).exists():
        what = "it is the name of one file, and several values"
        raise UserError(key, what, f"to mean the file write {pasted(key, text)}")
    return line


def _choices(group: str, search: Sequence[str]) -> list[str]:
    places = [config_dir(), *map(Path, search)]
    return sorted({path.stem for place in places for path in (place / group).glob("*.yaml")})


def expand(overrides: Sequence[str]) -> Iterator[list[str]]:
    """The overrides of each job of a sweep, in Hydra's order."""
    yield from map(list, itertools.product(*map(_column, overrides)))


def count(overrides: Sequence[str]) -> int:
    """How many jobs a sweep has."""
    return math.prod(len(_column(override)) for override in overrides)


def _column(override: str) -> list[str]:
    reading = parsed(override)
    if not reading.is_sweep_override():
        return [override]
    return [f"{reading.get_key_element()}={value}" for value in reading.sweep_string_iterator()]
