"""From what Hydra composed to validated dataclasses, with errors a person can act on.

Every node of the composed config remembers its dataclass; pydantic checks each against the ranges
written in the fields.  Unknown keys (Hydra lets ``+key=1`` through) are refused with the nearest
valid name, and all errors are reported together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationKeyError, OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from ntp_dynamics.config.arguments import pasted
from ntp_dynamics.config.hydra_private import as_written
from ntp_dynamics.system.errors import UserError, UserErrors, short


def validate(node: DictConfig) -> Any:
    """The dataclass a composed config describes.  Raises UserErrors, one a field."""
    errors: list[UserError] = []
    result = _validate(node, "", errors)
    if errors:
        raise UserErrors(errors)
    return result


def validate_key(schema: type, node: DictConfig, key: str) -> Any:
    """What one key of a config holds, in a job of this schema.  Raises UserErrors."""
    errors: list[UserError] = []
    value = _value(_adapters(schema), node, key, key, errors)
    if errors:
        raise UserErrors(errors)
    return value


def _validate(node: DictConfig, path: str, errors: list[UserError]) -> Any:
    schema = OmegaConf.get_type(node)
    assert is_dataclass(schema), f"{path or 'config'} has no schema"
    known = _adapters(schema)
    before, values = len(errors), {}
    for key in node:
        where = f"{path}{key}"
        if key not in known:
            errors.append(UserError(where, "unknown key", _suggestion(str(key), [*known])))
        else:
            values[key] = _value(known, node, str(key), where, errors)
    return None if len(errors) > before else schema(**values)


def _value(
    known: Mapping[str, TypeAdapter[Any]],
    node: DictConfig,
    key: str,
    where: str,
    errors: list[UserError],
) -> Any:
    """What a key holds, with all below it."""
    child = _get(node, key, where, errors)
    if isinstance(child, DictConfig):
        child = _validate(child, f"{where}.", errors) or _BROKEN
    return child if child is _BROKEN else _check(known[key], child, where, errors)


@cache
def _adapters(schema: type) -> dict[str, TypeAdapter[Any]]:
    """What pydantic knows of each field: made once, a sweep asks a thousand times."""
    hints = get_type_hints(schema, include_extras=True)
    return {name: TypeAdapter(hint) for name, hint in hints.items()}


def _check(field: TypeAdapter[Any], value: Any, where: str, errors: list[UserError]) -> Any:
    """One field against its range."""
    try:
        value = OmegaConf.to_object(value) if OmegaConf.is_config(value) else value
        return field.validate_python(value)
    except ValidationError as error:
        for problem in error.errors():
            here = ".".join([where, *map(str, problem["loc"])])
            what = f"{short(repr(problem['input']))} is refused"
            errors.append(UserError(here, what, f"it {_limit(problem)}"))
        return None
    except OmegaConfBaseException as error:  # of an item of a list
        errors.append(_unresolved(where, error))
        return None


def _limit(problem: Mapping[str, Any]) -> str:
    """What pydantic asks for, a limit of 1e-100 not written out in digits."""
    message = problem["msg"].removeprefix("Input ")
    limits = [x for x in problem.get("ctx", {}).values() if isinstance(x, float)]
    return re.sub(r"[\d.]+$", f"{limits[0]:g}", message) if limits else message


_BROKEN = object()
"""Stands for a value that could not be resolved; the error is told already."""


def _get(node: DictConfig, key: Any, where: str, errors: list[UserError]) -> Any:
    """A value with its interpolations resolved."""
    try:
        if OmegaConf.is_missing(node, key):
            errors.append(UserError(where, "it has no value", f"give one: {where}=..."))
            return _BROKEN
        return node[key]
    except OmegaConfBaseException as error:
        errors.append(_unresolved(where, error, _raw_text(node, key)))
        return _BROKEN


def _raw_text(node: DictConfig, key: Any) -> str | None:
    """What a key that holds a text was set to, as it was written."""
    holds = get_type_hints(OmegaConf.get_type(node)).get(key)
    return str(as_written(node, key)) if holds is str else None


def _unresolved(where: str, error: OmegaConfBaseException, raw: str | None = None) -> UserError:
    """A resolver of ours knows better what is wrong; a text may have meant its characters."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return cause
        cause = cause.__cause__ or cause.__context__
    remedy = "mend the interpolation"
    if raw is not None and isinstance(error, InterpolationKeyError):
        remedy += f", or to mean this text write {pasted(where, raw)}"
    return UserError(where, str(error).splitlines()[0], remedy)


def nearest_key(
    path: str, schemas: Mapping[str, type], groups: Mapping[str, Mapping[str, type]]
) -> str:
    """What to do about an unknown dotted key: whose it is, or the nearest one there is.

    ``schemas`` by study, the schemas of ``groups`` by choice.
    """
    owner: dict[str, str] = {}
    for study, schema in schemas.items():
        for key in _paths(schema, ""):
            owner[key] = " and ".join(filter(None, (owner.get(key), f"study={study}")))
    for group, choices in groups.items():
        for name, choice in choices.items():
            owner.update(dict.fromkeys(_paths(choice, f"{group}."), f"{group}={name}"))
    if owner.get(path):
        return f"it is a key of {owner[path]}"
    near = get_close_matches(path, owner, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else "ntp-train --help lists the keys"


def _paths(schema: type, prefix: str) -> list[str]:
    """Dotted keys of a dataclass and the dataclasses in it."""
    hints = get_type_hints(schema)
    paths = []
    for f in fields(schema):
        paths.append(prefix + f.name)
        if is_dataclass(hints[f.name]):
            paths += _paths(hints[f.name], f"{prefix}{f.name}.")
    return paths


def _suggestion(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"the keys here are {', '.join(known)}" if known else "there are no keys here"
