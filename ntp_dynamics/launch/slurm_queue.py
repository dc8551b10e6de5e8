"""Whether somebody still has a pack: a batch system in its queue, or a process of this machine."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.status import read_object
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import Owner

HANDLE = "handle.json"
"""In the folder of a pack: who has it."""
ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"}
ENDED |= {"OUT_OF_MEMORY", "TIMEOUT", "REVOKED"}
"""States of SLURM from which a job does not come back by itself."""
ASK_SECONDS = 5.0
"""How often the queue is asked."""


@dataclass(frozen=True)
class Handle:
    """A job of the batch system, or the process that has a pack here."""

    slurm: str | None
    """As `squeue` names it: 123_4."""
    owner: Owner | None

    @property
    def name(self) -> str:
        """What ends it is told: the job of SLURM with all its array, or the process."""
        return self.slurm.partition("_")[0] if self.slurm else str(self.owner and self.owner.pid)

    def write(self, folder: Path) -> None:
        """Into the folder of its pack."""
        said = json.dumps(asdict(self))
        write_atomically(folder / HANDLE, lambda path: path.write_text(said))


def read_handle(folder: Path) -> Handle | None:
    """Who has a pack; None where nobody was found for it."""
    try:
        said = read_object(folder / HANDLE)
        owner = said["owner"]
        return Handle(said["slurm"], Owner(**owner) if owner else None)
    except (UserError, KeyError, TypeError):
        return None


class Queue:
    """The states of this user's jobs, asked now and then."""

    def __init__(self) -> None:
        self._asked = -ASK_SECONDS
        self._states: Mapping[str, str] = {}

    def state(self, handle: Handle) -> str | None:
        """How a pack ended, in a word; None where somebody has it."""
        if handle.slurm is None:
            assert handle.owner is not None
            return None if handle.owner.lives(locked=False) else "its process is gone"
        if time.monotonic() - self._asked > ASK_SECONDS:
            self._states, self._asked = _squeue() or self._states, time.monotonic()
        state = self._states.get(handle.slurm, "not in the queue")
        return state if state in ENDED or " " in state else None


def _squeue() -> dict[str, str] | None:
    """State by name; None where the system does not answer, which says nothing of its jobs."""
    command = ["squeue", "--noheader", "--array", "--me", "--states=all", "--format=%i|%T"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(line.strip().split("|", 1) for line in said.stdout.splitlines() if "|" in line)
