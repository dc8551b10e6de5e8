"""R6: a job as a machine that is advanced, checkpointed, killed, resumed and damaged in any order.

Killing it throws away all that its process knew; what is left is the files of its checkpoints.
"""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from benchmarks.torture.experiment import Counts, Experiment, Workshop
from benchmarks.torture.jobs import PLAIN, TINY, composed
from ntp_dynamics.record.checkpoint import Checkpoints
from ntp_dynamics.run import stepping
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.run.snapshot import Snapshot
from ntp_dynamics.run.training import Trained, train_phases
from ntp_dynamics.system.stops import Interrupt

SMALL = (
    ("seed=3", *TINY),
    ("engine=torch", "init=gaussian", *TINY),
    ("experiment=attractor/smoke", "phases=[rest,sweep,cue]", *PLAIN),
    ("experiment=knowledge_gradient/smoke", "budget=60", "fluid_budget=40", *PLAIN),
    ("experiment=federated/smoke", "rounds=12", "copies.rounds=8", *PLAIN),
)
"""Jobs whose every call is a step."""
Recorded = Mapping[str, Mapping[str, np.ndarray]]


class Killed(BaseException):
    """The process is gone."""


def unshown(items: Any, label: str, last: int) -> Any:
    """Progress that nobody sees."""
    return iter(items)


class Process:
    """A training under way in a thread, which stands still after each call until it may go on."""

    def __init__(self, job: PreparedJob, begin: Snapshot | None):
        self._turn: queue.Queue[bool] = queue.Queue()
        self._told: queue.Queue[Trained | BaseException | None] = queue.Queue()
        self.trained: Trained | None = None
        self.over = self.killed = False
        self._thread = threading.Thread(target=self._train, args=(job, begin), daemon=True)
        self._thread.start()

    def step(self) -> None:
        """One call, or the end."""
        if not self.over:
            self._turn.put(True)
            self._hear()

    def kill(self) -> None:
        """Nothing of it is left."""
        if not self.over:
            self._turn.put(False)
            self._hear()
        self._thread.join()
        self.trained, self.killed = None, True

    def _hear(self) -> None:
        told = self._told.get(timeout=60)
        if isinstance(told, Killed):
            self.over = True
        elif isinstance(told, BaseException):
            self.over = True
            raise told
        elif told is None:
            self.over = True
        else:
            self.trained = told

    def _train(self, job: PreparedJob, begin: Snapshot | None) -> None:
        def stand(trained: Trained) -> None:
            self._told.put(trained)
            if not self._turn.get():
                raise Killed

        try:
            if not self._turn.get():
                raise Killed
            self.trained = train_phases(job, unshown, Interrupt(), None, stand, begin=begin)
            self._told.put(None)
        except BaseException as error:
            self._told.put(error)


@cache
def made(overrides: tuple[str, ...]) -> PreparedJob:
    """A job made ready."""
    return prepare(composed(overrides))


@cache
def straight(overrides: tuple[str, ...]) -> Recorded:
    """What it records when nothing happens to it."""
    return recorded(train_phases(made(overrides), unshown, Interrupt(), None, lambda trained: None))


def recorded(trained: Trained) -> Recorded:
    """What its recorders hold so far, by phase and name."""
    return {
        name: {k: np.array(v) for k, v in trained.recorders[name].save(step).items()}
        for name, step in trained.reached.items()
    }


def differing(some: Recorded, whole: Recorded, ended: bool = False) -> list[str]:
    """Where a record so far is no prefix of the whole one.  Until it has ``ended`` a value of the
    step at hand may be missing: it is measured next."""
    return [
        f"{phase}/{name}"
        for phase, values in some.items()
        for name, found in values.items()
        if not _begins(whole[phase][name], found, ended)
    ]


def _begins(whole: np.ndarray, found: np.ndarray, ended: bool) -> bool:
    part = whole[tuple(slice(size) for size in found.shape)]
    if part.tobytes() == found.tobytes():
        return not ended or whole.shape == found.shape
    return not ended and bool(((part == found) | np.isnan(found)).all())


class Job(RuleBasedStateMachine):
    """What may happen to a job."""

    seen: Callable[[str], None] = staticmethod(lambda what: None)

    @initialize(which=st.sampled_from(SMALL))
    def begin(self, which: tuple[str, ...]) -> None:
        self.which, self.folder = which, Path(tempfile.mkdtemp())
        self.process = Process(made(which), None)
        self.seen("sequences")

    @precondition(lambda self: not self.process.killed)
    @rule(calls=st.integers(2, 15), then=st.booleans())
    def advance(self, calls: int, then: bool) -> None:
        for _ in range(calls):
            self.process.step()
        self.seen("advance")
        if then:
            self.checkpoint()

    @precondition(lambda self: self.process.trained)
    @rule()
    def checkpoint(self) -> None:
        trained = self.process.trained
        if trained is not None and trained.stands:
            said = {"key": "this job"}
            Checkpoints(self.folder).write(trained.snapshot.checkpoint(said))
            self.seen("checkpoint")

    @precondition(lambda self: self.process.trained)
    @rule()
    def kill(self) -> None:
        self.process.kill()
        self.seen("kill")

    @precondition(lambda self: self.process.killed)
    @rule(threads=st.sampled_from([1, 2]))
    def resume(self, threads: int = 1) -> None:
        torch.set_num_threads(threads)
        newest, _ = Checkpoints(self.folder).newest()
        self.process = Process(made(self.which), newest and Snapshot.of(newest))
        self.seen("resume" if newest else "begin anew")

    @precondition(lambda self: any(self.folder.glob("checkpoints/*.ckpt")))
    @rule(share=st.floats(0, 1), way=st.sampled_from(["flip", "cut", "empty", "zeros"]))
    def corrupt_the_newest(self, share: float, way: str) -> None:
        there = sorted((self.folder / "checkpoints").glob("*.ckpt"))
        if there:
            body = bytearray(there[-1].read_bytes())
            at = int(share * max(len(body) - 1, 0))
            if way == "flip" and body:
                body[at] ^= 1 << int(share * 7)
            elif way == "zeros":
                body[at:] = bytes(len(body) - at)
            elif way != "flip":
                del body[0 if way == "empty" else at :]
            there[-1].write_bytes(body)
            self.seen(f"corrupt: {way}")

    @precondition(lambda self: self.process.trained)
    @rule(threads=st.sampled_from([1, 2]))
    def run_again(self, threads: int) -> None:
        """The command anew, right after the process was killed."""
        torch.set_num_threads(threads)
        self.process.kill()
        newest, _ = Checkpoints(self.folder).newest()
        self.process = Process(made(self.which), newest and Snapshot.of(newest))
        self.seen("run again")

    @invariant()
    def it_is_a_prefix(self) -> None:
        if hasattr(self, "process") and self.process.trained:
            wrong = differing(recorded(self.process.trained), straight(self.which))
            assert not wrong, wrong

    def teardown(self) -> None:
        """It is run to its end."""
        if not hasattr(self, "folder"):
            return
        try:
            if self.process.killed:
                self.resume()
            while not self.process.over:
                self.process.step()
            assert self.process.trained
            found, whole = recorded(self.process.trained), straight(self.which)
            assert found.keys() == whole.keys()
            assert not differing(found, whole, ended=True)
        finally:
            self.process.kill()
            torch.set_num_threads(1)
            shutil.rmtree(self.folder, ignore_errors=True)


def run(workshop: Workshop) -> Counts:
    """So many sequences, each of up to thirty rules."""
    return workshop.spread(lambda shop, half: sequences(shop.size(250, 10)), range(2))


def sequences(number: int, same: bool = False) -> Counts:
    """In this process, where a call is a step meanwhile; the ``same`` ones each time, or others."""
    counts = Counts()

    def seen(what: str) -> None:
        counts.tried[what] += 1

    machine = type("Machine", (Job,), {"seen": staticmethod(seen)})
    chosen = settings(
        max_examples=number,
        stateful_step_count=30,
        phases=[Phase.generate],  # what fails is told as it was found
        report_multiple_bugs=False,
        deadline=None,
        database=None,
        derandomize=same,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        print_blob=False,
    )
    kept, stepping.CALL_SECONDS = stepping.CALL_SECONDS, 0.0
    try:
        run_machine(machine, settings=chosen)
    except AssertionError as error:
        counts.faults.append(str(error)[-400:])
    finally:
        stepping.CALL_SECONDS = kept
    return counts


MACHINE = Experiment(
    "machine",
    "R6",
    "a job of five engines is advanced, checkpointed, killed, resumed with other threads, run "
    "again, its newest checkpoint damaged, in any order (Hypothesis)",
    "what is recorded is at every moment the beginning of what the straight run records, and in "
    "the end all of it",
    run,
)
