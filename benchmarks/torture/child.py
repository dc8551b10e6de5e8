"""Processes that are forked from one that has imported everything: an attempt costs no three
seconds of imports, and is as real a process as any."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.torture.shim import Suffer

PATIENCE = 120.0
"""Seconds after which an attempt counts as hung."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (minus the signal that killed it), and what it said."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()

    @property
    def traceback(self) -> bool:
        return "Traceback" in self.err or "Traceback" in self.out


@dataclass
class Child:
    """A process under way.  Whoever started it waits for it."""

    pid: int
    output: Path
    began: float = field(default_factory=time.monotonic)
    status: int | None = None

    def send(self, number: int) -> None:
        """A signal; to one that has ended it is none."""
        if self.status is None and not self._over():
            os.kill(self.pid, number)

    def kill(self) -> Ended:
        """kill -9, and wait."""
        self.send(signal.SIGKILL)
        return self.wait()

    @property
    def alive(self) -> bool:
        return not self._over()

    def wait_until_stopped(self, patience: float = PATIENCE) -> bool:
        """Until it stops (SIGSTOP); False where it ends before."""
        while not self._over():
            if Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return True
            if time.monotonic() - self.began > patience:
                raise TimeoutError(f"process {self.pid} does not stop")
            time.sleep(0.002)
        return False

    def wait(self, patience: float = PATIENCE) -> Ended:
        """Until it ends.  Raises TimeoutError where it hangs; it is killed then."""
        while not self._over():
            if time.monotonic() - self.began > patience:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutError(
                    f"process {self.pid}: {(self.output / 'err').read_text()[-500:]}"
                )
            time.sleep(0.002)
        assert self.status is not None
        said = ((self.output / name).read_text(errors="replace") for name in ("out", "err"))
        code = os.waitstatus_to_exitcode(self.status)
        return Ended(code, *said, seconds=time.monotonic() - self.began)

    def _over(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None


@dataclass
class Nursery:
    """Starts processes whose output lies in a folder, a number each."""

    folder: Path
    count: int = 0

    def start(
        self,
        do: Callable[[], Any],
        cwd: Path,
        suffer: Suffer | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """A process that does something in a directory, and exits with what it returns."""
        self.count += 1
        output = self.folder / f"{self.count:05d}"
        output.mkdir(parents=True)
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return Child(pid, output)
        code = 70
        try:
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(output / name, os.O_WRONLY | os.O_CREAT, 0o666), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.chdir(cwd)
            os.environ.update(environment or {})
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if suffer is not None:
                suffer.arm()
            code = int(do() or 0)
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
        except BaseException:
            traceback.print_exc()
            code = 1
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)

    def train(
        self,
        arguments: Sequence[str],
        cwd: Path,
        *,
        first: Callable[[], None] = lambda: None,
        **more: Any,
    ) -> Child:
        """``ntp-train`` with these arguments, after something ``first`` in its process."""

        def do() -> None:
            first()
            train_here(arguments)

        return self.start(do, cwd, **more)

    def resume(self, directory: str | Path, cwd: Path, *flags: str, **more: Any) -> Child:
        """``ntp-resume DIR``."""
        return self.start(lambda: resume_here([str(directory), *flags]), cwd, **more)


def train_here(arguments: Sequence[str]) -> None:
    """The command itself, in this process."""
    from ntp_dynamics import cli

    sys.argv = ["ntp-train", *arguments]
    cli.train()


def resume_here(arguments: Sequence[str]) -> None:
    """The command itself, in this process."""
    from ntp_dynamics import cli

    sys.argv = ["ntp-resume", *arguments]
    cli.resume(arguments)


def warm(overrides: Sequence[Sequence[str]], folder: Path) -> None:
    """Train these jobs here, so that what is forked has imported and compiled all they need."""
    import ntp_dynamics as ntp
    from ntp_dynamics.launch import again, command, multirun

    _ = again, command, multirun
    for number, job in enumerate(overrides):
        ntp.train(job, folder / str(number))
    gc.collect()
    gc.freeze()  # what is forked shares these pages, and copies none of them
