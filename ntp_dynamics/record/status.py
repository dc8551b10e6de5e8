"""What became of a job, as its status says it, and whether that can be so.

planned | running | done | failed | interrupted, as the job wrote it; *dead*: it says that it runs,
and nobody is at work there; *unreadable*: its status is not the one that was recorded.  Done means
that there is a manifest, and that the status is the one it names; a status without a manifest
vouches for itself, and for the configuration beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ntp_dynamics.record.entries import (
    CONFIG,
    MANIFEST,
    STATUS,
    is_as_told,
    own_status,
    read_manifest,
    told_files,
)
from ntp_dynamics.system.bounded import DAMAGED, TEXT, json_of, read
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import attended

LARGEST = TEXT
"""Bytes of a status: a real one has a few thousand."""
BESIDE = {"observed": ("word", "said"), "shadow": ("label",)}
"""What a status says of a claim beside its verdict, and the words in each."""
UNSEALED = ("running", "dead")
"""States in which a status may differ from the one that its manifest names: of a job that was cut
off after it wrote the manifest."""


def told(directory: Path) -> dict[str, Any]:
    """The status of a job with its state and the reason of that, each field of its type; raises
    nothing that a file could cause."""
    try:
        status, entry = own_status(directory)
        manifest = read_manifest(directory)
        files = told_files(status, directory / STATUS) or {}
    except UserError as error:
        return _unreadable(error.what)
    state = str(status.get("state", "unreadable"))
    if state == "running" and not attended(directory):
        state, status = "dead", {**status, "reason": "its process is gone"}
    if manifest is None and state == "done":
        return _unreadable(f"its {MANIFEST} is missing")
    if manifest is not None and manifest[STATUS] != entry and state not in UNSEALED:
        return _unreadable(f"{STATUS} is not the one that was recorded")
    if manifest is None and CONFIG in files and not is_as_told(directory / CONFIG, files[CONFIG]):
        return _unreadable(f"{STATUS} is of another job than {CONFIG}")
    return shaped({**status, "state": state})


def shaped(status: Mapping[str, Any]) -> dict[str, Any]:
    """A status whose fields are what readers take them for; entries that are not are left out."""
    found = {"overrides": [], "reason": None, **status}
    found["overrides"] = [x for x in _list(found["overrides"]) if isinstance(x, str)]
    found["reason"] = None if found["reason"] is None else str(found["reason"])
    if not _is_number(found.get("seconds", 0)):
        del found["seconds"]
    found["final"] = {k: v for k, v in _dict(status, "final") if v is None or _is_number(v)}
    found["labels"] = {k: v for k, v in _dict(status, "labels") if isinstance(v, str)}
    chances = _dict(status, "p_contradicted")
    found["p_contradicted"] = {k: v for k, v in chances if _is_number(v)}
    found["runs"] = {k: v for k, v in _dict(status, "runs") if _are_runs(v)}
    for name, words in BESIDE.items():
        found[name] = {k: v for k, v in _dict(status, name) if _says(v, words)}
    return found


def _says(value: Any, words: Sequence[str]) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(word), str) for word in words)


def read_object(path: Path, largest: int = LARGEST) -> dict[str, Any]:
    """A JSON object of so many bytes at most.  Raises UserError."""
    try:
        found = json_of(read(path, largest), path)
    except FileNotFoundError:
        raise UserError(str(path), "it does not exist", "give a directory with a record") from None
    if not isinstance(found, dict):
        raise UserError(str(path), f"{path.name} holds no object", DAMAGED)
    return found


def _unreadable(reason: str) -> dict[str, Any]:
    return shaped({"state": "unreadable", "reason": reason})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(status: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    value = status.get(name)
    return [*value.items()] if isinstance(value, dict) else []


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _are_runs(value: Any) -> bool:
    """How many of the judged runs keep a claim, and which fail it."""
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), int) for name in ("kept", "judged"))
        and isinstance(value.get("failing"), list)
    )
