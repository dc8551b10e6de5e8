"""Manifests of made-up records: what a job, or someone who forges a record, would write."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ntp_dynamics.record.entries import REQUIRED


def seal(job: Path, *names: str) -> None:
    """Write a manifest of these files as they are; without names, of those that it lists.  It names
    what every manifest does, also where there is none of it."""
    path = job / "MANIFEST.json"
    names = names or tuple(json.loads(path.read_text())["files"])
    files = {}
    for name in dict.fromkeys((*REQUIRED, *names)):
        data = (job / name).read_bytes() if (job / name).is_file() else b"not there"
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    path.write_text(json.dumps({"files": files}))
