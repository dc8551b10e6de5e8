"""Nested dataclasses as nested dicts: `dataclasses.asdict` copies every leaf, and takes a
millisecond for the configuration of a job."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any


def as_dict(value: Any) -> Any:
    """As `dataclasses.asdict`; leaves are the same objects."""
    names = _names(type(value))
    if names is not None:
        return {name: as_dict(getattr(value, name)) for name in names}
    if isinstance(value, list | tuple):
        return type(value)(map(as_dict, value))
    if isinstance(value, dict):
        return {key: as_dict(item) for key, item in value.items()}
    return value


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass; None of another type."""
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    return tuple(field.name for field in fields(kind))
