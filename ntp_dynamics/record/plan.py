"""The plan of a sweep: every job it has, written once all are checked and before any begins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ntp_dynamics import __version__
from ntp_dynamics.record.identity import digest
from ntp_dynamics.record.status import read_object
from ntp_dynamics.record.store import flush_names, write_atomically
from ntp_dynamics.system.errors import UserError

PLAN = "plan.json"


@dataclass(frozen=True)
class Planned:
    """One job: what was asked for (secrets aside), and its identity."""

    overrides: Sequence[str]
    identity: str


@dataclass(frozen=True)
class Plan:
    """All jobs of a sweep, by their numbers, and the command that asked for them."""

    jobs: Sequence[Planned]
    command: Sequence[str] = ()
    """Overrides and flags of `ntp-train -m`, secrets aside."""
    version: str = __version__

    @property
    def key(self) -> str:
        """Equal for sweeps of equal jobs in equal order."""
        return digest([self.version, [job.identity for job in self.jobs]])

    def write(self, sweep: Path) -> None:
        """Into the directory of the sweep."""
        said = {
            "jobs": [asdict(job) for job in self.jobs],
            "command": list(self.command),
            "version": self.version,
        }
        body = json.dumps({**said, "key": self.key, "seal": digest(said)}, indent=1) + "\n"
        write_atomically(sweep / PLAN, lambda path: path.write_text(body, encoding="utf-8"))
        flush_names(sweep)  # jobs without their plan would be nobody's


def read_plan(sweep: Path) -> Plan | None:
    """The plan of a sweep; None where there is none.  Raises UserError for a damaged one."""
    path = sweep / PLAN
    if not path.exists():
        return None
    said: Mapping[str, Any] = read_object(path, largest=1 << 28)
    told = {name: said.get(name) for name in ("jobs", "command", "version")}
    if said.get("seal") != digest(told):
        what = "it is not the plan that was written"
        raise UserError(str(path), what, "delete it, and start the sweep anew")
    jobs = [Planned(job["overrides"], job["identity"]) for job in said["jobs"]]
    return Plan(jobs, said["command"], said["version"])
