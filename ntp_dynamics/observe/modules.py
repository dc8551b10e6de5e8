"""Observables a user adds: modules named on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.observe.observables import BUILT_IN, Observable

WHERE = "hooks.modules"
RESERVED = {"run", "step", "checkpoint", "sentence", "token", "query", "key", "next"}


def load_observables(modules: Sequence[str]) -> list[Observable]:
    """The observables of modules, each a file (`lens.py`) or an importable name (`my.lens`).

    Importing runs the module, once in a process.  Raises UserError where it cannot be imported,
    holds no observable, or one whose name is taken.
    """
    found: list[Observable] = []
    for name in modules:
        module = _load(name)
        mine = [x for x in vars(module).values() if isinstance(x, Observable)]
        mine = [x for x in mine if x not in BUILT_IN]
        if not mine:
            raise UserError(WHERE, f"{name!r} holds no observable", "decorate one with @observable")
        found += mine
    for i, o in enumerate(found):
        if o.name in RESERVED:
            raise UserError(WHERE, f"{o.name!r} is the name of an axis", "rename the observable")
        others = (*BUILT_IN, *found[:i])
        if any(o.name == x.name and set(o.stages) & set(x.stages) for x in others):
            raise UserError(WHERE, f"the name {o.name!r} is taken", "rename the observable")
    return found


def _load(name: str) -> ModuleType:
    path = Path(name)
    try:
        if path.suffix != ".py":
            return importlib.import_module(name)
        key = f"ntp_user_module:{path.resolve()}"
        if key not in sys.modules:
            spec = importlib.util.spec_from_file_location(key, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[key] = module
        return sys.modules[key]
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            WHERE, f"{name!r} cannot be imported: {reason}", "check the name"
        ) from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(WHERE, f"{name!r} fails: {reason}", "run it by itself to see") from error
