"""When a job keeps where it stands, and whether it may go on from there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.record.changed import CHANGED, told_changes
from ntp_dynamics.record.checkpoint import Checkpoint, Checkpoints
from ntp_dynamics.run.snapshot import Snapshot
from ntp_dynamics.run.training import Trained
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.fingerprint import differences, fingerprint
from ntp_dynamics.system.throttle import Throttle

SHARE = 0.02
"""Of the time of a job, at most."""


class Checkpointing:
    """The checkpoints of one job: at timed intervals, when it is asked to stop, and before its
    claims are judged where training took long."""

    def __init__(
        self,
        job: Path,
        config: JobConfig,
        status: dict[str, Any],
        say: Callable[[str], None],
    ):
        self._files, self._status, self._say = Checkpoints(job), status, say
        self._own = {name: status.get(name) for name in ("identity", "added")}
        self._may_change = config.runtime.allow_changed
        seconds = config.runtime.checkpoint_seconds
        self._unasked = seconds is not None
        self._share = Throttle(math.inf if seconds is None else seconds, SHARE)
        self._works = True
        self.said: Mapping[str, Any] = {}
        """What was said with the checkpoint that was found."""

    def found(self) -> Snapshot | None:
        """Where this job stood; None where it begins at its start.

        Raises UserError where the machine has changed since, and that was not allowed; where it was
        the status says so.
        """
        newest, passed = self._files.newest()
        for damage in passed:
            self._say(f"{damage.where}: {damage.what}; the one before it is used, if there is one")
        if newest is None or any(newest.said.get(k) != own for k, own in self._own.items()):
            self._files.remove()
            return None
        changes = differences(newest.said["fingerprint"])
        begin = Snapshot.of(newest)
        if changes and not self._may_change:
            what = f"written with another {told_changes(changes)}"
            remedy = "pass runtime.allow_changed=true (ntp-resume: --allow-changed), or delete it"
            raise UserError(str(self._files.folder), what, remedy)
        before = [*newest.said.get(CHANGED, ())]
        if changed := [*before, *(f"{change} at {begin.place}" for change in changes)]:
            self._status[CHANGED] = changed
        self.said = newest.said
        self._say(f"goes on from {begin.place}")
        return begin

    def when_due(self, trained: Trained, said: Mapping[str, Any]) -> None:
        """Keep where training stands, if it is time."""
        if self._share.due:
            self._share.run(lambda: self.now(trained, said))

    def when_affordable(self, trained: Trained, said: Mapping[str, Any]) -> None:
        """Keep it where that costs little beside what was done."""
        if self._unasked and self._share.affordable:
            self.now(trained, said)

    def now(self, trained: Trained, said: Mapping[str, Any]) -> None:
        """Keep it.  A job goes on where that cannot be written, and says so once."""
        if not self._works:
            return
        try:
            self._files.write(self._made(trained, said))
        except UserError as error:
            self._works = False
            self._say(f"{error.where}: {error.what}; the job goes on without checkpoints")

    def remove(self) -> None:
        """The job is done."""
        self._files.remove()

    def _made(self, trained: Trained, said: Mapping[str, Any]) -> Checkpoint:
        own = {**self._own, "fingerprint": fingerprint()}
        own |= {CHANGED: self._status.get(CHANGED, [])}
        return trained.snapshot.checkpoint({**said, **own})
