"""What became of a job, as its status says it, and whether that can be so.

planned | running | done | failed | interrupted, as the job wrote it; *dead*: it says that it runs,
and nobody is at work there; *unreadable*: its status is not the one that was recorded.  Done means
that there is a manifest, and that the status is the one it names.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ntp_dynamics.record.store import MANIFEST, STATUS
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import attended

OPEN = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
"""No link, and no pipe that waits for a writer."""
LARGEST = 1 << 20
"""Bytes of a status: a real one has a few thousand."""
UNSEALED = ("running", "dead")
"""States in which a status may differ from the one that its manifest names: of a job that was cut
off after it wrote the manifest."""


def told(directory: Path) -> dict[str, Any]:
    """The status of a job with its state and the reason of that; raises nothing that a file could
    cause."""
    try:
        status, entry = _read(directory / STATUS)
        sealed = _sealed(directory / MANIFEST)
    except UserError as error:
        return _unreadable(error.what)
    state = str(status.get("state", "unreadable"))
    if state == "running" and not attended(directory):
        state, status = "dead", {**status, "reason": "its process is gone"}
    if sealed is None and state == "done":
        return _unreadable(f"its {MANIFEST} is missing")
    if sealed is not None and sealed != entry and state not in UNSEALED:
        return _unreadable(f"{STATUS} is not the one that was recorded")
    return {"overrides": [], "reason": None, **status, "state": state}


def read_object(path: Path, largest: int = LARGEST) -> dict[str, Any]:
    """A JSON object of so many bytes at most.  Raises UserError."""
    return _read(path, largest)[0]


def _unreadable(reason: str) -> dict[str, Any]:
    return {"overrides": [], "state": "unreadable", "reason": reason}


def _read(path: Path, largest: int = LARGEST) -> tuple[dict[str, Any], dict[str, Any]]:
    """A JSON object, and size and SHA-256 of its file.  Raises UserError."""
    try:
        with open(os.open(path, os.O_RDONLY | OPEN), "rb") as file:
            body = file.read(largest + 1) or b""
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None
    except OSError as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error
    if len(body) > largest:
        raise UserError(str(path), f"{path.name} is too large to be one", "the record is damaged")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), "it cannot be read", "the record is damaged") from error
    if not isinstance(found, dict):
        raise UserError(str(path), f"{path.name} holds no object", "the record is damaged")
    return found, {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}


def _sealed(path: Path) -> dict[str, Any] | None:
    """What a manifest says of the status; None where there is no manifest.  Raises UserError."""
    if not path.is_file():
        return None
    files = _read(path)[0].get("files")
    if not isinstance(files, dict) or not isinstance(files.get(STATUS), dict):
        what = f"its {MANIFEST} does not name {STATUS}"
        raise UserError(str(path), what, "the record is damaged; run the job again")
    return files[STATUS]
