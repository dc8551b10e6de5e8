"""The plan of a sweep: every job it has, written once all are checked and before any begins.

It is the index of the sweep: the order of the jobs, the directory of each, what it was asked for
and its whole configuration, secrets aside.  Settings that all jobs share are written once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ntp_dynamics import __version__
from ntp_dynamics.config.stored import from_plain
from ntp_dynamics.record.atomic import flush_names, write_atomically
from ntp_dynamics.record.identity import digest, identity
from ntp_dynamics.record.status import read_object
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.secrets import HIDDEN
from ntp_dynamics.verdict.verdict import FORMAT

PLAN = "plan.json"
LARGEST = 1 << 28
"""Bytes of a plan; ten thousand jobs take three million."""
NUMBERED = re.compile(r"(\d{1,9})-[0-9a-f]{16}")
"""The name of a job's directory: its number in the plan, and its identity."""

Settings = Mapping[str, Any]
"""A configuration as it is stored, by dotted keys."""


def directory_name(number: int, key: str) -> str:
    """How the directory of a job is called; ``key`` is its identity."""
    return f"{number}-{key}"


def short_name(directory: str) -> str:
    """What people are shown of that: the number."""
    found = NUMBERED.fullmatch(directory)
    return found[1] if found else directory


@dataclass(frozen=True)
class Planned:
    """One job: what was asked for (secrets aside), its identity, its directory below the sweep, and
    the settings that not all jobs share."""

    overrides: Sequence[str]
    identity: str
    directory: str
    own: Settings


@dataclass(frozen=True)
class Plan:
    """All jobs of a sweep in order, and the command that asked for them."""

    jobs: Sequence[Planned]
    shared: Settings
    """Settings of every job."""
    command: Sequence[str] = ()
    """Overrides and flags of `ntp-train -m`, secrets aside."""
    folder: str = ""
    """Where the command was given."""
    version: str = __version__
    rules: int = FORMAT
    """The format of verdicts."""

    @property
    def key(self) -> str:
        """Equal for sweeps of equal jobs in equal order."""
        return digest([self.version, self.rules, [job.identity for job in self.jobs]])

    def settings(self, number: int) -> Settings:
        """The configuration of a job as it is stored."""
        return {**self.shared, **self.jobs[number].own}

    def config(self, number: int) -> Any:
        """The configuration of a job, checked by its identity.

        Raises UserError where a secret was left out, or it is no longer the same job.
        """
        config = from_plain(nested(self.settings(number)))
        if identity(config, self.version, self.rules) != self.jobs[number].identity:
            hidden = any(HIDDEN in str(value) for value in self.settings(number).values())
            what = "a file that it names has changed since"
            what = "a secret in it was not stored" if hidden else what
            raise UserError(f"job {number}", what, "repeat the command")
        return config

    def write(self, sweep: Path) -> None:
        """Into the directory of the sweep, a line a job."""
        body = _body(self._said())
        write_atomically(sweep / PLAN, lambda path: path.write_text(body, encoding="utf-8"))
        flush_names(sweep)  # jobs without their plan would be nobody's

    def _said(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "format": self.rules,
            "command": list(self.command),
            "folder": self.folder,
            "shared": dict(self.shared),
            "jobs": [
                [list(job.overrides), job.identity, job.directory, dict(job.own)]
                for job in self.jobs
            ],
        }


def make_plan(
    jobs: Iterable[tuple[Sequence[str], str, str, Settings]], command: Sequence[str], folder: str
) -> Plan:
    """The plan of jobs: overrides, identity, directory and all settings of each."""
    found = list(jobs)
    shared = dict(found[0][3]) if found else {}
    for _, _, _, settings in found:
        lost = [k for k, v in shared.items() if k not in settings or not _same(settings[k], v)]
        for key in lost:
            del shared[key]
    planned = [
        Planned(overrides, key, directory, {k: v for k, v in all_of.items() if k not in shared})
        for overrides, key, directory, all_of in found
    ]
    return Plan(planned, shared, command, folder)


def read_plan(sweep: Path) -> Plan | None:
    """The plan of a sweep; None where there is none.  Raises UserError for a damaged one."""
    path = sweep / PLAN
    try:
        stat = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return _read(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


ANEW = "delete it, and repeat the command with hydra.sweep.dir naming this sweep: it keeps the jobs"
"""What to do about a plan that is damaged: the command says what was to be done."""


@lru_cache(maxsize=4)
def _read(path: Path, *stamp: int) -> Plan:
    """Once for all who look at it."""
    try:
        said = read_object(path, largest=LARGEST)
    except UserError as error:
        raise UserError(error.where, error.what, ANEW) from None
    if said.get("seal") != digest({k: v for k, v in said.items() if k != "seal"}):
        what = "it is not the plan that was written"
        raise UserError(str(path), what, ANEW)
    try:
        jobs = [_planned(*job) for job in said["jobs"]]
        version, rules = str(said["version"]), int(said["format"])
        command, folder = list(map(str, said["command"])), str(said["folder"])
        return Plan(jobs, dict(said["shared"]), command, folder, version, rules)
    except (KeyError, TypeError, ValueError):
        what = "it is not one that this version reads"
        raise UserError(str(path), what, "start the sweep anew") from None


def _planned(overrides: Any, key: Any, directory: Any, own: Any) -> Planned:
    """Raises ValueError or TypeError for what no plan holds: a directory elsewhere, say."""
    if not isinstance(directory, str) or not isinstance(overrides, list):
        raise TypeError
    if Path(directory).is_absolute() or {"..", ""} & set(directory.split("/")):
        raise ValueError
    return Planned(list(map(str, overrides)), str(key), directory, dict(own))


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys; what holds nothing stays."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        inner = isinstance(value, Mapping) and value
        found |= flat(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return found


def nested(settings: Settings) -> dict[str, Any]:
    """The inverse of `flat`."""
    tree: dict[str, Any] = {}
    for key, value in settings.items():
        *above, name = key.split(".")
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[name] = value
    return tree


def _same(a: Any, b: Any) -> bool:
    """Equal also as JSON, which tells 1 from 1.0 and from true."""
    return a is b or (type(a) is type(b) and a == b)


def _body(said: Mapping[str, Any]) -> str:
    """JSON with a line a job."""
    head = json.dumps({k: v for k, v in said.items() if k != "jobs"}, indent=1)[:-2]
    jobs = ",\n  ".join(json.dumps(job) for job in said["jobs"])
    return f'{head},\n "jobs": [\n  {jobs}\n ],\n "seal": "{digest(said)}"\n}}\n'
