"""Composing a configuration with Hydra, and telling its errors in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException

from ntp_dynamics.config import GROUPS, Config, check_conflicts, register_schemas
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.validate import nearest_key, validate

register_schemas()


def config_dir() -> Path:
    """`conf/`: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def compose_job(overrides: Sequence[str], search: Sequence[str] = ()) -> DictConfig:
    """The composed config of one job, Hydra's own node included.  Raises UserError."""
    path = [f"hydra.searchpath=[{','.join(f'file://{Path(d).resolve()}' for d in search)}]"]
    try:
        with initialize_config_dir(config_dir=str(config_dir()), version_base="1.3"):
            return compose(
                "config", [*overrides, *(path if search else [])], return_hydra_config=True
            )
    except (HydraException, OmegaConfBaseException) as error:
        raise _explain(error, overrides) from error


def read_config(composed: DictConfig) -> Config:
    """Validate a composed config, Hydra's own node aside.  Raises UserErrors, all at once."""
    job = composed.copy()
    with open_dict(job):
        job.pop("hydra", None)
    config = validate(job)
    check_conflicts(config)
    return config


def _explain(error: Exception, overrides: Sequence[str]) -> UserError:
    """Hydra's first complaint: where, what, what to do."""
    text = str(error)
    first = next((line.strip() for line in text.splitlines() if line.strip()), "it is not valid")
    if match := re.search(r"Could not override '([^']+)'", text):
        return UserError(match[1], "unknown key", nearest_key(match[1], Config, GROUPS))
    if isinstance(error, MissingConfigException) and (
        match := re.search(r"Could not find '(.+)/([^/']+)'", text)
    ):
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        choice = f"choose {', '.join(o for o in options if o)}" if options else "see --help"
        return UserError(match[1], f"{match[2]!r} is not one of its options", choice)
    if match := re.search(r"full_key: (\S+)", text):
        return UserError(match[1], first[0].lower() + first[1:], "see ntp-train --help")
    for override in overrides:
        if override in text:
            remedy = "write key=value, and quote values with special characters"
            return UserError(override, "it is not a valid override", remedy)
    return UserError("config", first, "see ntp-train --help")
