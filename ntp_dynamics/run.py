"""One job, from configuration to verdict, and what it leaves behind."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from ntp_dynamics.config import Config, Figures, Stage, redact_overrides, to_yaml
from ntp_dynamics.drops import Drops
from ntp_dynamics.job import Job, prepare
from ntp_dynamics.lab.disk import make_room, size_in_words
from ntp_dynamics.lab.errors import UserError, UserErrors, escaped
from ntp_dynamics.lab.laws_file import LAWS, laws_tree
from ntp_dynamics.lab.log import JobLog
from ntp_dynamics.lab.owner import unwritable
from ntp_dynamics.lab.pace import Pace
from ntp_dynamics.lab.progress import Interrupt, JobProgress, SweepShare, graceful_interrupt
from ntp_dynamics.lab.secrets import redact
from ntp_dynamics.lab.store import LOG, STATUS, TRAJECTORY, VERDICTS, RecordWriter
from ntp_dynamics.lab.sweep import Parts, Work, run_alone
from ntp_dynamics.lab.tracking import is_on, open_tracker
from ntp_dynamics.lab.trees import check_tree
from ntp_dynamics.mirror import subject_of, track_outcome
from ntp_dynamics.observe.judgement import (
    Judged,
    judge_claims,
    laws_of,
    recorded_for_laws,
    verdicts_file,
)
from ntp_dynamics.observe.measure import Unmeasurable
from ntp_dynamics.observe.observables import Observable
from ntp_dynamics.observe.tree import make_tree
from ntp_dynamics.optim.choice import choose
from ntp_dynamics.outcome import final_values, notes, one_line, summary
from ntp_dynamics.phases import frozen_logits, phases
from ntp_dynamics.record import Record, read_back
from ntp_dynamics.rehearsal import rehearse
from ntp_dynamics.study import Phase
from ntp_dynamics.theory.constants import Constants, make_constants
from ntp_dynamics.training import Keeper, Onlookers, Trained, Watcher, train

if TYPE_CHECKING:
    import xarray


Bar = JobProgress | SweepShare
Interrupting = Callable[[], AbstractContextManager[Interrupt]]


@dataclass(frozen=True)
class Surroundings:
    """How a job is run, beside what its configuration says."""

    overrides: Sequence[str] = ()
    """What was asked for, to be told in its status."""
    progress: Bar | None = None
    figures: bool = True
    """Draw them where the configuration says `auto`."""
    observables: Sequence[Observable] = ()
    """Measured beside the built-in ones."""
    group: str | None = None
    """The sweep that the job is part of."""
    interrupting: Interrupting = graceful_interrupt
    """What tells of Ctrl-C while the job trains and records."""


def run_job(config: Config, directory: str | Path, around: Surroundings = Surroundings()) -> Record:
    """Train, record, judge.  Raises UserError where the directory holds a record.

    A job that fails says why in its status and log.  Ctrl-C ends training after the step at hand:
    the record so far is written with the status `interrupted`, and KeyboardInterrupt raised.
    """
    return run_alone(job_parts(config, directory, around))


def job_parts(
    config: Config, directory: str | Path, around: Surroundings = Surroundings()
) -> Parts[Record]:
    """As `run_job`, in parts: training is the work that other threads can do."""
    torch.set_num_threads(config.runtime.threads)
    started = time.monotonic()
    progress = around.progress or JobProgress(Console(quiet=True))
    status: dict[str, Any] = {
        "state": "running",
        "overrides": redact_overrides(config, around.overrides),
        "reason": None,
    }
    writer = RecordWriter(directory, status, overwrite=config.overwrite)

    def so_far(**more: Any) -> dict[str, Any]:
        return {**status, "seconds": round(time.monotonic() - started, 3), **more}

    def end(state: str, reason: str) -> None:
        log(f"{state}: {reason}")
        with suppress(UserError):  # where nothing can be written, the reason is told all the same
            writer.json(STATUS, so_far(state=state, reason=redact(reason), **drops.so_far))

    def publish(trained: Trained) -> None:
        """The record so far, for those who watch."""
        tree = _tree(job, trained, [])
        writer.tree(TRAJECTORY, tree)
        writer.json(STATUS, so_far(final=final_values(tree)))

    def tell(text: str) -> None:
        progress.bar.console.print(escaped(text), markup=False, highlight=False, soft_wrap=True)

    def say(text: str) -> None:
        log(text)
        tell(text)

    settings = to_yaml(config)
    subject = subject_of(config, settings, writer.directory, around.group)
    with writer, _opened_log(writer, status) as log:
        drops = Drops(log, say)
        try:
            job = prepare(config, around.observables)
            make_room(writer.directory, job.record_size)
            _write_inputs(job, settings, writer, log)
            rehearse(job)
            with open_tracker(config.tracking, subject, say) as tracker:
                watch = tracker.watch if is_on(config.tracking) else None
                tree = yield from _train_and_record(
                    job, writer, progress, watch, publish, around.interrupting, drops
                )
                constants = _constants(job, tree)
                judged = judge_claims(tree, constants)
                claims = [j.to_json() for j in judged]
                writer.json(VERDICTS, verdicts_file(claims))
                curved = laws_tree(laws_of(judged))
                if curved is not None:
                    writer.tree(LAWS, curved)
                for j in judged:
                    log.data(f"{j.claim.id} ({j.claim.version}): {j.verdict.sentence}")
                said = [*notes(job), *drops.notes(job.hooks, tree)]
                outcome = {**summary(tree, judged), "notes": said}
                track_outcome(tracker, claims, outcome)
            log.data("done")
            for name in (TRAJECTORY, LAWS) if curved is not None else (TRAJECTORY,):
                check_tree(writer.directory / name)
            writer.add(LOG, log.entry)
            done = so_far(state="done", **outcome)
            writer.seal(done, last=False)  # before figures: none of them costs a record
        except KeyboardInterrupt:
            end("interrupted", "Ctrl-C")
            say(f"interrupted; the record so far is in {writer.directory}")
            raise
        except Exception as error:
            log(traceback.format_exc())
            first = error.errors[0] if isinstance(error, UserErrors) else error
            end("failed", one_line(first))
            raise
        if undrawn := _draw(job, tree, judged, writer.directory, around, tell):
            writer.reopen(LOG, STATUS)  # these two say what is missing
            log("\n".join(undrawn))
            writer.add(LOG, log.entry)
            outcome["notes"] += [redact(text) for text in undrawn]
            writer.seal(so_far(state="done", **outcome))
    return Record(writer.directory, config, job.corpora, tree, claims)


def _train_and_record(
    job: Job,
    writer: RecordWriter,
    progress: Bar,
    watch: Watcher | None,
    publish: Keeper,
    interrupting: Interrupting,
    drops: Drops,
) -> Parts[xarray.DataTree]:
    """Train all stages and write the trajectory, also of a training that was cut short.

    While it trains the record so far is published, every two seconds at most.  Raises
    KeyboardInterrupt after Ctrl-C, NonFinite where weights overflowed.
    """
    pace = Pace()

    def keep(trained: Trained) -> None:
        if pace.due:
            import netCDF4
            import xarray

            _ = netCDF4, xarray  # needed at the end in any case, so their time is not counted
            pace.run(lambda: publish(trained))

    with interrupting() as interrupt:

        def drop(stage: Stage, step: int, why: Unmeasurable) -> None:
            if interrupt.requested and isinstance(why.__cause__, KeyboardInterrupt):
                raise why.__cause__  # a second Ctrl-C, in the middle of a measurement
            drops.add(stage, step, why)

        todo = phases(job)
        seen = Onlookers(watch, keep)

        def work() -> Trained:
            hooks = {stage.value: mine for stage, mine in job.hooks.items()}
            given = todo, hooks, job.reference, job.sizes
            with progress:
                return train(*given, progress.track, interrupt, seen, drop)

        trained = yield Work(work, alone=all(phase.alone for phase in todo))
        tree = _tree(job, trained, todo)
        writer.tree(TRAJECTORY, tree)
        if interrupt.requested:
            raise KeyboardInterrupt
        if trained.failure is not None:
            raise trained.failure
    return tree


def _tree(job: Job, trained: Trained, todo: Sequence[Phase]) -> xarray.DataTree:
    """``todo``: the phases, shadows among them; none while it trains."""
    recorders = dict(trained.recorders)
    shadows = {}
    for phase in todo:
        name, original = phase.outline.name, phase.outline.shadow
        if original and name in trained.reached:
            data = recorders.pop(name).dataset(trained.reached[name])
            shadows[original] = data.assign_attrs(engine=phase.engine)
    return make_tree(
        recorders,
        trained.reached,
        frozen_logits(job, trained.states),
        shadows,
        job.batch,
        job.reference,
        job.targets,
        job.streams,
    )


def _write_inputs(job: Job, settings: str, writer: RecordWriter, log: JobLog) -> None:
    writer.data("config.yaml", settings)  # its free texts are redacted already
    for run, corpus in enumerate(job.corpora):
        writer.data(f"corpora/{run:03d}.jsonl", "".join(line + "\n" for line in corpus.lines()))
    last = {id(corpus): run for run, corpus in enumerate(job.corpora)}  # runs may share one
    read_back(writer.directory, last.values())
    engine = choose(job.config).in_words
    log.data(f"{job.config.runs} runs, |V| = {job.batch.classes}, engine: {engine}")
    disk, memory = map(size_in_words, (job.record_size, job.memory))
    log.data(f"the record will take {disk}, the job about {memory} of memory")
    for note in notes(job):
        log.data(note)


def _constants(job: Job, tree: xarray.DataTree) -> Constants:
    return make_constants(
        job.config,
        job.corpora,
        job.recognitions,
        job.embeddings,
        job.targets,
        recorded_for_laws(tree),
    )


def _draw(
    job: Job,
    tree: xarray.DataTree,
    judged: Sequence[Judged],
    directory: Path,
    around: Surroundings,
    tell: Callable[[str], None],
) -> list[str]:
    """Figures beside a sealed record, where they are asked for.

    Returns a line for every reason why some could not be drawn; they are told at once in a sweep,
    which does not show the notes of its jobs.
    """
    which = job.config.figures
    if which is Figures.none or (which is not Figures.all and not around.figures):
        return []
    try:
        from ntp_dynamics.figures import draw_job

        undrawn = draw_job(tree, job.corpora, judged, directory / "figures", which)
    except KeyboardInterrupt:
        tell(f"interrupted while drawing; the record in {directory} is complete")
        raise
    for reason in undrawn if around.group is not None else ():
        tell(f"{directory.name}: {reason}")
    return undrawn


def _opened_log(writer: RecordWriter, status: dict[str, Any]) -> JobLog:
    """The log of a job.  Raises UserError where there can be none."""
    try:
        return JobLog(writer.directory / LOG)
    except OSError as error:
        why = unwritable(writer.directory / LOG, error)
        writer.json(STATUS, {**status, "state": "failed", "reason": redact(str(why))})
        raise why from error
