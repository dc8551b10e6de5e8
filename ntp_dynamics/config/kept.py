"""Compositions that are kept: Hydra takes a tenth of a second, and jobs that choose the same config
files need one.

What an override sets is set on a copy, by Hydra's own function.  A composition is kept for as long
as every config file, the environment and the working directory are as they were.
"""

from __future__ import annotations

import copy
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from ntp_dynamics import studies
from ntp_dynamics.config.arguments import parsed
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.config.hydra_private import apply_overrides, get_overrides_dirname
from ntp_dynamics.config.schema import STUDY, every_group, schemas

MOST = 64
"""Compositions kept, the last ones used; half a megabyte each."""
FILES = 5000
"""Files below the directories of configurations; of more it would take longer to look at them."""
OF_HYDRA = ("hydra.run.", "hydra.sweep.", "hydra.sweeper.", "hydra.launcher.")
"""Of Hydra's own node, what is set as it stands when all is composed."""
SEARCH_PATH = "hydra.searchpath"

Thing = TypeVar("Thing")


class Kept:
    """The last things that were made, by key, and the surroundings they were made in."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, tuple[object, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, places: Iterable[Path] | None, make: Callable[[], Thing]) -> Thing:
        """What ``make`` made, now or before; ``places`` are the directories of config files that it
        depends on, None where that cannot be known."""
        now = None if places is None else surroundings(places)
        if now is None:
            return make()
        with self._lock:
            before, found = self._made.get(key, (None, None))
        if before != now:
            found = make()
        with self._lock:
            self._made[key] = now, found
            self._made.move_to_end(key)
            while len(self._made) > MOST:
                self._made.popitem(last=False)
        return found


KEPT = Kept()
"""Of this process."""


def surroundings(places: Iterable[Path]) -> object | None:
    """All that a composition depends on beside its overrides, to be compared; None where there are
    too many files to look at."""
    pending, found = [os.fspath(place) for place in places], []
    for place in pending:
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir():
                        pending.append(entry.path)
                    stat = entry.stat()
                    found.append((entry.path, stat.st_mtime_ns, stat.st_size))
        except OSError as error:
            found.append((place, error.errno or 0, -1))
        if len(found) > FILES:
            return None
    return os.getcwd(), dict(os.environ), found


def places_of(search: Sequence[str], overrides: Iterable[Override]) -> list[Path] | None:
    """The directories that Hydra looks for config files in; None where one is inside a package."""
    given = [o.value() for o in overrides if o.key_or_group == SEARCH_PATH]
    more = [str(place) for value in given for place in (value if isinstance(value, list) else ())]
    if any("://" in place and not place.startswith("file://") for place in more):
        return None
    own = [config_dir(), *studies.config_dirs()]
    return [*own, *map(Path, search), *(Path(place.removeprefix("file://")) for place in more)]


def composed(
    overrides: Sequence[str],
    search: Sequence[str],
    fresh: Callable[[Sequence[str]], DictConfig],
) -> DictConfig:
    """What Hydra (``fresh``) makes of these overrides.  Raises what it raises."""
    found = _composed(overrides, search, fresh)
    return fresh(overrides) if found is None else found


def _composed(
    overrides: Sequence[str],
    search: Sequence[str],
    fresh: Callable[[Sequence[str]], DictConfig],
) -> DictConfig | None:
    """None where something is wrong, of which Hydra knows best what to say."""
    try:
        readings = [parsed(override) for override in overrides]
        values = [reading for reading in readings if sets_value(reading)]
        choices = [str(r.input_line) for r in readings if not sets_value(r)]
        key = tuple(search), tuple(choices)
        base = KEPT.get(key, places_of(search, readings), lambda: fresh(choices))
        found = with_values(base, values)
    except Exception:
        return None
    _tell(found, readings)
    return found


def with_values(base: DictConfig, values: Sequence[Override]) -> DictConfig:
    """A copy with these values, set by Hydra's own function.  Raises what that raises."""
    found = copy.deepcopy(base)
    apply_overrides(list(values), found)
    return found


def _tell(found: DictConfig, overrides: Sequence[Override]) -> None:
    """What Hydra notes of the overrides of a composition."""
    mine = [override for override in overrides if not override.is_hydra_override()]
    how = found.hydra.job.config.override_dirname
    found.hydra.overrides.task = [o.input_line for o in mine]
    found.hydra.overrides.hydra = [o.input_line for o in overrides if o.is_hydra_override()]
    found.hydra.job.override_dirname = get_overrides_dirname(
        overrides=mine,
        kv_sep=how.kv_sep,
        item_sep=how.item_sep,
        exclude_keys=how.exclude_keys,
    )


def sets_value(override: Override) -> bool:
    """Whether an override sets a value, and chooses no config file."""
    key = override.key_or_group
    if "@" in key or override.is_delete():
        return False
    if key.startswith(OF_HYDRA):
        return True
    top, _, below = key.partition(".")
    return (top in names() and bool(below)) or key in _plain()


@cache
def names() -> set[str]:
    """The fields of a configuration, of all studies."""
    return {field.name for schema in schemas().values() for field in fields(schema)}


@cache
def _plain() -> set[str]:
    """Those that hold no others in any study, and choose no config file."""
    hints = [item for s in schemas().values() for item in get_type_hints(s).items()]
    nodes = {name for name, hint in hints if is_dataclass(hint)}
    return names() - nodes - {STUDY, *every_group()}
