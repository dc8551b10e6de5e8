"""Packs as jobs of SLURM (`hydra/launcher=slurm`), through submitit; or of its local executor.

What a pack is, who has it and what became of it stands in a folder of its own below
`<sweep>/packs`: a command that is stopped leaves packs to go on, and the next one finds them there.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from ntp_dynamics.launch.crew import News
from ntp_dynamics.launch.multirun import cores
from ntp_dynamics.launch.packs import Outcome, Pack
from ntp_dynamics.launch.slurm_call import OUTCOME, PACK, PackCall
from ntp_dynamics.launch.slurm_queue import Handle, Queue, read_handle
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.record.status import read_object
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import Owner, new_directory

AT_ONCE = 16
"""Packs of an array that run at a time, where it is not said."""
ROUNDS = 2
"""Packs for each of these; processes of this machine begin with imports, and have one each."""
LARGEST = 1 << 26
"""Bytes of a pack."""
PATIENCE_SECONDS = 30.0
"""How long a shared file system may take to show what a pack wrote, and its process to end."""


@dataclass(frozen=True)
class Options:
    """`hydra.launcher.*`."""

    cluster: str
    partition: str | None
    minutes: int
    cpus: int
    mem_gb: float
    at_once: int | None
    extra: Mapping[str, Any] = field(default_factory=dict)


class SlurmCrew:
    """The machines of a batch system; with `local`, processes of this one; with `debug`, this
    process."""

    def __init__(self, sweep: Path, options: Options):
        self._folder, self._options = sweep.absolute() / "packs", options
        self._slurm = options.cluster == "slurm"
        many = AT_ONCE if self._slurm else max(1, cores() // options.cpus)
        self._at_once = 1 if options.cluster == "debug" else options.at_once or many
        self.packs = ROUNDS * self._at_once if self._slurm else self._at_once
        self.on_disk = True
        self._queue = Queue()
        self._waiting: list[str] = []
        self._jobs: dict[str, Any] = {}
        """Those of submitit, by the name of the pack: of packs that this command submitted."""
        self._under_way: dict[str, Handle] = {}
        self._half: dict[str, float] = {}
        """Since when a pack has ended whose outcome is not there, or the other way round."""
        self._whole = True

    def __enter__(self) -> SlurmCrew:
        """Raises UserError where the batch system does not take the options."""
        submitit, o = import_module("submitit"), self._options
        self._folder.mkdir(parents=True, exist_ok=True)
        often = {f"{o.cluster}_max_num_timeout": 1_000_000}  # each time it has come further
        try:
            self._executor = submitit.AutoExecutor(
                self._folder, cluster=o.cluster, **(often if o.cluster != "debug" else {})
            )
            self._executor.update_parameters(
                name="ntp-train",
                timeout_min=o.minutes,
                cpus_per_task=o.cpus,
                mem_gb=o.mem_gb,
                slurm_array_parallelism=self._at_once,
                slurm_additional_parameters=dict(o.extra),
                **({} if o.partition is None else {"slurm_partition": o.partition}),
            )
        except Exception as error:
            raise UserError("slurm", _in_a_line(error), "mend hydra.launcher.*") from error
        return self

    def standing(self) -> dict[str, Pack]:
        found = {}
        for folder in sorted(self._folder.glob("pack-*")):
            handle = read_handle(folder)
            if handle is None or (folder / OUTCOME).exists() or self._queue.state(handle):
                continue
            self._under_way[folder.name] = handle
            found[folder.name] = Pack.read(_text(folder / PACK))
        return found

    def give(self, packs: Sequence[Pack]) -> list[str]:
        names = []
        for pack in packs:
            folder, text = new_directory(self._folder / "pack-0"), pack.text()
            write_atomically(folder / PACK, lambda path, text=text: path.write_text(text))
            names.append(folder.name)
        self._waiting += names
        self._submit()
        return names

    def _submit(self) -> None:
        """An array bounds itself; the local executor starts all it is given.  Raises UserError."""
        free = len(self._waiting) if self._slurm else self._at_once - len(self._under_way)
        names, self._waiting = self._waiting[:free], self._waiting[free:]
        if not names:
            return
        folders = [self._folder / name for name in names]
        try:
            with _undisturbed():
                jobs = self._executor.map_array(PackCall(), [*map(str, folders)])
        except Exception as error:
            raise UserError("slurm", _in_a_line(error), "mend hydra.launcher.*") from error
        for name, folder, job in zip(names, folders, jobs, strict=True):
            process = getattr(job, "_process", None)
            owner = Owner.of(process.pid) if process else Owner.me()
            handle = Handle(str(job.job_id), None) if self._slurm else Handle(None, owner)
            handle.write(folder)
            self._jobs[name], self._under_way[name] = job, handle

    def news(self, seconds: float) -> Iterator[News]:
        if self._options.cluster == "debug":
            yield from self._debugged()
        else:
            time.sleep(seconds)
            for name in list(self._under_way):
                yield from self._of(name)
        self._submit()

    def _of(self, name: str) -> Iterator[News]:
        folder = self._folder / name
        ended, there = self._ended(name), (folder / OUTCOME).exists()
        if ended is None and not there:
            self._half.pop(name, None)
            return
        half = ended is None or (not there and self._slurm)
        if half and not self._for_long(name):
            return
        self._whole &= there
        outcome, again = None, ended != "CANCELLED"
        if there:
            outcome = Outcome.read(_text(folder / OUTCOME))
            again = again and self._slurm  # here nobody but the user stops a process
            self._whole &= not outcome.failed and not outcome.stopped
        yield self._let_go(News(name, outcome, f"{ended}, see {self._folder}", again))

    def _ended(self, name: str) -> str | None:
        """How a pack ended; None where somebody has it."""
        job = self._jobs.get(name)
        if job is not None and not self._slurm and job.done():  # which takes leave of the process
            return "its process is gone"
        return self._queue.state(self._under_way[name])

    def _for_long(self, name: str) -> bool:
        since = self._half.setdefault(name, time.monotonic())
        return time.monotonic() - since > PATIENCE_SECONDS

    def _debugged(self) -> Iterator[News]:
        """Do packs here and now.  Raises KeyboardInterrupt where that was stopped."""
        for name in list(self._under_way):
            self._jobs[name].results()
            outcome = Outcome.read(_text(self._folder / name / OUTCOME))
            if outcome.stopped:
                raise KeyboardInterrupt(outcome.stopped)
            yield self._let_go(News(name, outcome))

    def _let_go(self, news: News) -> News:
        del self._under_way[news.name]
        self._jobs.pop(news.name, None)
        return news

    def stop(self) -> bool:
        """Packs go on without this command."""
        names = {handle.name for handle in self._under_way.values()}
        if names:
            end = f"{'scancel' if self._slurm else 'kill'} {' '.join(sorted(names))}"
            print(f"packs go on; the same command waits for them again, {end} ends them")
        return False

    def __exit__(self, *_: object) -> None:
        """Logs are kept where something is left to be done, or to be looked at."""
        if self._whole and not self._under_way and not self._waiting:
            shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """What begins meanwhile ignores the keys and the end of a terminal: it is to go on."""
    signals = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, old in zip(signals, before, strict=True):
            signal.signal(number, old)


def _text(path: Path) -> str:
    """JSON of a file, which is none of a stranger's size or kind.  Raises UserError."""
    return json.dumps(read_object(path, LARGEST))


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
