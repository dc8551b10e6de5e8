"""The index on disk: rows with the time and size of the file they came from.

They are kept in the user's cache folder, so that ten thousand jobs open at once; the cache is never
the truth and may be deleted.  The first line is the hash of the rest: a damaged one is none.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ntp_dynamics.dashboard.index import Index
from ntp_dynamics.dashboard.rows import Job, Listed, interned, shared
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.system.bounded import read
from ntp_dynamics.system.errors import UserError

VERSION = 4
LARGEST = 1 << 28
"""Bytes of an index; that of ten thousand jobs has some ten million."""


def cache_file(root: Path) -> Path:
    """Where the rows of a root are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:16]
    return Path(home) / "ntp-dynamics" / f"index-{name}.json"


def load(root: Path) -> Index | None:
    """The index as it was cached; None where there is none that can be used."""
    try:
        seal, _, body = read(cache_file(root), LARGEST).partition(b"\n")
        if seal != _seal(body):
            return None
        data = json.loads(body)
        if data["version"] != VERSION:
            return None
        jobs, lists = {}, [shared(*map(tuple, x)) for x in data["lists"]]
        for row in data["jobs"]:
            path = root / os.fsdecode(bytes.fromhex(row.pop("place")))
            own = {"stamp": tuple(row["stamp"]), "listed": lists[row["listed"]]}
            job = Job(path=path, **{**row, **own})
            jobs[job.id] = interned(job)
    except (OSError, ValueError, LookupError, TypeError, UserError):
        return None
    return Index(root, jobs)


def save(index: Index) -> None:
    """Keep the rows for the next start; a cache that cannot be written is done without."""
    rows = []
    lists: dict[Listed, int] = {}
    for job in index.rows.values():
        place = os.fsencode(job.path.relative_to(index.root)).hex()
        own = {"place": place, "listed": lists.setdefault(job.listed, len(lists))}
        rows.append({**{k: v for k, v in vars(job).items() if k != "path"}, **own})
    told = [[x.claims, x.ranked, x.logs] for x in lists]
    body = json.dumps({"version": VERSION, "lists": told, "jobs": rows}).encode()
    file = cache_file(index.root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda path: path.write_bytes(_seal(body) + b"\n" + body))
    except OSError:
        return


def _seal(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
