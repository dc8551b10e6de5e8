"""The index on disk: rows with the time and size of the file they came from.

They are kept in the user's cache folder, so that ten thousand jobs open at once; the cache is never
the truth and may be deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ntp_dynamics.dashboard.index import Index
from ntp_dynamics.dashboard.rows import Job, Listed, interned, shared
from ntp_dynamics.record.store import write_atomically

VERSION = 3


def cache_file(root: Path) -> Path:
    """Where the rows of a root are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:16]
    return Path(home) / "ntp-dynamics" / f"index-{name}.json"


def load(root: Path) -> Index | None:
    """The index as it was cached; None where there is none that can be used."""
    try:
        data = json.loads(cache_file(root).read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            return None
        jobs, lists = {}, [shared(*map(tuple, x)) for x in data["lists"]]
        for row in data["jobs"]:
            path = root / os.fsdecode(bytes.fromhex(row.pop("place")))
            own = {"stamp": tuple(row["stamp"]), "listed": lists[row["listed"]]}
            job = Job(path=path, **{**row, **own})
            jobs[job.id] = interned(job)
    except (OSError, ValueError, LookupError, TypeError):
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
    body = json.dumps({"version": VERSION, "lists": told, "jobs": rows})
    file = cache_file(index.root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda path: path.write_text(body, "utf-8"))
    except OSError:
        return
