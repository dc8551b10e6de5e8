"""The index: one row for every job below a directory, read from the status files only.

Rows are kept in the user's cache folder with the time and size of the file they came from, so that
ten thousand jobs open at once; the cache is never the truth and may be deleted.  A job is named in
addresses by a hash of its place, never by a path: what is not in the index cannot be asked for.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from sys import intern
from typing import Any

from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.label import Label
from ntp_dynamics.lab.store import MANIFEST, STATUS, read_json, write_atomically
from ntp_dynamics.observe.judgement import CLAIMS
from ntp_dynamics.record import adjusted_labels

VERSION = 1
LONGEST = 200
"""Characters of any text from a record that a table shows."""
LARGEST = 1 << 20
"""Bytes of a status file: a real one has a few thousand."""

Stamp = tuple[int, int]


@dataclass(frozen=True)
class Job:
    """One row.  ``labels`` are those of the job alone; ``Index.labels`` corrects for the sweep."""

    id: str
    path: Path
    folder: str
    name: str
    state: str
    reason: str
    seconds: float | None
    overrides: Mapping[str, str]
    final: Mapping[str, float]
    labels: Mapping[str, str]
    p_contradicted: Mapping[str, float]
    stamp: Stamp = (0, 0)

    @property
    def place(self) -> str:
        """Where it lies below the root, for people."""
        return self.name if self.folder == "." else f"{self.folder}/{self.name}"


@dataclass(frozen=True)
class Folder:
    """The jobs of one directory: a sweep, or jobs that were started one by one."""

    id: str
    name: str
    jobs: Sequence[Job]

    @cached_property
    def overrides(self) -> list[str]:
        """Override keys, in the order of first use."""
        return list(dict.fromkeys(key for job in self.jobs for key in job.overrides))

    @cached_property
    def swept(self) -> list[str]:
        """Override keys whose values differ between the jobs."""
        return [
            key for key in self.overrides if len({job.overrides.get(key) for job in self.jobs}) > 1
        ]

    @cached_property
    def claims(self) -> list[str]:
        """Claims that some job has a verdict on, in the order of the paper."""
        found = dict.fromkeys(claim for job in self.jobs for claim in job.labels)
        known = [c for c in dict.fromkeys(claim.id for claim in CLAIMS) if c in found]
        return known + [c for c in found if c not in known]

    @cached_property
    def observables(self) -> list[str]:
        """Final observables that some job has."""
        return list(dict.fromkeys(name for job in self.jobs for name in job.final))

    @cached_property
    def telling(self) -> str:
        """The claim whose verdicts differ most between the jobs; of equals the main theorem's."""
        kinds = {c: len({job.labels.get(c) for job in self.jobs} - {None}) for c in self.claims}
        rank = {c: (kinds[c], c.startswith("kq.direction")) for c in self.claims}
        return max(self.claims, key=rank.__getitem__, default="")


@dataclass(frozen=True)
class Index:
    """All jobs below a root: ``rows`` as read, ``folders`` and ``jobs`` with corrected labels."""

    root: Path
    rows: Mapping[str, Job]

    @cached_property
    def folders(self) -> dict[str, Folder]:
        return _folders(self.rows.values())

    @cached_property
    def jobs(self) -> dict[str, Job]:
        return {job.id: job for folder in self.folders.values() for job in folder.jobs}

    @cached_property
    def stamp(self) -> str:
        """Changes whenever a row does."""
        rows = repr([(job.id, job.stamp) for job in self.rows.values()])
        return hashlib.sha256(rows.encode()).hexdigest()[:16]


def scan(root: Path, known: Index | None = None) -> Index:
    """Read what is new below the root; rows of unchanged status files are taken from ``known``.

    Links are not followed.  A directory that vanishes meanwhile is left out.
    """
    old = {} if known is None else known.rows
    jobs: dict[str, Job] = {}
    for directory, stamp in sorted(_places(root), key=lambda found: _order(root, found[0])):
        key = name_of(root, directory)
        row = old.get(key)
        jobs[key] = row if row is not None and row.stamp == stamp else _row(root, directory, stamp)
    if known is not None and list(jobs) == list(old) and all(jobs[k] is old[k] for k in jobs):
        return known
    return Index(root, jobs)


def name_of(root: Path, directory: Path) -> str:
    """The name of a job in addresses: twelve digits of a hash of its place below the root."""
    place = os.fsencode(directory.relative_to(root).as_posix())
    return hashlib.sha256(place).hexdigest()[:12]


def folder_key(name: str) -> str:
    """The name of a folder in addresses."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def text(value: Any, longest: int = LONGEST) -> str:
    """Any value from a record as text for a page: short, one line, valid UTF-8, and without
    characters that steer a terminal or the direction of writing."""
    said = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    said = "".join(c if c.isprintable() else "\ufffd" for c in said[: longest + 1])
    return said if len(said) <= longest else said[: longest - 1] + "…"


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
        jobs = {}
        for row in data["jobs"]:
            path = root / os.fsdecode(bytes.fromhex(row.pop("place")))
            job = Job(path=path, **{**row, "stamp": tuple(row["stamp"])})
            jobs[job.id] = _interned(job)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Index(root, jobs)


def save(index: Index) -> None:
    """Keep the rows for the next start; a cache that cannot be written is done without."""
    rows = []
    for job in index.rows.values():
        place = os.fsencode(job.path.relative_to(index.root)).hex()
        rows.append({**{k: v for k, v in vars(job).items() if k != "path"}, "place": place})
    body = json.dumps({"version": VERSION, "jobs": rows})
    file = cache_file(index.root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda path: path.write_text(body, "utf-8"))
    except OSError:
        return


def _places(root: Path) -> Iterator[tuple[Path, Stamp]]:
    """Every directory with a status file, and the stamp of that file."""
    pending = [root]
    while pending:
        directory = pending.pop()
        inner, found = [], None
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(Path(entry.path))
                    elif entry.name == STATUS and entry.is_file(follow_symlinks=False):
                        stat = entry.stat(follow_symlinks=False)
                        found = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            continue
        if found is not None:
            yield directory, found
        else:
            pending += inner


def _order(root: Path, directory: Path) -> list[tuple[int, str]]:
    parts = directory.relative_to(root).parts
    return [(int(x), "") if x.isdecimal() and len(x) < 10 else (-1, x) for x in parts]


def _row(root: Path, directory: Path, stamp: Stamp) -> Job:
    place = directory.relative_to(root)
    blank = Job(
        id=name_of(root, directory),
        path=directory,
        folder=text(place.parent.as_posix()),
        name=text(place.name or directory.absolute().name),
        state="unreadable",
        reason="",
        seconds=None,
        overrides={},
        final={},
        labels={},
        p_contradicted={},
        stamp=stamp,
    )
    if stamp[1] > LARGEST:
        return replace(blank, reason=f"{STATUS} is too large to be one")
    try:
        status = read_json(directory / STATUS)
        if not isinstance(status, dict):
            raise TypeError(f"{STATUS} holds no object")
    except (UserError, TypeError, RecursionError) as error:
        return replace(blank, reason=text(getattr(error, "what", error)))
    state, reason = text(status.get("state", "unreadable")), text(status.get("reason") or "")
    if state == "done" and not (directory / MANIFEST).exists():
        state, reason = "unreadable", f"its {MANIFEST} is missing"
    overrides = status.get("overrides")
    p_contradicted = _numbers(status.get("p_contradicted"))
    pairs = [text(o).lstrip("+~").partition("=") for o in overrides or () if isinstance(o, str)]
    return _interned(
        replace(
            blank,
            state=state,
            reason=reason,
            seconds=_number(status.get("seconds")),
            overrides={key: value for key, _, value in pairs},
            final=_numbers(status.get("final")),
            labels={
                text(claim): _label(label, text(claim) in p_contradicted)
                for claim, label in _items(status.get("labels"))
            },
            p_contradicted=p_contradicted,
        )
    )


def _interned(job: Job) -> Job:
    """Ten thousand jobs share the names of keys and labels."""
    return replace(
        job,
        state=intern(job.state),
        folder=intern(job.folder),
        overrides={intern(k): intern(v) for k, v in job.overrides.items()},
        final={intern(k): v for k, v in job.final.items()},
        labels={intern(k): intern(v) for k, v in job.labels.items()},
        p_contradicted={intern(k): v for k, v in job.p_contradicted.items()},
    )


def _label(label: Any, has_p: bool) -> str:
    """A label of the eight; a contradiction without its p-value is no finding of the judge."""
    known = Label.known(label)
    told = known is not None and (has_p or known is not Label.contradicted)
    return str(known if told else Label.invalid)


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(k), v) for k, v in value.items()][:500] if isinstance(value, dict) else []


def _numbers(value: Any) -> dict[str, float]:
    numbers = {text(key): _number(item) for key, item in _items(value)}
    return {key: number for key, number in numbers.items() if number is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _folders(rows: Iterable[Job]) -> dict[str, Folder]:
    """Jobs by directory, contradictions corrected for the number of verdicts of each (Holm)."""
    groups: dict[str, list[Job]] = {}
    for job in rows:
        groups.setdefault(job.folder, []).append(job)
    folders = {}
    for name, members in groups.items():
        jobs = members
        if any(Label.contradicted in job.labels.values() for job in members):
            labels = adjusted_labels([vars(job) for job in members])
            jobs = [replace(j, labels=row) for j, row in zip(members, labels, strict=True)]
        key = folder_key(name)
        folders[key] = Folder(key, name, jobs)
    return folders
