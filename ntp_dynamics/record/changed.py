"""A sealed record that was kept although something has changed since says what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntp_dynamics.record.store import MANIFEST, STATUS, read_json, write_atomically

CHANGED = "changed"


def told_changes(changed: Any) -> str:
    """What has changed, in one text; empty where nothing has."""
    if not isinstance(changed, Mapping):
        return ""
    return "; ".join(f"{key}: {value}" for key, value in changed.items())


def mark_changed(directory: Path, identity: str, changes: Mapping[str, str]) -> None:
    """Write into the status of a sealed record what has changed since it was made, and under which
    identity it is kept; whoever calls holds its lock and has verified it.

    Cut off in the middle it is unreadable, so that the job is done again.
    """
    status = read_json(directory / STATUS)
    manifest = read_json(directory / MANIFEST)
    status[CHANGED] = {**status.get(CHANGED, {}), **changes}
    status["identity"] = identity
    body = _bytes(status)
    manifest["files"][STATUS] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    listed = _bytes(manifest)
    write_atomically(directory / MANIFEST, lambda path: path.write_bytes(listed))
    write_atomically(directory / STATUS, lambda path: path.write_bytes(body))


def _bytes(value: Any) -> bytes:
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")
