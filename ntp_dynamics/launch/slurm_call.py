"""What submitit calls on a machine of the batch system: one pack, from its folder."""

from __future__ import annotations

import signal
from importlib import import_module
from pathlib import Path
from typing import Any

from ntp_dynamics.launch.packs import Outcome
from ntp_dynamics.launch.work import work
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.system.owner import DirectoryLock

PACK, OUTCOME = "pack.json", "outcome.json"
"""In the folder of a pack: what it is, and what became of it."""


class PackCall:
    """Trains the pack in a folder and leaves its outcome there.

    Where the time is nearly over, or others need the machine, the system says so with a signal: the
    step at hand is finished, jobs keep what they have, and the pack is put into the queue again.
    """

    def __call__(self, folder: str) -> None:
        requeues = import_module("submitit").JobEnvironment._usr_sig()
        requeue = signal.getsignal(requeues)  # submitit's; work() hears the signal meanwhile
        place = Path(folder)
        with DirectoryLock(place):
            outcome = work((place / PACK).read_text(encoding="utf-8"))
            if Outcome.read(outcome).stopped != signal.Signals(requeues).name:
                write_atomically(place / OUTCOME, lambda path: path.write_text(outcome))
                return
        assert callable(requeue)
        requeue(requeues, None)

    def checkpoint(self, folder: str) -> Any:
        """How it goes on when its turn comes again: as it began."""
        return import_module("submitit.helpers").DelayedSubmission(self, folder)
