"""From what Hydra composed to validated dataclasses, with errors a person can act on.

Every node of the composed config remembers its dataclass; pydantic checks each against the ranges
written in the fields.  Unknown keys (Hydra lets ``+key=1`` through) are refused with the nearest
valid name, and all errors are reported together.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ntp_dynamics.lab.errors import UserError, UserErrors


def validate(node: DictConfig) -> Any:
    """The dataclass a composed config describes.  Raises UserErrors, one a field."""
    errors: list[UserError] = []
    result = _validate(node, "", errors)
    if errors:
        raise UserErrors(errors)
    return result


def _validate(node: DictConfig, path: str, errors: list[UserError]) -> Any:
    schema = OmegaConf.get_type(node)
    assert is_dataclass(schema), f"{path or 'config'} has no schema"
    known = [f.name for f in fields(schema)]
    before, values = len(errors), {}
    for key in node:
        where = f"{path}{key}"
        if key not in known:
            errors.append(UserError(where, "unknown key", _suggestion(str(key), known)))
        elif isinstance(child := _get(node, key, where, errors), DictConfig):
            values[key] = _validate(child, f"{where}.", errors)
        else:
            values[key] = OmegaConf.to_object(child) if OmegaConf.is_config(child) else child
    if len(errors) > before:
        return None
    try:
        return _adapter(schema).validate_python(values)
    except ValidationError as error:
        for problem in error.errors():
            where = path + ".".join(map(str, problem["loc"]))
            value = f"{problem['input']!r}" if len(problem["loc"]) else ""
            what = f"{value} is refused" if value else "refused"
            errors.append(UserError(where, what, problem["msg"][0].lower() + problem["msg"][1:]))
        return None


def _get(node: DictConfig, key: Any, where: str, errors: list[UserError]) -> Any:
    """A value with its interpolations resolved."""
    try:
        if OmegaConf.is_missing(node, key):
            errors.append(UserError(where, "it has no value", f"give one: {where}=..."))
            return None
        return node[key]
    except OmegaConfBaseException as error:
        what = str(error).splitlines()[0]
        errors.append(UserError(where, what, "mend the interpolation"))
        return None


def nearest_key(path: str, schema: type, groups: dict[str, dict[str, type]]) -> str:
    """What to do about an unknown dotted key: the nearest one of the schema and its groups."""
    known = [*_paths(schema, "")]
    for group, choices in groups.items():
        for choice in choices.values():
            known += _paths(choice, f"{group}.")
    near = get_close_matches(path, known, n=1, cutoff=0.6)
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


@cache
def _adapter(schema: type) -> TypeAdapter[Any]:
    # strict about nothing but unknown keys: OmegaConf has converted the types already
    schema.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return TypeAdapter(schema)
