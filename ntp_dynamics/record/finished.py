"""Whether a job is done already: then its record is what running it again would give."""

from __future__ import annotations

import math
from pathlib import Path

from ntp_dynamics import studies
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.record import Record, load_run
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import MANIFEST, verify
from ntp_dynamics.system.errors import UserError


def sealed(directory: Path, key: str) -> bool:
    """Whether a job with this identity is done there, and every file is as it was written."""
    if not (directory / MANIFEST).exists():
        return False
    status = told(directory)
    if status["state"] != "done" or status.get("identity") != key:
        return False
    try:
        return verify(directory)
    except UserError:
        return False


def finished(directory: Path, config: JobConfig) -> Record | None:
    """The record of this job, if it is done there already."""
    return load_run(directory) if sealed(directory, identity(config)) else None


def returned(directory: Path, config: JobConfig, key: str, known: bool = False) -> float | None:
    """What a job with this identity tells a sweeper, as its status says it, if it is done already;
    None if not.  ``known``: somebody has just made sure that it is done."""
    if not (known or sealed(directory, key)):
        return None
    phase, name = studies.find(config.study).returns or ("", "")
    value = told(directory)["final"].get(f"{phase}.{name}")
    return math.nan if value is None else float(value)
