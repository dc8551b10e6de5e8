"""The configuration of a job as it is stored with its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from ntp_dynamics import studies
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.plain import as_dict
from ntp_dynamics.config.schema import groups_of, schemas
from ntp_dynamics.config.tracking import flatten
from ntp_dynamics.system.bounded import yaml_of
from ntp_dynamics.system.secrets import redact


def to_yaml(config: JobConfig) -> str:
    """The configuration as it is stored with a record, its free texts without secrets; `choices`
    names what each group chose."""
    return yaml.dump(to_plain(config), Dumper=_DUMPER, sort_keys=False)


def to_plain(config: JobConfig) -> dict[str, Any]:
    """The same as plain values."""
    plain = _plain(as_dict(config))
    choices = {
        group: name
        for group, options in groups_of(config.study).items()
        for name, schema in options.items()
        if type(getattr(config, group)) is schema
    }
    return {"choices": choices, **plain}


def redact_overrides(config: JobConfig, overrides: Sequence[str]) -> list[str]:
    """What was asked for, secrets aside: choices, numbers and flags are the lab's own words, so are
    all keys; names and paths, and what is not of the configuration, are free text."""
    settings = flatten(as_dict(config))
    groups = {f.name for f in fields(config)} - {*settings} | {"experiment", "study"}
    redacted = []
    for override in overrides:
        key, _, value = override.partition("=")
        path = key.lstrip("+~")
        own = path in groups or (path in settings and not _is_free_text(settings[path]))
        if not own:
            override = f"{key}={redact(value)}" if path in settings else redact(override)
        redacted.append(override)
    return redacted


def _is_free_text(value: Any) -> bool:
    """Whether a setting may hold any text: no number, no flag, no choice."""
    if isinstance(value, list):
        return not value or any(map(_is_free_text, value))
    return isinstance(value, str) and not isinstance(value, StrEnum)


def from_yaml(text: str, where: Path = Path("config.yaml")) -> Any:
    """The inverse of `to_yaml`.  Names map to dataclasses of the study; nothing is executed."""
    return from_plain(read_yaml(text, where))


def from_plain(plain: dict[str, Any]) -> Any:
    """The inverse of `to_plain`."""
    study = plain.setdefault("study", studies.DEFAULT)
    for group, name in plain.pop("choices").items():
        plain[group] = _adapter(groups_of(study)[group][name]).validate_python(plain[group])
    return _adapter(schemas()[study]).validate_python(plain)


def read_yaml(text: str, where: Path = Path("config.yaml")) -> Any:
    """Plain values of a YAML text, within limits.  Raises UserError."""
    return yaml_of(text.encode("utf-8"), where)


_adapter = cache(TypeAdapter)  # takes milliseconds to make

# the one in C, where PyYAML was built with it, is ten times faster
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return redact(value) if _is_free_text(value) else value
