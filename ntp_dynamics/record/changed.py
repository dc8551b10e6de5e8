"""A sealed record that was kept although something has changed since says what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.entries import MANIFEST, STATUS, dumped, encoded, entry_of
from ntp_dynamics.record.store import read_json

CHANGED = "changed"
"""In a status: the lines that say what has changed."""


def told_changes(changed: Any) -> str:
    """What has changed, in one text; empty where nothing has."""
    return "; ".join(map(str, changed)) if isinstance(changed, list) else ""


def mark_changed(directory: Path, identity: str, changes: Sequence[str]) -> None:
    """Write into the status of a sealed record what has changed since it was made, and under which
    identity it is kept; whoever calls holds its lock and has verified it.

    Cut off in the middle it is unreadable, so that the job is done again.
    """
    status = read_json(directory / STATUS)
    manifest = read_json(directory / MANIFEST)
    status[CHANGED] = [*status.get(CHANGED, []), *changes]
    status["identity"] = identity
    body = encoded(dumped(status))
    manifest["files"][STATUS] = entry_of(body)
    listed = encoded(dumped(manifest))
    write_atomically(directory / MANIFEST, lambda path: path.write_bytes(listed))
    write_atomically(directory / STATUS, lambda path: path.write_bytes(body))
