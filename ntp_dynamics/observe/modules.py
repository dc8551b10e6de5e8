"""What a user adds: observables and claims of modules named on the command line, or handed over in
Python."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ntp_dynamics.observe.hooks import ARRAY_CLOCK
from ntp_dynamics.observe.measure import named, said
from ntp_dynamics.observe.observable import Observable, Scale
from ntp_dynamics.study import Outline, Study
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.claim import Claim

WHERE = "hooks.modules"


class Additions(NamedTuple):
    """What a user adds to a study."""

    observables: list[Observable]
    claims: list[Claim]


def load_additions(
    study: Study,
    phases: Sequence[Outline],
    modules: Sequence[str],
    observables: Iterable[Observable] = (),
    claims: Iterable[Claim] = (),
) -> Additions:
    """The observables and claims of modules, each a file (`lens.py`) or an importable name
    (`my.lens`), and others that are handed over.

    Importing runs the module, once in a process.  Raises UserError where it cannot be imported,
    holds neither, or one that the record has no place for.
    """
    mine: dict[int, Observable] = {}
    theirs: dict[int, Claim] = {}
    own = {id(x) for x in (*study.observables, *study.claims)}
    for name in modules:
        found = [x for x in vars(_load(name)).values() if id(x) not in own]
        measured = {id(x): x for x in found if isinstance(x, Observable)}
        stated = {id(x): x for x in found if isinstance(x, Claim)}
        if not measured and not stated:
            remedy = "decorate one with @observable, or make a Claim"
            raise UserError(WHERE, f"{name!r} holds no observable and no claim", remedy)
        mine |= measured
        theirs |= stated
    mine |= {id(x): x for x in observables}
    theirs |= {id(x): x for x in claims}
    added = Additions(list(mine.values()), list(theirs.values()))
    for mistake in (*_observables(study, phases, added), *_claims(study, added)):
        raise UserError(WHERE, *mistake)
    return added


Mistakes = Iterator[tuple[str, str]]
"""What is wrong, and what to do."""


def _observables(study: Study, phases: Sequence[Outline], added: Additions) -> Mistakes:
    clocks = {ARRAY_CLOCK, *(phase.clock for phase in phases)}
    axes = {"run", *(d for o in study.observables for d in o.dims)} | clocks
    for i, o in enumerate(added.observables):
        others = [*study.observables, *added.observables[:i]]
        yield from _of_observable(o, study, others, axes, clocks)


def _of_observable(
    o: Observable, study: Study, others: Sequence[Observable], axes: set[str], clocks: set[str]
) -> Mistakes:
    """Why the record has no place for an observable, and what to do."""
    if not isinstance(o, Observable):
        yield f"{o!r} is not an observable", "decorate it with @observable"
    elif not (isinstance(o.name, str) and o.name.isidentifier()):
        yield f"{o.name!r} is not a name", 'give one of letters, digits and _: name="..."'
    elif o.name in axes:
        yield f"{o.name!r} is the name of an axis", "rename the observable"
    elif o.name in study.reserved or any(o.name == x.name and _meet(o, x) for x in others):
        yield f"the name {o.name!r} is taken", "rename the observable"
    elif o.name.startswith(tuple(f"{clock}_" for clock in clocks)):
        yield f"the name {o.name!r} is that of a clock", "rename the observable"
    elif not isinstance(o.dims, tuple):
        yield f"{named(o)}: dims is {o.dims!r}, no tuple", 'write dims=("sentence", "token")'
    elif wrong := [d for d in o.dims if not _names_an_axis(d, o.dims, clocks)]:
        yield f"{named(o)}: dims has {wrong[0]!r}", "name each axis after `run` once"
    elif not all(isinstance(x, str) for x in (o.units, o.long_name, o.source)):
        yield f"{named(o)}: units, long_name or source is no text", "write them in quotes"
    elif o.scale not in set(Scale):
        yield f"{named(o)}: scale is {o.scale!r}", f"choose {', '.join(Scale)}"
    elif wrong := [phase for phase in o.phases if phase not in _phases(study)]:
        yield f"{named(o)}: there is no phase {wrong[0]!r}", _nearest(wrong[0], _phases(study))


def _claims(study: Study, added: Additions) -> Mistakes:
    """Why a claim cannot be judged in this study."""
    every = [*study.observables, *added.observables]
    for i, claim in enumerate(added.claims):
        if not isinstance(claim, Claim):
            yield f"{claim!r} is not a claim", "make a Claim"
            continue
        others = {(c.id, c.version) for c in (*study.claims, *added.claims[:i])}
        if claim.stage not in _phases(study):
            what = f"claim {claim.id}: there is no phase {str(claim.stage)!r}"
            yield what, _nearest(claim.stage, _phases(study))
        elif (claim.id, claim.version) in others:
            yield f"the claim {claim.id} ({claim.version}) is taken", "rename it"
        elif not any(o.name == claim.observable and o.measured_in(claim.stage) for o in every):
            what = f"claim {claim.id}: {claim.stage} has no observable {claim.observable!r}"
            yield what, _nearest(claim.observable, [o.name for o in every])


def _meet(a: Observable, b: Observable) -> bool:
    """Whether two observables are measured in one phase."""
    return not a.phases or not b.phases or bool(set(a.phases) & set(b.phases))


def _phases(study: Study) -> list[str]:
    """The phases that a study can have."""
    return [str(phase) for phase in study.stages]


def _nearest(name: object, names: Sequence[str]) -> str:
    near = get_close_matches(str(name), names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"


def _names_an_axis(dim: object, dims: tuple[object, ...], clocks: set[str]) -> bool:
    """Whether a name may stand for an axis of an observable, beside its others."""
    free = isinstance(dim, str) and dim.isidentifier() and dim not in {"run", *clocks}
    starts = tuple(f"{clock}_" for clock in clocks)
    return free and not str(dim).startswith(starts) and dims.count(dim) == 1


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
