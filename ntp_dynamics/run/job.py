"""One job, from configuration to verdict, and what it leaves behind."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ntp_dynamics import studies
from ntp_dynamics.config.choices import Figures
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.stored import redact_overrides, to_yaml
from ntp_dynamics.config.tracking import is_on
from ntp_dynamics.observe.hooks import images
from ntp_dynamics.observe.measure import Unmeasurable
from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.outcome import one_line
from ntp_dynamics.record.plan import short_name
from ntp_dynamics.record.record import Record, read_back
from ntp_dynamics.record.store import LOG, MANIFEST, STATUS, TRAJECTORY, RecordWriter
from ntp_dynamics.run.account import Account
from ntp_dynamics.run.checkpointing import Checkpointing
from ntp_dynamics.run.conclusion import conclude, draw_beside
from ntp_dynamics.run.drops import Drops
from ntp_dynamics.run.parts import Flush, Parts, Work, run_alone
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.run.progress import JobProgress, SweepShare
from ntp_dynamics.run.publishing import Publisher
from ntp_dynamics.run.rehearsal import rehearse
from ntp_dynamics.run.training import Trained, Watcher, train_phases
from ntp_dynamics.system.disk import make_room, size_in_words
from ntp_dynamics.system.errors import UserError, UserErrors
from ntp_dynamics.system.log import JobLog
from ntp_dynamics.system.owner import unwritable
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.system.stops import Interrupt, graceful_interrupt, interrupted_by_stops
from ntp_dynamics.track.mirror import subject_of
from ntp_dynamics.track.tracking import open_tracker
from ntp_dynamics.verdict.claim import Claim

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
    """Measured beside those of the study."""
    claims: Sequence[Claim] = ()
    """Judged beside those of the study."""
    group: str | None = None
    """The sweep that the job is part of."""
    interrupting: Interrupting = graceful_interrupt
    """What tells of Ctrl-C while the job trains and records."""
    resume: bool = False
    """Go on with what this same job left unfinished in its directory."""
    identity: str | None = None
    """Of the job, where it is known."""
    together: bool = False
    """Whether its files are flushed to disk with those of other jobs (`run.parts.Flush`)."""


def run_job(
    config: JobConfig, directory: str | Path, around: Surroundings = Surroundings()
) -> Record:
    """Train, record, judge.  Raises UserError where the directory holds a record.

    A job that fails says why in its status and log.  Ctrl-C, or another signal to stop, ends
    training after the step at hand: the record so far and a checkpoint are written, the status is
    `interrupted`, and KeyboardInterrupt raised.
    """
    with interrupted_by_stops():
        return run_alone(job_parts(config, directory, around))


def job_parts(
    config: JobConfig, directory: str | Path, around: Surroundings = Surroundings()
) -> Parts[Record]:
    """As `run_job`, in parts: training is the work that other threads can do."""
    if not studies.find(config.study).trains:
        what = f"{config.study!r} records loops of your own, which the lab cannot run"
        raise UserError("study", what, "run your script again")
    progress = around.progress or JobProgress(Console(quiet=True))
    status = first_status(config, around)
    writer = RecordWriter(directory, status, config.overwrite, around.resume, around.together)
    settings = to_yaml(config)
    subject = subject_of(config, settings, writer.directory, around.group)
    with writer, opened_log(writer, status) as log:
        who = "" if around.group is None else f"job {short_name(writer.directory.name)}: "
        account = Account(writer, log, status, progress.bar.console, who)
        drops = Drops(log, account.say)
        try:
            job = prepare(config, around.observables, around.claims)
            make_room(writer.directory, job.disk)
            inputs = _write_inputs(job, settings, writer, log, around.together)
            rehearse(job)
            kept = Checkpointing(writer.directory, config, account.status, account.say)
            with open_tracker(config.tracking, subject, account.say, images(job.hooks)) as tracker:
                watch = tracker.watch if is_on(config.tracking) else None
                tree = yield from _train_and_record(
                    job, account, kept, drops, watch, progress, around.interrupting
                )
                said = [*job.problem.notes(), *drops.notes(job.hooks, tree)]
                found = conclude(job, tree, writer, log, tracker, said)
            log.data("done")
            writer.read_trees()
            writer.add(LOG, log.entry)
            if unflushed := writer.unflushed:
                yield Flush(unflushed, [writer.directory / name for name in (MANIFEST, STATUS)])
            done = account.so_far(state="done", **found.outcome)
            writer.seal(done, last=False)  # before figures: none of them costs a record
        except KeyboardInterrupt as stopped:
            if not writer.sealed:
                account.end("interrupted", str(stopped) or "Ctrl-C", **drops.so_far)
                account.say(f"interrupted; the record so far is in {writer.directory}")
                if around.group is None:  # a sweep says it once, at its end
                    account.tell(_next(around, writer.directory))
            raise
        except Exception as error:
            log(traceback.format_exc())
            first = error.errors[0] if isinstance(error, UserErrors) else error
            account.end("failed", one_line(first), **drops.so_far)
            raise
        kept.remove()
        if around.figures or config.figures is Figures.all:
            draw_beside(job, tree, inputs, found, account, many=around.group is not None)
    return Record(writer.directory, config, inputs, tree, found.claims)


def first_status(config: JobConfig, around: Surroundings) -> dict[str, Any]:
    """What the status says from the start on."""
    status = {
        "state": "running",
        "study": config.study,
        "overrides": redact_overrides(config, around.overrides),
        "reason": None,
        "identity": around.identity or identity(config),
    }
    added = [*(o.name for o in around.observables), *(claim.id for claim in around.claims)]
    return {**status, "added": added} if added else status


def _next(around: Surroundings, directory: Path) -> str:
    """How to go on after a job was stopped."""
    in_python = around.observables or around.claims
    command = f"ntp-resume {shlex.quote(str(directory))}"
    return f"go on with {'resume=True' if in_python else command}"


def _train_and_record(
    job: PreparedJob,
    account: Account,
    kept: Checkpointing,
    drops: Drops,
    watch: Watcher | None,
    progress: Bar,
    interrupting: Interrupting,
) -> Parts[xarray.DataTree]:
    """Train all stages and write the trajectory, also of a training that was cut short; from where
    an earlier one stood, if it left a checkpoint.

    Raises KeyboardInterrupt after Ctrl-C, NonFinite where weights overflowed.
    """
    begin = kept.found()
    if begin is not None:
        drops.load(kept.said)
    publisher = Publisher(job, account)

    def keep(trained: Trained) -> None:
        publisher.when_due(trained)
        kept.when_due(trained, drops.save())

    with interrupting() as interrupt:

        def drop(phase: str, step: int, why: Unmeasurable) -> None:
            if interrupt.requested and isinstance(why.__cause__, KeyboardInterrupt):
                raise why.__cause__  # a second Ctrl-C, in the middle of a measurement
            drops.add(phase, step, why)

        def work() -> Trained:
            with progress:
                return train_phases(job, progress.track, interrupt, watch, keep, drop, begin)

        trained = yield Work(work, alone=any(phase.alone for phase in job.phases))
        account.status["reached"] = dict(trained.reached)
        if trained.stands:
            keep_now = kept.now if interrupt.requested else kept.when_affordable
            keep_now(trained, drops.save())
        tree = trained.tree(job.problem.tables())
        account.writer.tree(TRAJECTORY, tree)
        if interrupt.requested:
            raise KeyboardInterrupt(interrupt.said)
        if trained.failure is not None:
            raise trained.failure
    return tree


def _write_inputs(
    job: PreparedJob, settings: str, writer: RecordWriter, log: JobLog, many: bool
) -> Mapping[str, Any]:
    """Write the configuration and the inputs, and read them back as a reader will; of ``many`` jobs
    those that are held are not read."""
    writer.data("config.yaml", settings)  # its free texts are redacted already
    for name, text in job.problem.files().items():
        writer.data(name, text)
    inputs = job.study.held(job.problem) if many else None
    if inputs is None:
        _, inputs = read_back(writer.directory)
    facts = ", ".join([f"{job.config.runs} runs", *job.study.facts(job.config, inputs)[:1]])
    engines = dict.fromkeys(phase.engine for phase in job.phases if not phase.outline.shadow)
    log.data(f"{facts}, engine: {' | '.join(engines)}")
    disk, memory = map(size_in_words, (job.disk, job.problem.memory))
    log.data(f"the record will take {disk}, the job about {memory} of memory")
    for note in job.problem.notes():
        log.data(note)
    return inputs


def opened_log(writer: RecordWriter, status: dict[str, Any]) -> JobLog:
    """The log of a job.  Raises UserError where there can be none."""
    try:
        return JobLog(writer.directory / LOG)
    except OSError as error:
        why = unwritable(writer.directory / LOG, error)
        writer.json(STATUS, {**status, "state": "failed", "reason": redact(str(why))})
        raise why from error
