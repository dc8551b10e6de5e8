"""What a job tells of itself while it runs: its status, its log, lines on the terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rich.console import Console

from ntp_dynamics.record.store import STATUS, RecordWriter
from ntp_dynamics.system.errors import UserError, escaped
from ntp_dynamics.system.log import JobLog
from ntp_dynamics.system.secrets import redact


class Account:
    """Of one job.  ``status`` is what stays the same until its end; ``who`` begins its
    lines on the terminal, where several jobs share it."""

    def __init__(
        self,
        writer: RecordWriter,
        log: JobLog,
        status: Mapping[str, Any],
        console: Console,
        who: str = "",
    ):
        self.writer, self.log, self.status = writer, log, dict(status)
        self._console, self._who = console, who
        self._started = time.monotonic()

    def so_far(self, **more: Any) -> dict[str, Any]:
        """The status as it stands."""
        seconds = round(time.monotonic() - self._started, 3)
        return {**self.status, "seconds": seconds, **more}

    def end(self, state: str, reason: str, **more: Any) -> None:
        """The job does not finish."""
        self.log(f"{state}: {reason}")
        with suppress(UserError):  # where nothing can be written, the reason is told all the same
            self.writer.json(STATUS, self.so_far(state=state, reason=redact(reason), **more))

    def tell(self, text: str) -> None:
        """A line on the terminal."""
        self._console.print(
            escaped(self._who + text), markup=False, highlight=False, soft_wrap=True
        )

    def say(self, text: str) -> None:
        """A line in the log and on the terminal."""
        self.log(text)
        self.tell(text)
