"""Observables a user adds: modules named on the command line, and what is handed over in Python."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.observe.measure import named, said
from ntp_dynamics.observe.observables import BUILT_IN, Observable

WHERE = "hooks.modules"
AXES = {"run", "sentence", "token", "query", "key", "next"}
CLOCKS = {"step", "checkpoint"}
TAKEN = AXES | CLOCKS | {"logits"}
"""What else has a name in the group of a stage."""


def load_observables(modules: Sequence[str], others: Sequence[Observable] = ()) -> list[Observable]:
    """The observables of modules, each a file (`lens.py`) or an importable name (`my.lens`), and
    ``others``.

    Importing runs the module, once in a process.  Raises UserError where it cannot be imported,
    holds no observable, or one that the record has no place for.
    """
    found: dict[int, Observable] = {}
    for name in modules:
        mine = [x for x in vars(_load(name)).values() if isinstance(x, Observable)]
        mine = [x for x in mine if not any(x is built_in for built_in in BUILT_IN)]
        if not mine:
            raise UserError(WHERE, f"{name!r} holds no observable", "decorate one with @observable")
        found |= {id(x): x for x in mine}
    found |= {id(x): x for x in others}
    observables = list(found.values())
    for i, o in enumerate(observables):
        for what, remedy in _mistakes(o, [*BUILT_IN, *observables[:i]]):
            raise UserError(WHERE, what, remedy)
    return observables


def _mistakes(o: Observable, others: Sequence[Observable]) -> Iterator[tuple[str, str]]:
    """Why the record has no place for an observable, and what to do."""
    if not isinstance(o, Observable):
        yield f"{o!r} is not an observable", "decorate it with @observable"
    elif not (isinstance(o.name, str) and o.name.isidentifier()):
        yield f"{o.name!r} is not a name", 'give one of letters, digits and _: name="..."'
    elif o.name in AXES | CLOCKS:
        yield f"{o.name!r} is the name of an axis", "rename the observable"
    elif o.name in TAKEN or any(o.name == x.name and set(o.stages) & set(x.stages) for x in others):
        yield f"the name {o.name!r} is taken", "rename the observable"
    elif o.name.startswith("step_"):
        yield f"the name {o.name!r} is that of a clock", "rename the observable"
    elif not isinstance(o.dims, tuple):
        yield f"{named(o)}: dims is {o.dims!r}, no tuple", 'write dims=("sentence", "token")'
    elif wrong := [d for d in o.dims if not _names_an_axis(d, o.dims)]:
        yield f"{named(o)}: dims has {wrong[0]!r}", "name each axis after `run` once"
    elif not all(isinstance(x, str) for x in (o.units, o.long_name, o.source)):
        yield f"{named(o)}: units, long_name or source is no text", "write them in quotes"


def _names_an_axis(dim: object, dims: tuple[object, ...]) -> bool:
    """Whether a name may stand for an axis of an observable, beside its others."""
    free = isinstance(dim, str) and dim.isidentifier() and dim not in {"run", *CLOCKS}
    return free and not str(dim).startswith("step_") and dims.count(dim) == 1


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
    except KeyboardInterrupt:
        raise
    except (ImportError, OSError) as error:
        reason = said(error).partition(": ")[2] or said(error)
        what = f"{name!r} cannot be imported: {reason}"
        raise UserError(WHERE, what, "check the name") from error
    except BaseException as error:  # SystemExit too: a module must not end the command
        what = f"{name!r} fails: {said(error)}"
        raise UserError(WHERE, what, "run it by itself to see") from error
