"""Composing a configuration with Hydra, and telling its errors, a line each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, open_dict
from yaml import YAMLError

from ntp_dynamics.config.arguments import quoted
from ntp_dynamics.config.conflicts import check_conflicts, check_hydra
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.config.files import broken_files, unusable
from ntp_dynamics.config.hydra_private import (
    TASK,
    VERSION_BASE,
    get_gh_backup,
    register_resolver,
    restore_gh_from_backup,
)
from ntp_dynamics.config.kept import composed as kept_or_composed
from ntp_dynamics.config.mistakes import COMPLAINTS, as_typed, beside, explain, grammatical, several
from ntp_dynamics.config.schema import register_schemas
from ntp_dynamics.config.tracking import from_environment
from ntp_dynamics.config.validate import validate
from ntp_dynamics.system.errors import UserError, UserErrors, raise_all

register_schemas()

COMPOSING = threading.RLock()
"""Held while Hydra composes, which keeps what it is at in one place for the whole process."""


register_resolver(
    "corpus", lambda name: str(config_dir() / "corpora" / f"{name}.jsonl"), replace=True
)
"""`${corpus:NAME}`: a corpus that comes with the experiments, as `dataset.path`."""

register_resolver("wandb", from_environment, replace=True)
"""`${wandb:mode}`, `${wandb:project}`: what the environment says of a tracker."""

PLAIN_RESOLVERS = ("corpus", "wandb", "oc.env")
"""Resolvers whose value depends on no other key."""


def compose_job(overrides: Sequence[str], search: Sequence[str] = ()) -> DictConfig:
    """The composed config of one job, Hydra's own node included.

    Raises UserError, or UserErrors for several.  Also while Hydra itself runs: what it is at is put
    aside.  One thread composes at a time.
    """
    overrides = as_typed(overrides)
    readings, errors = grammatical(overrides)
    errors += [several(reading) for reading in readings if reading.is_sweep_override()]
    aside = [error.where for error in errors]
    for reading in readings:
        broken = unusable(search, [reading])
        errors += broken
        aside += [reading.key_or_group] if broken else []
    if errors:
        rest = [str(reading.input_line) for reading in readings]
        for where in aside:
            rest = beside(where, rest)
        raise_all([*errors, *_mistakes(rest, search)])
    try:
        composed = _compose(overrides, search)
        check_hydra(composed.hydra)
        return composed
    except COMPLAINTS:
        raise_all(_mistakes(overrides, search))
        raise


def _compose(overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    with COMPOSING:
        return kept_or_composed(overrides, search, lambda these: _by_hydra(these, search))


def _by_hydra(overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    urls = [f"file://{Path(directory).resolve()}" for directory in search]
    places = [quoted(url, interpolate=True) for url in urls]  # Hydra resolves nothing here
    path = [f"hydra.searchpath=[{','.join(places)}]"] if search else []
    running = get_gh_backup()
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(config_dir()), TASK, **VERSION_BASE):
            return compose("config", [*overrides, *path], return_hydra_config=True)
    finally:
        restore_gh_from_backup(running)


def _mistakes(overrides: Sequence[str], search: Sequence[str]) -> list[UserError]:
    """What Hydra complains of, and what it would complain of next: it stops at the first.

    A mistake is put aside with all that hangs on it, so that no line is the echo of another.
    """
    found: list[UserError] = []
    while True:
        try:
            composed = _compose(overrides, search)
            break
        except COMPLAINTS as error:
            unread = isinstance(error, YAMLError | UnicodeDecodeError)
            if unread and (files := broken_files(search)):
                return found + files
            found.append(explain(error, overrides, search))
        rest = beside(found[-1].where, overrides)
        if len(rest) == len(overrides):
            return found
        overrides = rest
    try:
        validate(without_hydra(composed))
    except UserErrors as more:
        found += more.errors
    return found


def without_hydra(composed: DictConfig) -> DictConfig:
    """The job's own part of a composed config."""
    if "hydra" not in composed:
        return composed
    composed = composed.copy()
    with open_dict(composed):
        composed.pop("hydra")
    return composed


def read_config(composed: DictConfig) -> Any:
    """Validate a composed config, Hydra's own node aside.  Raises UserErrors, all at once."""
    config = validate(without_hydra(composed))
    check_conflicts(config)
    return config
