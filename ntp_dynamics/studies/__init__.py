"""The studies, each a folder behind one object named STUDY.  They are found here, by name.

A study of your own is found where `NTP_STUDIES` says (folders that hold it), or, installed, by the
entry point group `ntp_dynamics.studies`; docs/studies.md shows one.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from ntp_dynamics.study import Study
from ntp_dynamics.system.errors import UserError

DEFAULT = "next_token"
"""Of records that were written before there were several."""
PLACES = "NTP_STUDIES"
"""The environment variable that names folders with studies of the user's own."""


@cache
def _modules() -> dict[str, str]:
    """The module of every study, by name; the lab's own first."""
    found = {m.name: f"{__name__}.{m.name}" for m in pkgutil.iter_modules(__path__) if m.ispkg}
    for entry in entry_points(group="ntp_dynamics.studies"):
        found.setdefault(entry.name, entry.module)
    for place in filter(None, os.environ.get(PLACES, "").split(os.pathsep)):
        if not Path(place).is_dir():
            raise UserError(PLACES, f"{place} is not a directory", "name folders with studies")
        if place not in sys.path:
            sys.path.append(place)
        for module in pkgutil.iter_modules([place]):
            if module.ispkg and (Path(place) / module.name / "conf").is_dir():
                found.setdefault(module.name, module.name)
    return found


def names() -> list[str]:
    """Every study there is."""
    return sorted(_modules())


@cache
def find(name: str) -> Study:
    """A study by its name.  Raises UserError where there is none, or it cannot be imported."""
    if name not in _modules():
        remedy = f"choose {', '.join(names())}, or name its folder in {PLACES}"
        raise UserError("study", f"there is no study {name!r}", remedy)
    module = _modules()[name]
    try:
        return import_module(module).STUDY
    except Exception as error:  # of a study of the user's anything may be wrong
        if module.startswith(__name__):
            raise
        what = f"{name!r} cannot be imported: {type(error).__name__}: {error}"
        raise UserError("study", what, "it is a package with STUDY") from error


def config_dirs() -> list[Path]:
    """Where the studies of the user's own keep their config files."""
    others = [find(name) for name in names() if not _modules()[name].startswith(__name__)]
    return [directory for study in others if (directory := study.config_dir) is not None]
